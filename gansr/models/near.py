"""Which network do weights come nearest to, that belong to none, and what keeps them from it?"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice, product
from typing import Any

from torch import Tensor

from gansr.models.architecture import Architecture
from gansr.models.recognise import Description, built, described, describing, seen_as_y
from gansr.models.shapes import Mismatch, Shapes, compare, shapes_of

NARROW = 9
"""Sizes up to it are of kernels and colours; larger ones are widths, which a network's arguments say."""

ROUNDS = 3
"""So many names, or rows of them, that lead astray are found one after another."""

ABSENT = 2
"""So many names that a description cannot do without may be absent."""

TRIED = 8
"""So many shapes are tried for one that is absent."""

ALIKE = 0.7
"""The part of the names that at least resembles a network's."""

Near = tuple[Architecture, Mismatch]


def nearest(state: Mapping[str, Tensor]) -> Near | None:
    """The generator that these weights come nearest to, and what keeps them from fitting; None: they resemble none.

    One name too much or of a wrong shape can lead a generator's description far astray, one block with a large number
    for example. So it is told the file without some names too, whichever, then without some more, as long as it helps.
    A weight or a bias that is missing may do so too, and is told where the other one is there.
    """
    shapes = shapes_of(state)
    found = {type: _best(type, [shapes], shapes) for type in describing()}
    for type in sorted(found, key=lambda type: _alike(type, shapes), reverse=True):
        if _alike(type, shapes) < ALIKE or min(map(_distance, found.values())) < 2:
            break
        found[type] = _mended(type, found[type], shapes)
    best = min(found.values(), key=_distance)
    return best.near if _distance(best) < len(shapes) / 2 else None


def namesake(state: Mapping[str, Tensor]) -> str | None:
    """The generator whose names these are, whatever the shapes; None: they resemble none."""
    shapes = shapes_of(state)
    best = max(describing(), key=lambda type: _alike(type, shapes))
    return best if _alike(best, shapes) >= ALIKE else None


@dataclass(frozen=True)
class _Found:
    """What differs least from the file of all that a generator made of tellings, and that telling."""

    near: Near | None
    told: Shapes


def _distance(found: _Found) -> float:
    return len(found.near[1]) if found.near is not None else math.inf


def _mended(type: str, best: _Found, shapes: Shapes) -> _Found:
    """The best that comes of telling more or less, first without guesses, which take long."""
    for _ in range(ROUNDS):
        for absent in (0, ABSENT):
            tellings = chain(_more(type, best.told), _less(type, best.told))
            better = _best(type, tellings, shapes, absent)
            if _distance(better) < _distance(best):
                break
        else:
            return best
        best = better
        if _distance(best) < 2:
            break
    return best


def _less(type: str, told: Shapes) -> Iterator[Shapes]:
    """The names without one that is not the generator's, and without all from some number on, at any place."""
    numbered: dict[str, dict[int, list[str]]] = {}
    for name in told:
        if _pattern(name) not in _patterns(type) or _pattern(name) == name:
            yield {other: shape for other, shape in told.items() if other != name}
        for number in re.finditer(r"\d+", name):
            numbered.setdefault(name[: number.start()], {}).setdefault(int(number[0]), []).append(name)
    for rows in numbered.values():
        left: set[str] = set()
        for number in sorted(rows, reverse=True):
            left.update(rows[number])
            yield {name: shape for name, shape in told.items() if name not in left}


def _more(type: str, told: Shapes) -> Iterator[Shapes]:
    """The names with the bias of a weight that stands alone, or the weight of a bias, in the shape of one like it."""
    for name, shape in told.items():
        layer, _, kind = name.rpartition(".")
        other = f"{layer}.{'weight' if kind == 'bias' else 'bias'}"
        if kind not in {"weight", "bias"} or other in told:
            continue
        if kind == "weight":
            yield {**told, other: shape[:1]}
            continue
        alike = (like for found, like in told.items() if _pattern(found) == _pattern(other))
        model = next(alike, _usual(type).get(other))
        for guess in _guesses(model, told) if model else ():
            yield {**told, other: (*shape, *guess[1:])}


def _best(type: str, tellings: Iterable[Shapes], shapes: Shapes, absent: int = ABSENT) -> _Found:
    best = _Found(None, shapes)
    seen: list[Any] = []
    for telling in tellings:
        for told, found in _descriptions(type, telling, absent):
            if found in seen:
                continue
            seen.append(found)
            network = built(type, *found)
            if network is None:
                continue
            differs = compare(network, shapes)
            if len(differs) < _distance(best):
                best = _Found((seen_as_y(Architecture(type, *found)), differs), told)
            if len(differs) == len(differs.missing):  # no guess can fit better
                break
        if _distance(best) < 2:
            break
    return best


def _descriptions(type: str, told: Shapes, absent: int) -> Iterator[tuple[Shapes, Description]]:
    """What the generator makes of names and shapes, with guesses for the shapes of those that it does not find."""
    try:
        found = described(type, told)
    except KeyError as error:
        name = error.args[0]
        if absent and _alike(type, told) >= ALIKE and name in _usual(type):
            for shape in _guesses(_usual(type)[name], told):
                yield from _descriptions(type, {**told, name: shape}, absent - 1)
        return
    if found is not None:
        yield told, found


def _guesses(usual: tuple[int, ...], told: Shapes) -> Iterator[tuple[int, ...]]:
    """Shapes that a weight may have: the usual one, with the file's own widths in it, the most frequent first."""
    widths = Counter(size for shape in told.values() for size in shape[:2])
    often = [width for width, _ in widths.most_common()]
    colours = sorted((3, 1), key=lambda colour: -widths[colour])
    choices = [
        colours if size == 3 and axis < 2 else often if size > NARROW else (size,) for axis, size in enumerate(usual)
    ]
    return islice(product(*choices), TRIED)


def _alike(type: str, shapes: Shapes) -> float:
    """The part of the names that is the generator's, but for numbers."""
    usual, given = _patterns(type), [_pattern(name) for name in shapes]
    return sum(one in usual for one in given) / max(len(given), 1)


@cache
def _usual(type: str) -> Shapes:
    """Names and shapes of the generator as it is without arguments."""
    return built(type, 2, {}) or built(type, 4, {}) or built(type, 1, {}) or {}


@cache
def _patterns(type: str) -> frozenset[str]:
    return frozenset(map(_pattern, _usual(type)))


def _pattern(name: str) -> str:
    return re.sub(r"\d+", "#", name)
