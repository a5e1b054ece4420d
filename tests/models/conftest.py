"""Networks and images whose values depend on nothing but their shapes."""

import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gansr.errors import OptionsError
from gansr.models.generators import GENERATORS
from gansr.options.reader import parse

COUNTS = ("blocks", "convolutions", "depth", "groups", "layers", "levels", "recursions", "repeats", "stages", "units")
"""Arguments that say how often something comes, and need to be no more than 2 here."""


@pytest.fixture
def fill() -> Callable[[nn.Module], nn.Module]:
    """Gives a network weights that depend on its names and shapes alone, to compare it with recorded numbers."""

    @torch.no_grad()
    def give(network: nn.Module) -> nn.Module:
        generator = torch.Generator().manual_seed(0)
        for name, tensor in sorted(network.state_dict().items()):
            if tensor.is_floating_point():
                noise = torch.randn(tensor.shape, generator=generator)
                if tensor.ndim > 1:
                    tensor.copy_(noise * (2 / tensor[0].numel()) ** 0.5)
                else:
                    positive = name.endswith(("var", "weight"))
                    tensor.copy_(1 + 0.1 * noise.abs() if positive else 0.1 * noise)
        return network

    return give


@pytest.fixture
def noise() -> Callable[[int, int, int], Tensor]:
    """Makes (B, 3, H, W) uniform noise in [0, 1], the same each time."""
    return lambda batch, height, width: torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="session")
def small() -> Callable[[str], dict[str, Any]]:
    """Arguments of a generator with few features and blocks, found by trying: the table alone says what to test."""
    return small_arguments


@pytest.fixture(scope="session")
def scales() -> Callable[[str], tuple[int, ...]]:
    """The scales at which a generator can be built."""
    return supported_scales


@cache
def supported_scales(name: str) -> tuple[int, ...]:
    return tuple(scale for scale in (1, 2, 3, 4, 8) if builds(name, scale, small_arguments(name)))


@cache
def spandrel_sizes() -> dict[str, dict[str, Any]]:
    """Of the networks of another library: what is small there and still works like the large one, tried by hand."""
    path = Path(__file__).parent / "generators" / "spandrel_small.yml"
    return parse(path.read_text("utf-8"), str(path))


@cache
def small_arguments(name: str) -> dict[str, Any]:
    if name in spandrel_sizes():
        return {key: tuple(v) if isinstance(v, list) else v for key, v in spandrel_sizes()[name].items()}
    first = next(scale for scale in (2, 4, 3, 1, 8) if builds(name, scale, {}))
    found: dict[str, Any] = {}
    for parameter in list(inspect.signature(GENERATORS[name]).parameters.values())[1:]:
        for smaller in candidates(parameter):
            if builds(name, first, found | {parameter.name: smaller}):
                found[parameter.name] = smaller
                break
    return found


def candidates(parameter: inspect.Parameter) -> list[Any]:
    """Smaller values of an argument, smallest first."""
    name, default = parameter.name, parameter.default
    if name in {"in_channels", "out_channels"}:
        return []
    if parameter.annotation is int:
        tries = [1, 2, 3] if default < 12 or name in COUNTS else [8, 12, 16, 32]
        return [value for value in tries if value < default]
    if isinstance(default, tuple) and default and all(type(value) is int for value in default) and name != "scales":
        return [
            tuple(min(least, value) for value in default) for least in ((1, 2) if max(default) < 12 else (8, 12, 16))
        ]
    return []


def builds(name: str, scale: int, arguments: dict[str, Any]) -> bool:
    """Is there such a network? Built without memory where that can be done."""
    try:
        with torch.device("meta"):
            GENERATORS[name](scale, **arguments)
    except (OptionsError, AssertionError, ValueError, RuntimeError, ZeroDivisionError):
        return False
    return True
