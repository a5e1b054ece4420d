"""What metrics share that look through a frozen network."""

from contextlib import AbstractContextManager

import torch
from torch import Tensor

from gansr.metrics.fidelity.comparison import Comparison, match_colours


def rgb(image: Tensor) -> Tensor:
    """(1 or 3, H, W) on 0..255 -> float32 (3, H, W) in [0, 1]."""
    return (image.to(torch.float32) / 255).expand(3, -1, -1)


def rgb_pair(sr: Tensor, hr: Tensor, comparison: Comparison) -> tuple[Tensor, Tensor]:
    """Both uint8 images as float32 (1, 3, h, w) in [0, 1] without the border; beside a grey `hr`, `sr` is grey too.

    Raises:
        DataError: they cannot be compared, or nothing is left inside the border.
    """
    one, other = (comparison.crop(rgb(image))[None] for image in match_colours(sr, hr))
    return one, other


def exactly() -> AbstractContextManager[object]:
    """A context with the same number on every run: no choice of kernels by speed, no TF32."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
