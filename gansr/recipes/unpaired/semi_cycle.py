"""SCGAN: faces, two degradations, and one generator between them."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from gansr.data.batch import Unpaired
from gansr.imaging.resize import enlarge
from gansr.losses.table import Images, LossTable
from gansr.models.degraders.degraded import Degraded
from gansr.recipes.contest import Contest
from gansr.recipes.unpaired.degrading import Degrading, looks
from gansr.training.player import Player
from gansr.training.recipe import Report, Stateful


@dataclass
class SemiCycle:
    """HR is degraded and restored, real LR is restored and degraded, by two degraders and one generator.

    Hou et al. 2023 (IEEE TIP 32), for faces. The cycle is half a one: no loss of an image reaches the network that
    made what it was made of. In the authors' code (`HaoHou-98/SCGAN`) every result is detached before the next network
    gets it, and so it is here. Discriminators play first. Their weights: each network L1 1 and hinge 0.05; the
    generator both for the HR that went down and up (compared with itself), and, times 0.05, for real LR (compared with
    what bicubic makes of it). Adam at 1e-4 for each network; batch 64. There one code z is drawn for both degraders.
    A face prior is a row of `losses`, as everywhere.

    Images that the generator's losses see, by name: `hr`, `real_lr`; `lr` is HR degraded, `sr` the SR of it; `real_sr`
    is the SR of real LR, `enlarged_lr` real LR enlarged by bicubic. The second degrader's losses see what it makes of
    `real_sr` as `sr`, and real LR as `hr`.

    Args:
        degrading: HR to LR
        restoring: makers is `generator`, and there are two judges, of sr and of real_sr
        returning: makers is `sr_degrader`, which brings SR of real LR back
        scale: HR pixels for each LR pixel, along one side
    """

    degrading: Degrading
    restoring: Contest
    returning: Contest
    scale: int

    def step(self, batch: Unpaired, step: int) -> Report:
        """Three contests, none of which reaches into another; all images are made before anyone moves."""
        generator, degrader = self.restoring.makers, self.returning.makers
        real_sr: Tensor = generator(batch.real_lr)
        back: Degraded = degrader(real_sr.detach())
        lr, report = self.degrading.step(batch, step)
        images: Images = {
            "hr": batch.hr,
            "real_lr": batch.real_lr,
            "lr": lr,
            "sr": generator(lr),
            "real_sr": real_sr,
            "enlarged_lr": lambda: enlarge(batch.real_lr, self.scale),
        }
        report |= self.restoring.play(images, step)
        seen: Images = {"sr": back.lr, "hr": batch.real_lr, "real_lr": batch.real_lr}
        report |= self.returning.play(seen if back.noise is None else {**seen, "noise": back.noise}, step)
        return report | {name.replace("degrader/", "returning/"): value for name, value in looks(back).items()}

    @property
    def losses(self) -> LossTable:
        """The generator's."""
        return self.restoring.losses

    @property
    def players(self) -> tuple[Player, ...]:
        """The generator and its discriminators, then those of LR and their degraders."""
        return *self.restoring.players, *self.degrading.players, *self.returning.players[::-1]

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """Pools, and what penalties remember."""
        return {**self.degrading.memory, **self.restoring.memory, **self.returning.memory}
