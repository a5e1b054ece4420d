"""SRCNN to SwinIR: imitate the ground truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gansr.data.batch import Paired as Batch
from gansr.losses.table import LossTable
from gansr.recipes.enlarging import Enlarging
from gansr.recipes.turns import Learning, colour_shift
from gansr.training.player import Player
from gansr.training.recipe import Report, Stateful


@dataclass
class Paired:
    """One network and the losses that compare its image with the ground truth."""

    generator: Player
    losses: LossTable
    diagnose_every: int | None = None
    enlarging: Enlarging = field(default_factory=Enlarging)

    def step(self, batch: Batch, step: int) -> Report:
        """The generator's only turn."""
        images = self.enlarging.images(self.generator, batch, step, self.losses)
        terms = self.losses.compare(images, step)
        report = Learning(self.losses, self.diagnose_every).learn(self.generator, terms, step)
        return report | colour_shift(images["sr"], batch.hr)

    @property
    def players(self) -> tuple[Player, ...]:
        """The generator alone."""
        return (self.generator,)

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """Nothing."""
        return {}
