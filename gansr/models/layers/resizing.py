"""Changing the size of maps inside networks."""

import torch
from torch import Tensor
from torch.nn import functional as F

from gansr.imaging.resize import enlarge

FACTORS = {2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}
"""Scale -> the factors of the steps that reach it."""


def pad_to_multiple(image: Tensor, multiple: int) -> Tensor:
    """Repeat the last row and column until both sides are multiples. (B, C, H, W) -> (B, C, H', W')."""
    height, width = image.shape[-2:]
    bottom, right = -height % multiple, -width % multiple
    if bottom or right:
        return F.pad(image, (0, right, 0, bottom), mode="replicate")
    return image


def enlarge_to(image: Tensor, least: int) -> Tensor:
    """Enlarge the sides that are shorter than `least` to it (bilinear); larger images pass untouched."""
    height, width = image.shape[-2:]
    if min(height, width) < least:
        size = (max(height, least), max(width, least))
        return F.interpolate(image, size=size, mode="bilinear", align_corners=False)
    return image


def bicubic(image: Tensor, scale: int) -> Tensor:
    """MATLAB's bicubic enlargement, in at least single precision inside: (B, C, H, W) -> (B, C, scale * H, scale * W).

    What pre-upsampling networks begin with, and what residual ones add to their output. Scale 1 returns the image.
    """
    return (
        image
        if scale == 1
        else enlarge(image.to(torch.promote_types(image.dtype, torch.float32)), scale).to(image.dtype)
    )
