"""CycleGAN: two domains, a way there, a way back, and what comes back is what it was."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from gansr.data.batch import Unpaired
from gansr.imaging.resize import enlarge, reduce
from gansr.losses.table import Images, LossTable
from gansr.recipes.contest import Contest
from gansr.recipes.watch import at_size, change, likeness
from gansr.training.player import Player
from gansr.training.recipe import Report, Stateful


@dataclass
class UnpairedCycle:
    """One generator enlarges real LR, another network reduces HR, and each has to undo the other (Zhu et al. 2017).

    At scale 1 it is CycleGAN, between photos as bad and as good as each other's size allows. At larger scales it is the
    same with networks that change the size, and identity, which has no meaning between sizes, becomes what CinCGAN
    (Yuan et al. 2018) makes of it: the generator enlarges bicubic LR of an HR image to that image, and the degrader
    leaves real LR alone that bicubic has enlarged.

    The authors' code (`junyanz/pytorch-CycleGAN-and-pix2pix`): one Adam for both generators and one for both
    discriminators, at 2e-4 with momentum 0.5; the generators play first; least squares without the half that ours has,
    so 2 here; L1 of cycles 10, of identity 5; discriminators see 50 older images; batches of 1; the rate falls to 0
    over the second half.

    Images of a step, by the names that losses have for them: `hr`, `real_lr`; `real_sr` is real LR enlarged,
    `cycled_lr` that one brought back; `made_lr` is HR reduced, `sr` that one enlarged again, which should be `hr`; `lr`
    is bicubic LR of HR, `same_hr` that one enlarged by the generator, and `same_lr` what the degrader makes of real LR
    that bicubic has enlarged.

    Args:
        contest: makers are `generator` and `degrader`
        scale: HR pixels for each LR pixel, along one side
    """

    contest: Contest
    scale: int

    def step(self, batch: Unpaired, step: int) -> Report:
        """The two networks' turn, then that of their discriminators."""
        images = self._images(batch)
        return self.contest.play(images, step) | self._watched(images)

    def _watched(self, images: Images) -> Report:
        """Do both domains' made images look real, and what was done to those that they were made of?"""
        made_lr, real_sr = images["made_lr"], images["real_sr"]
        small, large = at_size(images["hr"], made_lr), at_size(images["real_lr"], real_sr)
        return (
            likeness("lr", made_lr, images["real_lr"], small)
            | likeness("hr", real_sr, images["hr"], large)
            | change("degrader", small, made_lr)
            | change("generator", large, real_sr)
        )

    def _images(self, batch: Unpaired) -> Images:
        generator, degrader = (self.contest.makers[name] for name in ("generator", "degrader"))

        def degraded(image: Tensor) -> Tensor:
            return degrader(image).lr

        real_sr, made_lr = generator(batch.real_lr), degraded(batch.hr)
        return {
            "hr": batch.hr,
            "real_lr": batch.real_lr,
            "real_sr": real_sr,
            "made_lr": made_lr,
            "cycled_lr": lambda: degraded(real_sr),
            "sr": lambda: generator(made_lr),
            "lr": lambda: reduce(batch.hr, self.scale),
            "same_hr": lambda: generator(reduce(batch.hr, self.scale)),
            "same_lr": lambda: degraded(enlarge(batch.real_lr, self.scale)),
        }

    @property
    def losses(self) -> LossTable:
        """Those of both networks."""
        return self.contest.losses

    @property
    def players(self) -> tuple[Player, ...]:
        """The networks, then their discriminators."""
        return self.contest.players

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """Pools, and what penalties remember."""
        return self.contest.memory
