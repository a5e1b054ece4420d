"""SRGAN, ESRGAN, BSRGAN, Real-ESRGAN: pairs to imitate, and discriminators to convince.

The four differ in networks, objective, weights and data: options, all of them, and none of them here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from gansr.data.batch import Paired
from gansr.losses.table import LossTable
from gansr.recipes.contest import Contest
from gansr.recipes.enlarging import Enlarging, Images
from gansr.recipes.turns import colour_shift
from gansr.training.player import Player
from gansr.training.recipe import Report, Stateful


@dataclass
class PairedGan:
    """A generator that is compared with the ground truth, and has to convince judges of it.

    Args:
        contest: between the generator and the discriminators; each tells sr from hr
        enlarging: how the generator is run
    """

    contest: Contest
    enlarging: Enlarging = field(default_factory=Enlarging)

    def step(self, batch: Paired, step: int) -> Report:
        """The generator's turn, then the discriminator's, or the other way round."""
        images = self._images(batch, step)
        return self.contest.play(images, step) | colour_shift(images["sr"], batch.hr)

    def _images(self, batch: Paired, step: int) -> Images:
        generator = self.contest.makers
        if self.contest.turns.generator(step):
            return self.enlarging.images(generator, batch, step, self.losses)
        with torch.no_grad():
            return {"hr": batch.hr, "sr": self.enlarging.sr(generator, batch, step)}

    @property
    def losses(self) -> LossTable:
        """The generator's."""
        return self.contest.losses

    @property
    def players(self) -> tuple[Player, ...]:
        """The generator comes first."""
        return self.contest.players

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """What penalties remember."""
        return self.contest.memory
