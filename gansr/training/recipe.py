"""What the training loop asks of a recipe. A protocol, not a base class: nothing to inherit."""

from collections.abc import Mapping
from typing import Any, Protocol

from torch import Tensor

from gansr.losses.table import LossTable
from gansr.training.player import Player

Report = dict[str, Tensor]
"""Name -> scalar on the device, not weighted, for the log; or many numbers, for a histogram."""


class Stateful(Protocol):
    """Anything that a checkpoint holds."""

    def state_dict(self) -> dict[str, Any]:
        """What to save."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from it."""
        ...


class Step(Protocol):
    """One training step over some players: what the loop asks for."""

    @property
    def players(self) -> tuple[Player, ...]:
        """Everyone who learns; the generator's player comes first."""
        ...

    def step(self, batch: Any, step: int) -> Report:
        """Every player whose turn it is takes it on `batch`; `step` others were taken before."""
        ...


class Recipe(Step, Protocol):
    """A step that learns from a table of losses: what a run asks for."""

    @property
    def losses(self) -> LossTable:
        """What the generator learns from."""
        ...

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """What else must be remembered to continue exactly, by name: moving averages of logits, pools of images."""
        ...
