"""What a degrader makes of HR images, and what can be read off it."""

from typing import NamedTuple

import torch
from torch import Tensor


class Degraded(NamedTuple):
    """LR images, and what a degrader that is structured says of how it made them."""

    lr: Tensor  # (B, C, H/scale, W/scale), neither clamped nor rounded
    kernel: Tensor | None = None  # (B, k, k), each adds up to 1; in HR pixels
    noise: Tensor | None = None  # as `lr`: what was added


@torch.no_grad()
def kernel_width(kernel: Tensor) -> Tensor:
    """Root of the second moment around the centroid, mean of both axes: of a Gaussian, its sigma. (B, k, k) -> (B,)."""
    kernel = kernel.double() if kernel.device.type != "mps" else kernel.float()
    place = torch.arange(kernel.shape[-1], dtype=kernel.dtype, device=kernel.device)
    moments = []
    for axis in (-2, -1):
        profile = kernel.sum(-1 if axis == -2 else -2)  # (B, k)
        mean = (profile * place).sum(-1, keepdim=True)
        moments.append((profile * (place - mean).square()).sum(-1))
    return torch.stack(moments).mean(0).sqrt().float()
