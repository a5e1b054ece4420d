"""What recipes share: the generator's turn, and whose turn it is."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gansr.losses.table import LossTable, Terms
from gansr.training.player import Player
from gansr.training.recipe import Report


@dataclass(frozen=True)
class Turns:
    """Who plays at which step; pure functions of the number of steps taken before.

    Args:
        discriminator_steps: the discriminator's turns for one of the generator's
        discriminator_start: steps that the generator takes alone first
        generator_start: steps that the discriminator takes alone first
        discriminator_first: within a step, the discriminator's turn comes first
    """

    discriminator_steps: int = 1
    discriminator_start: int = 0
    generator_start: int = 0
    discriminator_first: bool = False

    def generator(self, step: int) -> bool:
        """Has the generator a turn? Alone it has them all; in the game, one after so many of the other's."""
        if step < self.discriminator_start:
            return True
        return step >= self.generator_start and (step + 1) % self.discriminator_steps == 0

    def between(self, step: int) -> int:
        """Steps from one of the generator's turns to the next."""
        return 1 if step < self.discriminator_start else self.discriminator_steps

    def game(self, step: int) -> bool:
        """Is there a game already?"""
        return step >= self.discriminator_start


@dataclass(frozen=True)
class Learning:
    """How a generator learns from its losses.

    Args:
        losses: weigh the terms
        diagnose_every: steps between two measurements of each term's gradient; None: never
    """

    losses: LossTable
    diagnose_every: int | None = None

    def learn(self, generator: Player, terms: Terms, step: int, between: int = 1) -> Report:
        """The generator moves to lessen the weighted sum of `terms`; what they were, and did, is reported.

        Its turns are `between` steps apart: the first at or after each multiple of `diagnose_every` is diagnosed.
        """
        report = {f"loss/{role}": term for role, term in terms.items()}
        every = self.diagnose_every
        if every and step // every != (step - between) // every:
            norms = generator.gradient_norms(self.losses.weighted(terms, step))
            report |= {f"gradient/{role}": norm for role, norm in norms.items()}
        generator.minimize(self.losses.total(terms, step))
        return report


@torch.no_grad()
def colour_shift(sr: Tensor, wanted: Tensor) -> Report:
    """Mean of `sr` minus `wanted`, of each channel, in levels of 255; for what is not RGB, nothing."""
    if sr.shape[1] != 3:
        return {}
    shift = 255 * (sr.float() - wanted.float()).mean((0, 2, 3))
    return {f"colour/{name}": value for name, value in zip(("red", "green", "blue"), shift.unbind(), strict=True)}
