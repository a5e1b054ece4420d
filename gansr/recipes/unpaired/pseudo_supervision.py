"""Pseudo-supervision: the generator learns from clean LR that went to the real look and came back."""

from collections.abc import Mapping
from dataclasses import dataclass

from gansr.data.batch import Unpaired
from gansr.imaging.resize import reduce
from gansr.losses.table import Images, LossTable
from gansr.recipes.contest import Contest
from gansr.recipes.unpaired.degrading import as_in_files
from gansr.recipes.watch import change, likeness
from gansr.training.player import Player
from gansr.training.recipe import Report, Stateful


@dataclass
class PseudoSupervision:
    """A cleaner makes clean LR of real LR, a degrader of LR the reverse, the generator enlarges (Maeda 2020).

    The generator enlarges bicubic LR that has been degraded and cleaned again, whose HR is known: so it learns to live
    with what the cleaner leaves behind, and a loss of pixels stays right. What is used in the end is the generator
    after the cleaner, and files of weights hold both.

    The paper (arXiv 2002.11397) as it was implemented anew in `greatlog/UnpairedSR`: all makers in one turn, then all
    discriminators; least squares with weight 1, 1 and 0.1 (the one of HR) and without the half that ours has; L1 of
    pixels, of both cycles and of both identities 1; no pool; Adam at 1e-4, halved at 100, 180 and 240 of 300 thousand
    steps; clip 50; translators of 8 and of 16 residual blocks, the latter with a channel of noise.

    Images of a step, by the names that losses have for them: `hr`, `real_lr`, `lr` (bicubic, 8 bits); `cleaned_lr` is
    real LR cleaned, `cycled_lr` that one degraded again, `real_sr` the SR of it; `made_lr` is `lr` degraded,
    `cycled_clean_lr` that one cleaned again, `sr` the SR of that; `same_clean_lr` is `lr` cleaned, `same_lr` real LR
    degraded.

    Args:
        contest: makers are `generator`, `cleaner` and `lr_degrader`
        scale: HR pixels for each LR pixel, along one side
    """

    contest: Contest
    scale: int

    def step(self, batch: Unpaired, step: int) -> Report:
        """The makers' turn, then that of the discriminators."""
        images = self._images(batch)
        return self.contest.play(images, step) | self._watched(images)

    def _watched(self, images: Images) -> Report:
        """Do made LR and cleaned LR look as those of their domains do, and what was done to them?"""
        lr, real_lr, made_lr, cleaned_lr = (images[name] for name in ("lr", "real_lr", "made_lr", "cleaned_lr"))
        return (
            likeness("lr", made_lr, real_lr, lr)
            | likeness("clean", cleaned_lr, lr, real_lr)
            | change("lr_degrader", lr, made_lr)
            | change("cleaner", real_lr, cleaned_lr)
        )

    def _images(self, batch: Unpaired) -> Images:
        generator, cleaner, degrader = (self.contest.makers[name] for name in ("generator", "cleaner", "lr_degrader"))
        lr = as_in_files(reduce(batch.hr, self.scale))
        cleaned_lr, made_lr = cleaner(batch.real_lr), degrader(lr).lr
        cycled_clean_lr = cleaner(made_lr)
        return {
            "hr": batch.hr,
            "real_lr": batch.real_lr,
            "lr": lr,
            "cleaned_lr": cleaned_lr,
            "made_lr": made_lr,
            "cycled_clean_lr": cycled_clean_lr,
            "cycled_lr": lambda: degrader(cleaned_lr).lr,
            "same_clean_lr": lambda: cleaner(lr),
            "same_lr": lambda: degrader(batch.real_lr).lr,
            "sr": generator(cycled_clean_lr),
            "real_sr": generator(cleaned_lr),
        }

    @property
    def losses(self) -> LossTable:
        """The makers'."""
        return self.contest.losses

    @property
    def players(self) -> tuple[Player, ...]:
        """The makers, then the discriminators."""
        return self.contest.players

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """Pools, and what penalties remember."""
        return self.contest.memory
