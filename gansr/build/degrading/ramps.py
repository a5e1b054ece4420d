"""Numbers in options that change while training: `{from: [0.2, 1], to: [0.2, 3], over: 10_000}` anywhere in a tree.

A tree is what YAML gives: mappings, lists and numbers. At a step it is a plain tree, without ramps, so whatever is made
of it has never heard of steps; nothing has a state, and values that operations get are known to the host.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, TypeGuard

from pydantic import Field, NonNegativeInt, PositiveInt, ValidationError

from gansr.errors import OptionsError
from gansr.losses.weight import Ramp
from gansr.options.explain import explain
from gansr.options.images import Strict

KEYS = {"from", "to", "over"}  # of which any makes a mapping a ramp


class AnyRamp(Strict):
    """Numbers, lists or mappings of numbers on their straight way from one to the other."""

    begin: Any = Field(alias="from")
    end: Any = Field(alias="to")
    over: PositiveInt
    start: NonNegativeInt = 0


def at(tree: Any, step: int) -> Any:
    """The tree of the step taken after `step` others; its ramps were checked (see `bends`)."""
    if _is_ramp(tree):
        part = Ramp(0.0, 1.0, tree["over"], tree.get("start", 0))(step)
        return _between(tree["from"], tree["to"], part)
    if isinstance(tree, dict):
        return {key: at(value, step) for key, value in tree.items()}
    return [at(value, step) for value in tree] if isinstance(tree, list | tuple) else tree


def bends(tree: Any, where: str) -> set[int]:
    """The steps at which some ramp begins or ends.

    Raises:
        OptionsError: a ramp with a key that is missing or strange, or with ends that are not alike; `where` is the
            key of the tree.
    """
    found: set[int] = set()
    for key, ramp in _ramps(tree, where):
        try:
            checked = AnyRamp.model_validate(ramp)
        except ValidationError as error:
            raise OptionsError(explain(error, AnyRamp, key)) from None
        _check_ends(checked.begin, checked.end, key)
        found |= {checked.start, checked.start + checked.over}
    return found


def has_ramp(tree: Any) -> bool:
    """Is there any?"""
    return next(_ramps(tree, ""), None) is not None


def telling(found: Iterable[int]) -> list[int]:
    """Steps that tell whether all are sound: bends, then what is on the way, near each end and in the middle."""
    corners, steps = sorted({0, *found}), []
    for begin, end in pairwise(corners):
        steps += [begin + max((end - begin) * percent // 100, 1) for percent in (1, 50, 99)]
    return list(dict.fromkeys(corners + steps))


def _is_ramp(tree: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(tree, dict) and not KEYS.isdisjoint(tree)


def _ramps(tree: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each ramp with its key."""
    if _is_ramp(tree):
        yield where, tree
    elif isinstance(tree, dict | list | tuple):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _ramps(value, f"{where}.{key}")


def _check_ends(begin: Any, end: Any, where: str) -> None:
    match begin, end:
        case list(), list() if len(begin) == len(end):
            for one, other in zip(begin, end, strict=True):
                _check_ends(one, other, where)
        case dict(), dict() if begin.keys() == end.keys():
            for key in begin:
                _check_ends(begin[key], end[key], f"{where}.{key}")
        case _ if is_number(begin) and is_number(end):
            return
        case _:
            raise OptionsError(
                f"{where}: it goes from {_said(begin)} to {_said(end)}; expected two numbers, two lists of as many, or "
                f"two mappings with the same keys."
            )


def _said(end: Any) -> str:
    return f"({', '.join(map(str, end))})" if isinstance(end, list) else str(end)


def is_number(found: Any) -> bool:
    """A number, which true and false are not."""
    return isinstance(found, int | float) and not isinstance(found, bool)


def _between(begin: Any, end: Any, part: float) -> Any:
    if isinstance(begin, list):
        return [_between(one, other, part) for one, other in zip(begin, end, strict=True)]
    if isinstance(begin, dict):
        return {key: _between(begin[key], end[key], part) for key in begin}
    if begin == end or part in (0.0, 1.0):  # a whole number stays one
        return end if part else begin
    return begin + (end - begin) * part
