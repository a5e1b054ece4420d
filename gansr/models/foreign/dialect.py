"""How another project names the weights of one of our networks."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

State = dict[str, Tensor]


@dataclass(frozen=True)
class Dialect:
    r"""One project's names for the weights of one network.

    Args:
        source: project and network, for people: "BasicSR's EDSR"
        sign: names that only this dialect has: a regular expression that must match some name as a whole
        names: (their name, our name), tried in order until one matches the whole name; regular expressions, with
            groups as in `re.sub`: (r"conv_first\.(.+)", r"head.0.\1")
        dropped: their names (a regular expression) that hold nothing we need: counters, constants of ours
        finish: what renaming cannot do: reshapes, or adds what the others keep in code. Gets the renamed state and
            may raise LookupError or ValueError for a stranger
    """

    source: str
    sign: str
    names: tuple[tuple[str, str], ...]
    dropped: str | None = None
    finish: Callable[[State], State] | None = None

    def translate(self, state: Mapping[str, Tensor]) -> State | None:
        """The weights under our names; None unless every name is of this dialect."""
        if not any(re.fullmatch(self.sign, name) for name in state):
            return None
        renamed: State = {}
        for name, tensor in state.items():
            if self.dropped and re.fullmatch(self.dropped, name):
                continue
            ours = self._ours(name)
            if ours is None:
                return None
            renamed[ours] = tensor
        try:
            return self.finish(renamed) if self.finish else renamed
        except (LookupError, ValueError):
            return None

    def _ours(self, name: str) -> str | None:
        for theirs, ours in self.names:
            if match := re.fullmatch(theirs, name):
                return match.expand(ours)
        return None
