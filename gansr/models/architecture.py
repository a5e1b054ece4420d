"""What a file of weights says of the network it belongs to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Architecture:
    """The name of a generator in its table, its scale, and its other arguments."""

    type: str
    scale: int
    arguments: dict[str, Any]


def describe(type: str, scale: int, arguments: Mapping[str, Any], **provenance: Any) -> dict[str, str]:
    """The metadata of a file of weights: the architecture as JSON, and what else is worth keeping as text."""
    content = json.dumps({"type": type, "scale": scale, "arguments": dict(arguments)}, default=str)
    # Other readers of safetensors take "format" for the framework that wrote the tensors.
    return {"format": "pt", "architecture": content} | {key: str(value) for key, value in provenance.items()}


def architecture(metadata: Mapping[str, str]) -> Architecture | None:
    """What `describe` wrote, or None where the file is not ours."""
    try:
        content = json.loads(metadata.get("architecture", "null"))
    except json.JSONDecodeError:
        return None
    match content:
        case {"type": str(type), "scale": int(scale), "arguments": dict(arguments)}:
            return Architecture(type, scale, arguments)
    return None
