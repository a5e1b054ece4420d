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
        finish: what renaming cannot do: reshapes, or adds what the others keep in code. Gets the renamed state, in
            which weights may be missing, and may raise LookupError or ValueError for a stranger
    """

    source: str
    sign: str
    names: tuple[tuple[str, str], ...]
    dropped: str | None = None
    finish: Callable[[State], State] | None = None

    def translate(self, state: Mapping[str, Tensor]) -> State | None:
        """The weights under our names; None unless every name is of this dialect."""
        found = self.partly(state, most=1.0)
        return found[0] if found is not None else None

    def partly(self, state: Mapping[str, Tensor], most: float = 0.5) -> tuple[State, int] | None:
        """The weights under our names, and how many kept theirs, since this dialect does not know them.

        None unless there is a sign of this dialect, and at least the part `most` of all names is of it.
        """
        if not any(re.fullmatch(self.sign, name) for name in state):
            return None
        idle = self.dropped or "(?!)"  # which nothing matches
        kept = {name: tensor for name, tensor in state.items() if not re.fullmatch(idle, name)}
        named = {name: self._ours(name) for name in kept}
        unknown = {name: kept[name] for name, ours in named.items() if ours is None}
        if len(unknown) > (1 - most) * len(kept):
            return None
        known = {ours: kept[name] for name, ours in named.items() if ours is not None}
        try:
            finished = self.finish(known) if self.finish else known
        except (LookupError, ValueError):
            return None
        return None if finished.keys() & unknown.keys() else (finished | unknown, len(unknown))

    def _ours(self, name: str) -> str | None:
        for theirs, ours in self.names:
            if match := re.fullmatch(theirs, name):
                return match.expand(ours)
        return None
