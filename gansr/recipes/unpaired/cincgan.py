"""CinCGAN: a cycle within a cycle."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gansr.data.batch import Unpaired
from gansr.imaging.resize import reduce
from gansr.losses.table import Images, LossTable
from gansr.recipes.contest import Contest
from gansr.recipes.turns import Turns
from gansr.recipes.unpaired.degrading import as_in_files
from gansr.recipes.watch import change, likeness
from gansr.training.player import Player
from gansr.training.recipe import Report, Stateful


@dataclass
class CinCGAN:
    """The inner cycle cleans real LR and makes it real again, the outer one enlarges it and brings it back.

    Yuan et al. 2018. The cleaner takes part in both: alone in the beginning, then with the generator, which comes
    trained on bicubic pairs. What is used in the end is the generator after the cleaner; files of weights hold both.

    Each step has the inner contest and then the outer one, on images made anew, since the cleaner has moved. As in the
    code of others (`greatlog/UnpairedSR`; `Junshk/CinCGAN-pytorch`, where discriminators play first): one Adam, here
    for all four makers, is used twice; least squares with weight 1 inside and 0.5 (1) outside, without the half that
    ours has; cycles 10, L1 (in the second code squared error); identity 5 (absent outside in the first code); total
    variation 0.5 inside and 2 outside; pools of 16 (none); Adam at 1e-4 with momentum 0.5, halved every 50 of 200
    thousand steps; clip 50. An average of weights moves with each of the two turns.

    Images of the inner contest, by the names that losses have for them: `hr`, `real_lr`, `lr` (bicubic, 8 bits);
    `cleaned_lr` is real LR cleaned, `cycled_lr` that one degraded again, `same_clean_lr` is `lr` cleaned. Of the outer
    one: `hr`, `real_lr`, `lr`, `cleaned_lr`; `real_sr` is the SR of that, `cycled_lr` that one brought back by the
    degrader; `sr` is what the generator makes of `lr`, which should be `hr`.

    Args:
        inner: makers are all, and the losses look at `cleaner` and `lr_degrader`
        outer: with the same makers, and the losses look at `cleaner`, `generator` and `degrader`
        scale: HR pixels for each LR pixel, along one side
        turns: the outer cycle may begin later
    """

    inner: Contest
    outer: Contest
    scale: int
    turns: Turns = field(default_factory=Turns)

    def step(self, batch: Unpaired, step: int) -> Report:
        """The inner contest, then the outer one."""
        lr = as_in_files(reduce(batch.hr, self.scale))
        given: Images = {"hr": batch.hr, "real_lr": batch.real_lr, "lr": lr}
        inside = self._inside(given)
        report = self.inner.play(inside, step)
        if self.turns.generator(step):
            report |= self.outer.play(self._outside(given), step)
        cleaned_lr = inside["cleaned_lr"]
        watched = likeness("clean", cleaned_lr, lr, batch.real_lr) | change("cleaner", batch.real_lr, cleaned_lr)
        return report | watched

    def _inside(self, given: Images) -> Images:
        cleaner, degrader = (self.inner.makers[name] for name in ("cleaner", "lr_degrader"))
        cleaned_lr = cleaner(given["real_lr"])
        return {
            **given,
            "cleaned_lr": cleaned_lr,
            "cycled_lr": lambda: degrader(cleaned_lr).lr,
            "same_clean_lr": lambda: cleaner(given["lr"]),
        }

    def _outside(self, given: Images) -> Images:
        cleaner, generator, degrader = (self.outer.makers[name] for name in ("cleaner", "generator", "degrader"))
        cleaned_lr = cleaner(given["real_lr"])
        real_sr = generator(cleaned_lr)
        return {
            **given,
            "cleaned_lr": cleaned_lr,
            "real_sr": real_sr,
            "cycled_lr": lambda: degrader(real_sr).lr,
            "sr": lambda: generator(given["lr"]),
        }

    @property
    def losses(self) -> LossTable:
        """Those of the outer cycle."""
        return self.outer.losses

    @property
    def players(self) -> tuple[Player, ...]:
        """The makers, the discriminator of HR, and that of clean LR."""
        return *self.outer.players, self.inner.discriminators

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """Pools, and what penalties remember."""
        return {**self.inner.memory, **self.outer.memory}
