"""Brightness of RGB images, with the weights of ITU-R BT.601."""

import torch
from torch import Tensor

WEIGHTS = (65.481, 128.553, 24.966)  # of R, G, B in [0, 1]; they add up to 219, the span of studio range


def luma(rgb: Tensor) -> Tensor:
    """Y of BT.601 in studio range, MATLAB's `rgb2ycbcr` before rounding: what the field scores.

    (..., 3, H, W) in [0, 1] becomes (..., 1, H, W) in [16/255, 235/255].
    """
    return (_weighted(rgb) + 16) / 255


def luma_uint8(rgb: Tensor) -> Tensor:
    """Y of BT.601 in studio range, in 8 bits as MATLAB's `rgb2ycbcr` of a uint8 image gives it.

    Uint8 (..., 3, H, W) becomes uint8 (..., 1, H, W) from 16 to 235. Computed in whole thousandths, so that what lies
    exactly between two levels rounds up; in floating point some of it falls below the half.
    """
    channels = rgb.long().unbind(-3)
    assert len(channels) == 3, f"expected 3 channels, found {len(channels)}"
    red, green, blue = (round(1000 * weight) * channel for weight, channel in zip(WEIGHTS, channels, strict=True))
    thousandths = red + green + blue  # of 255ths
    return (16 + (thousandths + 127_500).div(255_000, rounding_mode="floor")).to(torch.uint8).unsqueeze(-3)


def grey(rgb: Tensor) -> Tensor:
    """Brightness in full range: (..., 3, H, W) in [0, 1] becomes (..., 1, H, W) in [0, 1].

    The weights are those of `luma`, so equal channels return themselves.
    """
    return _weighted(rgb) / 219


def _weighted(rgb: Tensor) -> Tensor:
    channels = rgb.unbind(-3)
    assert len(channels) == 3, f"expected 3 channels, found {len(channels)}"
    red, green, blue = (weight * channel for weight, channel in zip(WEIGHTS, channels, strict=True))
    return (red + green + blue).unsqueeze(-3)
