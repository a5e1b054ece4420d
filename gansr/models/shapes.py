"""What the names and shapes of weights tell about the network they belong to."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

Shapes = Mapping[str, tuple[int, ...]]
"""Name -> shape, of every tensor of a state dict."""


DOZEN = 12
"""So many names are told one by one."""


def count(shapes: Shapes, name: str, first: int = 0, step: int = 1) -> int:
    """How many numbers, from `first` on in steps of `step`, there are up to the last that completes the name to one.

    One that is missing in between counts too: so a file that lacks a layer still shows what it lacks.
    """
    before, _, after = name.partition("{}")
    middles = (
        one[len(before) : len(one) - len(after)] for one in shapes if one.startswith(before) and one.endswith(after)
    )
    numbers = [int(middle) for middle in middles if middle.isdecimal()]
    return max(((number - first) // step + 1 for number in numbers if number >= first), default=0)


def scale_of_steps(shapes: Shapes, name: str, first: int = 0, step: int = 1) -> int:
    """The product of the factors of sub-pixel steps; the first step tells x2 and x3 apart. Without steps it is 1."""
    steps = count(shapes, name, first, step)
    if not steps:
        return 1
    outputs, features = shapes[name.format(first)][:2]
    return math.isqrt(outputs // features) ** steps


def channels(inputs: int, outputs: int) -> dict[str, int]:
    """The two arguments that every generator has."""
    return {"in_channels": inputs, "out_channels": outputs}


@dataclass(frozen=True)
class Mismatch:
    """What keeps a file's weights from fitting a network, by name."""

    missing: list[str]  # the network has them, the file has not
    unexpected: list[str]  # the other way round
    misshapen: list[str]  # both have them: with the two shapes, for people

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.misshapen)

    def __len__(self) -> int:
        return len(self.missing) + len(self.unexpected) + len(self.misshapen)

    @property
    def names(self) -> list[str]:
        """All of them."""
        return self.missing + self.unexpected + [line.partition(": ")[0] for line in self.misshapen]

    def __str__(self) -> str:
        groups = {"missing": self.missing, "unexpected": self.unexpected, "of another shape": self.misshapen}
        most = DOZEN if len(self) <= DOZEN else 3
        return "; ".join(sample(what, names, most) for what, names in groups.items() if names)


def compare(own: Shapes, file: Shapes) -> Mismatch:
    """What differs between a network's names and shapes and a file's."""
    return Mismatch(
        [name for name in own if name not in file],
        [name for name in file if name not in own],
        [
            f"{name}: file {list(file[name])}, network {list(shape)}"
            for name, shape in own.items()
            if name in file and file[name] != shape
        ],
    )


def shapes_of(state: Mapping[str, Tensor]) -> Shapes:
    """Names and shapes of a state dict."""
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def sample(what: str, names: list[str], most: int = 3) -> str:
    """How many there are, and the names of at most so many."""
    return f"{len(names)} {what} ({', '.join(names[:most])}{', ...' if len(names) > most else ''})"
