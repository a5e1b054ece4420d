"""SRCNN to SwinIR: imitate the ground truth."""

from dataclasses import dataclass

from gansr.data.batch import Paired as Batch
from gansr.losses.table import LossTable
from gansr.training.player import Player
from gansr.training.recipe import Report


@dataclass
class Paired:
    """One network and the losses that compare its image with the ground truth."""

    generator: Player
    losses: LossTable

    def step(self, batch: Batch) -> Report:
        """The generator's only turn."""
        sr = self.generator(batch.lr)  # (B, 3, h, w) -> (B, 3, s*h, s*w)
        terms = self.losses.compare(sr, batch)
        self.generator.minimize(self.losses.total(terms))
        return {f"loss/{name}": value for name, value in terms.items()}

    @property
    def players(self) -> tuple[Player, ...]:
        """The generator alone."""
        return (self.generator,)
