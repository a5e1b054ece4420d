"""Networks and images whose values depend on nothing but their shapes."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn


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
