"""Structural similarity, window by window: what the metrics report and what the losses minimise."""

import torch
from torch import Tensor

from gansr.imaging.filters import gaussian, separable

SIZE = 11
"""Pixels of the window in each direction."""

WINDOW = gaussian(SIZE, 1.5)
K1, K2 = 0.01, 0.03

SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of MS-SSIM's five scales, the finest first (Wang et al. 2003)."""


def similarity(one: Tensor, other: Tensor, span: float = 1.0) -> tuple[Tensor, Tensor]:
    """Luminance and contrast-structure of each window, (B, C, H - 10, W - 10) both: SSIM is their product.

    Wang et al. 2004, Eq. 13 in two factors, of images (B, C, H, W) whose values reach from 0 to `span`.
    """
    c1, c2 = (K1 * span) ** 2, (K2 * span) ** 2
    moments = torch.cat([one, other, one * one, other * other, one * other])
    mean, mean_other, square, square_other, product = separable(moments, WINDOW, WINDOW).chunk(5)
    products, squares = mean * mean_other, mean * mean + mean_other * mean_other
    luminance = (2 * products + c1) / (squares + c1)
    # Neither variance is clamped at 0: rounding is far below c2, and a clamp would stop gradients in flat regions.
    contrast = (2 * (product - products) + c2) / (square + square_other - squares + c2)
    return luminance, contrast
