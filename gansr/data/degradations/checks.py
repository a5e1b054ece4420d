"""What makers of operations ask of their arguments; whatever is wrong raises OptionsError."""

import math
from collections.abc import Iterable, Mapping

from gansr.errors import OptionsError, choices_hint

Range = tuple[float, float]
ROUNDING = 0.0101  # 0.33 three times is meant for 1
MOST_SIDE = 999  # pixels of a kernel: a mistake must not ask for all memory before it is found


def check_range(name: str, found: Range, least: float = 0.0, most: float = math.inf) -> None:
    """Two finite numbers between `least` and `most`, the smaller one first; `name` is the argument's."""
    low, high = found
    if not (math.isfinite(low) and math.isfinite(high) and least <= low and high <= most):
        raise OptionsError(f"{name} is ({low:g}, {high:g}); expected two finite numbers{_between(least, most)}.")
    if low > high:
        raise OptionsError(f"{name} is ({low:g}, {high:g}); expected the smaller number first: ({high:g}, {low:g}).")


def check_probability(name: str, found: float) -> None:
    """A number from 0 to 1."""
    if not 0 <= found <= 1:
        raise OptionsError(f"{name} is {found:g}; expected a probability from 0 to 1.")


def check_weights(name: str, found: Mapping[str, float], kinds: Iterable[str]) -> None:
    """Known kinds, none with a negative weight, at least one with more than 0; probabilities among them add up to 1."""
    known = list(kinds)
    for kind, weight in found.items():
        if kind not in known:
            raise OptionsError(f"{name} has no kind '{kind}'. {choices_hint(kind, known)}")
        if not (math.isfinite(weight) and weight >= 0):
            raise OptionsError(f"{name}: the weight of {kind} is {weight:g}; expected 0 or more.")
    if not any(found.values()):
        raise OptionsError(f"{name}: all weights are 0; expected at least one kind with more.")
    check_sum(name, found.values())


def check_sum(name: str, weights: Iterable[float]) -> None:
    """Weights that are all below 1 are meant for probabilities: they add up to 1, but for a hundredth of rounding."""
    found = list(weights)
    if max(found) < 1 and abs(sum(found) - 1) > ROUNDING:
        raise OptionsError(
            f"{name} add up to {sum(found):g}; expected probabilities that add up to 1, or weights of 1 and more."
        )


def check_odd(name: str, size: int) -> None:
    """A kernel's side: odd, and not absurd."""
    if not 1 <= size <= MOST_SIDE or size % 2 == 0:
        raise OptionsError(f"{name} is {size}; expected an odd number of pixels up to {MOST_SIDE}.")


def _between(least: float, most: float) -> str:
    if math.isinf(most):
        return "" if math.isinf(least) else f" of {least:g} or more"
    return f" from {least:g} to {most:g}"
