"""Bicubic resizing by whole factors, equal to MATLAB's `imresize`, on any device.

The kernel is the cubic of Keys 1981 ("Cubic convolution interpolation for digital image processing") with a
= -1/2, widened by the factor when the image shrinks (antialiasing). torch's antialiased bicubic is that
kernel, but it drops the taps outside the image, where MATLAB mirrors the image; hence every image is
surrounded by its own reflection first.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

# Ties are common, since the exact results are multiples of 1/256 (x2) to 1/65536 (x8): a tie that float64
# misses by 1e-14 is lifted back and rounded up, and 1e-6 is too little to lift anything else.
ROUND_HALF_UP = 0.5 + 1e-6


def reduce(image: Tensor, scale: int) -> Tensor:
    """Shrink (B, C, H, W) floats to (B, C, H/scale, W/scale): differentiable, not rounded, not clamped.

    H and W are multiples of `scale`: see `mod_crop`.
    """
    height, width = _reduced_size(image, scale)
    small = _bicubic(surround(image, 2 * scale), height + 4, width + 4)
    return small[..., 2:-2, 2:-2]


def enlarge(image: Tensor, scale: int) -> Tensor:
    """Enlarge (B, C, H, W) floats to (B, C, scale*H, scale*W): differentiable, not rounded, not clamped."""
    height, width = ((side + 4) * scale for side in image.shape[-2:])
    large, margin = _bicubic(surround(image, 2), height, width), 2 * scale
    return large[..., margin:-margin, margin:-margin]


def reduce_uint8(image: Tensor, scale: int) -> Tensor:
    """Shrink (B, C, H, W) bytes to (B, C, H/scale, W/scale) bytes, bit for bit as MATLAB shrinks uint8.

    H and W are multiples of `scale`: see `mod_crop`.
    """
    return reduce_window_uint8(surround(image, 2 * scale), scale)


def reduce_window_uint8(window: Tensor, scale: int) -> Tensor:
    """Shrink the inside of a window of bytes that brings `2 * scale` pixels around it on every side.

    So the LR of a crop is the crop of the LR, without the whole image at hand: (B, C, h + 4*scale, w +
    4*scale) to (B, C, h/scale, w/scale), bytes as in `reduce_uint8`. The kernel reaches 1.5 * scale pixels
    beyond h and w.
    """
    return _in_bytes(window, *_reduced_size(window, scale))[..., 2:-2, 2:-2]


def enlarge_uint8(image: Tensor, scale: int) -> Tensor:
    """Enlarge (B, C, H, W) bytes to (B, C, scale*H, scale*W) bytes, bit for bit as MATLAB enlarges uint8."""
    height, width = ((side + 4) * scale for side in image.shape[-2:])
    large, margin = _in_bytes(surround(image, 2), height, width), 2 * scale
    return large[..., margin:-margin, margin:-margin]


def mod_crop(image: np.ndarray, scale: int) -> np.ndarray:
    """Drop the last rows and columns of (H, W, C) until both sides are multiples of `scale`; a view."""
    height, width = (side - side % scale for side in image.shape[:2])
    return image[:height, :width]


def surround(image: Tensor, margin: int) -> Tensor:
    """Add `margin` mirrored pixels on each side of (..., H, W), edge pixels included: ... 2 1 0 | 0 1 2 ...

    An image smaller than the margin is mirrored again and again.
    """
    for axis in (-2, -1):
        missing = margin
        while missing > 0:
            side = image.shape[axis]
            step = min(missing, side)
            first, last = image.narrow(axis, 0, step), image.narrow(axis, side - step, step)
            image = torch.cat([first.flip(axis), image, last.flip(axis)], axis)
            missing -= step
    return image


def _reduced_size(image: Tensor, scale: int) -> tuple[int, int]:
    height, width = image.shape[-2:]
    assert height % scale == width % scale == 0, f"{height}x{width} does not divide by {scale}: mod_crop first"
    return height // scale, width // scale


def _in_bytes(image: Tensor, height: int, width: int) -> Tensor:
    """Resize bytes as MATLAB does: rows first, then columns, rounded and clamped after each pass."""
    # float64 makes every tie certain and costs little: 3.3 ms, float32 2.6 (CPU, x4, 16 windows of 144x144).
    precision = torch.float32 if image.device.type == "mps" else torch.float64  # mps has no float64
    levels = image.to(precision)
    for size in ((height, image.shape[-1]), (height, width)):
        levels = (_bicubic(levels, *size) + ROUND_HALF_UP).floor_().clamp_(0, 255)
    return levels.to(torch.uint8)


def _bicubic(image: Tensor, height: int, width: int) -> Tensor:
    # The size is given, not the factor: 1/3 has no exact float, the ratio of the two sizes has.
    return F.interpolate(image, size=(height, width), mode="bicubic", antialias=True)
