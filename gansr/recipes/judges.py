"""Discriminators as a game sees them: what they look at, how much they count, and what restrains them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gansr.training.recipe import Report

View = Callable[[Tensor], Tensor]
Augment = Callable[..., tuple[Tensor, ...]]  # images -> images, all changed alike


@dataclass(frozen=True)
class Penalty:
    """A penalty on one discriminator, taken every so many steps with a weight that makes up for the others."""

    measure: Callable[..., Tensor]  # (judge, fake, real, fake_logits, real_logits) -> scalar
    weight: float
    every: int = 1

    def due(self, step: int) -> bool:
        """Is it taken at this step?"""
        return bool(self.weight) and step % self.every == 0


@dataclass(frozen=True)
class Judge:
    """How one discriminator sees images, and how much its word counts.

    Args:
        augment: applied first, to the fake and the real image alike, each time anew
        views: applied then: a band of frequencies, half the size
        share: factor on its part of the game
        penalties: by name
    """

    augment: tuple[Augment, ...] = ()
    views: tuple[View, ...] = ()
    share: float = 1.0
    penalties: Mapping[str, Penalty] = field(default_factory=dict)

    def see(self, *images: Tensor) -> tuple[Tensor, ...]:
        """What it is shown of images (B, 3, H, W)."""
        for augment in self.augment:
            images = augment(*images)
        for view in self.views:
            images = tuple(view(image) for image in images)
        return images

    def restrained(
        self,
        network: Callable[[Tensor], Tensor],
        images: tuple[Tensor, Tensor],
        logits: tuple[Tensor, Tensor],
        step: int,
    ) -> dict[str, tuple[float, Tensor]]:
        """Every penalty that is due: name -> weight, value. Images and logits are (fake, real)."""

        def opinion(image: Tensor) -> Tensor:
            (seen,) = self.see(image)
            return network(seen)

        return {
            name: (penalty.weight * penalty.every, penalty.measure(opinion, *images, *logits))
            for name, penalty in self.penalties.items()
            if penalty.due(step)
        }


@torch.no_grad()
def verdicts(fakes: Mapping[str, Tensor], reals: Mapping[str, Tensor]) -> Report:
    """Mean logits, and how often the real one of a pair is rated higher, by discriminator and over all of them.

    An accuracy of 1/2 is chance, and an accuracy of 1 is a discriminator that has won.
    """
    accuracy = {name: (reals[name] > fake).float().mean() for name, fake in fakes.items()}
    each: dict[str, Mapping[str, Tensor]] = {
        "logit/fake": {name: logits.float().mean() for name, logits in fakes.items()},
        "logit/real": {name: logits.float().mean() for name, logits in reals.items()},
        "discriminator/accuracy": accuracy,
    }
    report = {title: torch.stack(list(values.values())).mean() for title, values in each.items()}
    if len(fakes) > 1:
        report |= {f"{title}/{name}": value for title, values in each.items() for name, value in values.items()}
    return report


def logits(fakes: Mapping[str, Tensor], reals: Mapping[str, Tensor]) -> Report:
    """All logits of made and of real images, by discriminator where there are several: not means, and no graph."""
    sides = {"logits/fake": fakes, "logits/real": reals}
    several = len(fakes) > 1
    return {
        f"{title}/{name}" if several else title: values.detach()
        for title, side in sides.items()
        for name, values in side.items()
    }


def memory(judges: Mapping[str, Judge]) -> dict[str, Any]:
    """Penalties that remember something."""
    return {
        f"penalty.{name}.{role}": penalty.measure
        for name, judge in judges.items()
        for role, penalty in judge.penalties.items()
        if hasattr(penalty.measure, "state_dict")
    }
