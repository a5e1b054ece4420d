"""What was done to each sample of a batch, in words and numbers: for people, never while training."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

Drawn = Tensor | tuple[Tensor, Sequence[str]]
"""Numbers, (B, ...), or places (B,) among names."""
DIGITS = 4  # significant ones


class Record:
    """For each sample the operations that it went through, in order, with what was drawn for them.

    Args:
        size: samples in the batch
    """

    def __init__(self, size: int) -> None:
        self.samples: list[list[dict[str, Any]]] = [[] for _ in range(size)]

    def begin(self, places: Sequence[int], name: str) -> None:
        """An operation of this name begins for the samples at these places; what is noted next, is of it."""
        for place in places:
            self.samples[place].append({"type": name})

    def note(self, places: Sequence[int], where: Tensor | None, drawn: dict[str, Drawn]) -> None:
        """What the samples' last operation drew, where `where` (B,) is true; None: for all."""
        chosen = [True] * len(places) if where is None else where.tolist()
        for name, values in drawn.items():
            for place, value, here in zip(places, _readable(values), chosen, strict=True):
                if here:
                    self.samples[place][-1][name] = value

    def only(self, places: Sequence[int], where: Tensor) -> None:
        """The last operation happened to those alone where `where` (B,) is true."""
        for place, happens in zip(places, where.tolist(), strict=True):
            if not happens:
                self.samples[place].pop()


def _readable(drawn: Drawn) -> list[Any]:
    if isinstance(drawn, tuple):
        places, names = drawn
        return [names[place] for place in places.tolist()]
    return [_rounded(value) for value in drawn.tolist()]


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
