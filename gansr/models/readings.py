"""What the tensors of a file may be: as they are named, or under another project's names, or held by something."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from gansr.models.foreign import partly, translate
from gansr.models.near import nearest
from gansr.models.recognise import recognise
from gansr.models.shapes import Mismatch, Shapes, compare, shapes_of
from gansr.models.wrappings import bared


@dataclass(frozen=True)
class Reading:
    """Tensors by name, whose names they had, if not ours, and the names of what the file has beside them."""

    state: dict[str, Tensor]
    source: str | None = None
    others: tuple[str, ...] = ()


def readings(state: Mapping[str, Tensor]) -> Iterator[Reading]:
    """Every way to read the tensors, the outermost first; of names that a project knows, its own way first.

    A project that knows most names, but not all, is followed as far as it goes.
    """
    for bare in bared(state):
        translated, source = translate(bare.state)
        if source is not None:
            yield Reading(translated, source, bare.others)
        yield Reading(bare.state, None, bare.others)
        if source is None and (part := partly(bare.state)) is not None:
            yield Reading(*part, bare.others)


def in_our_names(state: Mapping[str, Tensor]) -> Reading:
    """The way to read the tensors that makes a network of ours of them, or else comes nearest to one.

    What names begin with may be a holder's name, and is taken off only then: a discriminator may begin its names so.
    """
    first, *others = readings(state)
    if first.source is not None or not others:
        return first
    for reading in (first, *others):
        if recognise(reading.state) is not None:
            return reading
    near = [(found[1], reading) for reading in (first, *others) if (found := nearest(reading.state)) is not None]
    return min(near, key=lambda pair: len(pair[0]))[1] if near else first


def fitting(own: Shapes, found: Iterable[Reading]) -> tuple[Reading, Mismatch]:
    """The first reading that fits a network's names and shapes, or else the one that differs least."""
    best: tuple[Reading, Mismatch] | None = None
    for reading in found:
        differs = compare(own, shapes_of(reading.state))
        if best is None or len(differs) < len(best[1]):
            best = reading, differs
        if not differs:
            break
    assert best is not None  # the tensors as they are named are always one reading
    return best
