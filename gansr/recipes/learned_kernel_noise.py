"""PDM-SR: a degradation learned from real LR images, and a generator learned on the pairs that it makes."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from gansr.data.batch import Paired as Batch
from gansr.data.batch import Unpaired
from gansr.losses.table import LossTable
from gansr.recipes.degrading import Degrading
from gansr.recipes.paired import Paired
from gansr.recipes.turns import Turns
from gansr.training.player import Player
from gansr.training.recipe import Report, Stateful


@dataclass
class LearnedKernelNoise:
    """Sharp images here, real small ones there, and no pairs (PDM-SR, Luo et al. 2022).

    Each step has three turns, as in the authors' code (`greatlog/UnpairedSR`, PDM-SR): the degrader's, its
    discriminator's, the generator's. All see the LR that the degrader made at the beginning of the step; no loss of the
    generator's goes back to the degrader. The generator gets LR as files would have it: clamped, and rounded to 8 bits.

    Theirs: least squares with weight 1 and without the half that ours has, so 2 here; `noise_power` with 10 or 100;
    L1 1 for the generator; no pool; Adam at 2e-4, halved at 50, 100 and 150 thousand of 200 thousand steps; clip 50;
    batch 32, HR crops of 128 or 192 at scale 4.

    Args:
        restoring: the generator's step with pairs, whose pairs are made here
        degrading: how LR is learned
        turns: the generator may begin later than the degrader
    """

    restoring: Paired
    degrading: Degrading
    turns: Turns

    def step(self, batch: Unpaired, step: int) -> Report:
        """The degrader's turn, its discriminator's, the generator's."""
        lr, report = self.degrading.step(batch, step)
        if self.turns.generator(step):
            report |= self.restoring.step(Batch(lr=as_in_files(lr), hr=batch.hr), step)
        return report

    @property
    def losses(self) -> LossTable:
        """The generator's."""
        return self.restoring.losses

    @property
    def players(self) -> tuple[Player, ...]:
        """The generator, the discriminator, the degrader."""
        return *self.restoring.players, *self.degrading.players

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """What either half remembers."""
        return {**self.restoring.memory, **self.degrading.memory}


@torch.no_grad()
def as_in_files(image: Tensor) -> Tensor:
    """Clamped to [0, 1] and rounded to 256 levels, without a graph."""
    return image.detach().float().clamp(0, 1).mul(255).round() / 255
