"""Which network do these weights belong to? The names and shapes of weights tell."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from gansr.errors import OptionsError
from gansr.models.architecture import Architecture
from gansr.models.generators import GENERATORS
from gansr.models.generators.through_spandrel.recognise import recognise_by_library
from gansr.models.shapes import Mismatch, Shapes, compare, shapes_of


def recognise(state: Mapping[str, Tensor]) -> Architecture | None:
    """The generator whose weights these are, with its scale and arguments, or None.

    Every generator of the table that can `describe` names and shapes is asked, and the network that it describes is
    built without memory: it has exactly these names and shapes, or it is not the one. Then spandrel is asked. What
    weights cannot tell has the paper's value: how often a recursive block is called, the range of colours. The scale
    is None where weights fit every scale. A network of one channel is taken to work on Y.
    """
    shapes = shapes_of(state)
    own = (found for found, differs in _described(shapes) if not differs)
    return next(own, None) or recognise_by_library(state)


def nearest(state: Mapping[str, Tensor]) -> tuple[Architecture, Mismatch] | None:
    """The generator that these weights come nearest to, and what keeps them from fitting; None: they resemble none."""
    shapes = shapes_of(state)
    close = [(found, differs) for found, differs in _described(shapes) if len(differs) < len(shapes) / 2]
    return min(close, key=lambda pair: len(pair[1]), default=None)


def _described(shapes: Shapes) -> Iterator[tuple[Architecture, Mismatch]]:
    """Every generator that can make something of the names and shapes, and what differs from it."""
    for type, network in GENERATORS.items():
        describe = getattr(network, "describe", None)
        if describe is None:
            continue
        try:
            scale, arguments = describe(shapes)
            # Built without memory. A scale stands in where weights fit every scale: each such network has it.
            with torch.device("meta"):
                built = network(scale or 2, **arguments)
        except (LookupError, ValueError, ArithmeticError, OptionsError):  # a stranger, or one that shares some names
            continue
        yield _seen_as_y(Architecture(type, scale, arguments)), compare(shapes_of(built.state_dict()), shapes)


def _seen_as_y(found: Architecture) -> Architecture:
    """A network of one channel works on Y, and its channels need no mention."""
    channels = {name: found.arguments[name] for name in ("in_channels", "out_channels")}
    if set(channels.values()) != {1}:
        return found
    rest = {name: value for name, value in found.arguments.items() if name not in channels}
    return replace(found, arguments=rest, colour="y")
