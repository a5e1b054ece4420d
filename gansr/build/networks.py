"""Weights files -> generators, without any options file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from gansr.errors import WeightsError
from gansr.models import weights
from gansr.models.generators import GENERATORS
from gansr.models.recognise import recognise
from gansr.options.component import Component, build


@dataclass(frozen=True)
class Loaded:
    """A generator with its weights."""

    network: nn.Module
    scale: int
    type: str
    metadata: dict[str, str]


def load_generator(path: Path, component: Component | None = None, scale: int | None = None) -> Loaded:
    """The generator in a weights file: by its own metadata, by its keys, or as `component` and `scale` say.

    Raises:
        WeightsError: the file is missing or damaged, or says nothing about its architecture.
    """
    content = weights.read(path)
    found = weights.architecture(content.metadata) or recognise(content.state)
    if component is not None:
        scale = scale or (found.scale if found else None)
        if scale is None:
            raise WeightsError(f"{path}: the file does not say its scale: add --scale.")
    elif found is None:
        raise WeightsError(
            f"{path}: the file does not say which network it belongs to, and its keys are of none that gansr "
            f"knows. Say so: --generator '{{type: rrdbnet, blocks: 23}}' --scale 4. Types: "
            f"{', '.join(sorted(GENERATORS))}."
        )
    else:
        component = Component.model_validate({"type": found.type, **found.arguments})
        scale = found.scale
    network = build(component, GENERATORS, f"{path}: generator", scale=scale)
    weights.load_into(network, content.state, where=str(path))
    return Loaded(network.eval().requires_grad_(False), scale, component.type, content.metadata)


def provenance(metadata: dict[str, str]) -> dict[str, Any]:
    """What a weights file says about how it was trained."""
    return {key: value for key, value in metadata.items() if key not in {"architecture", "format"}}
