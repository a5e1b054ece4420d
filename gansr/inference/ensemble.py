"""Self-ensemble: the mean of what a network makes of an image turned and mirrored."""

from collections.abc import Callable

import torch
from torch import Tensor

TURNS = [(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)]
"""The eight ways to lay a square on itself: mirrored left to right or not, then turned by so many quarters."""


def self_ensemble(upscale: Callable[[Tensor], Tensor], lr: Tensor) -> Tensor:
    """Upscale (B, C, h, w) eight times, each result laid back, and average the floats: (B, C, scale*h, scale*w).

    The geometric self-ensemble of Lim et al. 2017 (EDSR+, section 3.4): 8 times the time, and the memory of one.
    Nothing is rounded or clamped before the mean, as the networks' answers are floats.
    """
    total: Tensor | None = None
    for quarters, mirrored in TURNS:
        sr = lay_back(upscale(lay(lr, quarters, mirrored)).float(), quarters, mirrored)
        total = sr if total is None else total + sr
    assert total is not None
    return total / len(TURNS)


def lay(image: Tensor, quarters: int, mirrored: bool) -> Tensor:
    """(..., h, w), mirrored and then turned; the sides change places for an odd number of quarters."""
    image = image.flip(-1) if mirrored else image
    return torch.rot90(image, quarters, (-2, -1)).contiguous()


def lay_back(image: Tensor, quarters: int, mirrored: bool) -> Tensor:
    """What `lay` made, as it was."""
    image = torch.rot90(image, -quarters, (-2, -1))
    return image.flip(-1) if mirrored else image
