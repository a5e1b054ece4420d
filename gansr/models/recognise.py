"""Which network do these weights belong to? The names and shapes of weights tell."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from gansr.errors import OptionsError
from gansr.models.architecture import Architecture
from gansr.models.generators import GENERATORS
from gansr.models.generators.through_spandrel.recognise import recognise_by_library
from gansr.models.shapes import Shapes, shapes_of

Description = tuple[int | None, dict[str, Any]]
"""A generator's scale, which is None where weights fit several, and its other arguments."""


def recognise(state: Mapping[str, Tensor]) -> Architecture | None:
    """The generator whose weights these are, with its scale and arguments, or None.

    Every generator of the table that can `describe` names and shapes is asked, and the network that it describes is
    built without memory: it has exactly these names and shapes, or it is not the one. Then spandrel is asked. What
    weights cannot tell has the paper's value: how often a recursive block is called, the range of colours. The scale
    is None where weights fit every scale. A network of one channel is taken to work on Y.
    """
    shapes = shapes_of(state)
    own = (found for type in describing() if (found := _exactly(type, shapes)) is not None)
    return next(own, None) or recognise_by_library(state)


def _exactly(type: str, shapes: Shapes) -> Architecture | None:
    try:
        found = described(type, shapes)
    except KeyError:
        return None
    if found is None or built(type, *found) != shapes:
        return None
    return seen_as_y(Architecture(type, *found))


def any_scale(arguments: Mapping[str, Any]) -> int:
    """Stands in where weights fit several scales, or every one: such a network has it."""
    return (arguments.get("scales") or (2,))[0]


def describing() -> list[str]:
    """The generators whose arguments names and shapes tell."""
    return [type for type, network in GENERATORS.items() if hasattr(network, "describe")]


def described(type: str, shapes: Shapes) -> Description | None:
    """The scale and the arguments that a generator of this type reads off; None: it can make nothing of them.

    Raises:
        KeyError: it looks for a name that is not there.
    """
    network: Any = GENERATORS[type]
    try:
        return network.describe(shapes)
    except KeyError:
        raise
    except (LookupError, ValueError, ArithmeticError):  # a stranger that shares some names
        return None


def built(type: str, scale: int | None, arguments: Mapping[str, Any]) -> Shapes | None:
    """Names and shapes of that generator, which is built without memory; None: there is no such network."""
    try:
        with torch.device("meta"):
            return shapes_of(GENERATORS[type](scale or any_scale(arguments), **arguments).state_dict())
    except (LookupError, ValueError, ArithmeticError, OptionsError):
        return None


def seen_as_y(found: Architecture) -> Architecture:
    """A network of one channel works on Y, and its channels need no mention."""
    channels = {name: found.arguments[name] for name in ("in_channels", "out_channels")}
    if set(channels.values()) != {1}:
        return found
    rest = {name: value for name, value in found.arguments.items() if name not in channels}
    return replace(found, arguments=rest, colour="y")
