"""What the training loop asks of a recipe. A protocol, not a base class: nothing to inherit."""

from typing import Any, Protocol

from torch import Tensor

from gansr.training.player import Player

Report = dict[str, Tensor]  # name -> scalar on the device, not weighted, for the log


class Recipe(Protocol):
    """One training step over some players."""

    @property
    def players(self) -> tuple[Player, ...]:
        """Everyone who learns; the generator's player comes first."""
        ...

    def step(self, batch: Any) -> Report:
        """Every player takes one turn on `batch`."""
        ...
