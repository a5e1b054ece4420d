"""What a file of weights says of the network it belongs to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

Colour = Literal["rgb", "y"]
"""What a generator sees of an image: everything, or Y alone (its colours are then enlarged by bicubic)."""
Kind = Literal["generator", "degrader"]
"""What weights belong to: a network that makes a large image of a small one, or LR of HR."""


@dataclass(frozen=True)
class Architecture:
    """The name of a network in its table, its scale, its other arguments, and what it sees of an image.

    The scale is None where weights fit every scale, or several, and nobody said which. `cleaner` is the network that LR
    passes first: its type and its arguments, as in an options file.
    """

    type: str
    scale: int | None
    arguments: dict[str, Any]
    colour: Colour = "rgb"
    cleaner: dict[str, Any] | None = None
    kind: Kind = "generator"

    def __str__(self) -> str:
        if self.scale:
            return f"{self.component()} at scale {self.scale}"
        scales = self.arguments.get("scales")
        return f"{self.component()} at {f'scales {_listed(scales)}' if scales else 'any scale'}"

    def options(self) -> dict[str, Any]:
        """As `generator:` in an options file, complete."""
        first = {"cleaner": self.cleaner} if self.cleaner else {}
        return {"type": self.type, "colour": self.colour, **first, **self.arguments}

    def component(self) -> str:
        """As `generator:` in an options file, in one line."""
        shown = {key: value for key, value in self.options().items() if (key, value) != ("colour", "rgb")}
        return "{" + ", ".join(f"{key}: {_yaml(value)}" for key, value in shown.items()) + "}"


def describe(found: Architecture, **provenance: Any) -> dict[str, str]:
    """The metadata of a file of weights: the architecture as JSON, and what else is worth keeping as text."""
    content = json.dumps(asdict(found), default=str)
    # Other readers of safetensors take "format" for the framework that wrote the tensors.
    return {"format": "pt", "architecture": content} | {key: str(value) for key, value in provenance.items()}


def architecture(metadata: Mapping[str, str]) -> Architecture | None:
    """What `describe` wrote, or None where the file is not ours."""
    try:
        content = json.loads(metadata.get("architecture", "null"))
    except json.JSONDecodeError:
        return None
    match content:
        case {"type": str(type), "scale": int(scale) | (None as scale), "arguments": dict(arguments), **rest}:
            return _with_rest(Architecture(type, scale, arguments), rest)
    return None


def _with_rest(found: Architecture, rest: Mapping[str, Any]) -> Architecture | None:
    """What files of version 0.1 say nothing of; None: a value that we do not know."""
    colour, kind, cleaner = rest.get("colour", "rgb"), rest.get("kind", "generator"), rest.get("cleaner")
    if colour not in get_args(Colour) or kind not in get_args(Kind):
        return None
    match cleaner:
        case None | {"type": str()}:
            return replace(found, colour=colour, cleaner=cleaner, kind=kind)
    return None


def _listed(numbers: Sequence[int]) -> str:
    """For people: "2, 3 and 4"."""
    *most, last = map(str, numbers)
    return f"{', '.join(most)} and {last}" if most else last


def _yaml(value: Any) -> str:
    """A plain value in YAML's flow style, which is JSON's."""
    return value if isinstance(value, str) and value.isidentifier() else json.dumps(value, default=str)
