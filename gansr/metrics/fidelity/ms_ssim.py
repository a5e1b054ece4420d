"""Structural similarity at several scales."""

import torch
from torch import Tensor
from torch.nn import functional as F

from gansr.errors import DataError
from gansr.imaging.structure import SCALES, SIZE, similarity
from gansr.metrics.fidelity.comparison import Comparison
from gansr.metrics.fidelity.protocols import Colour

SMALLEST = SIZE * 2 ** (len(SCALES) - 1)
"""Pixels of the shorter side whose fifth scale still holds a window."""


class MSSSIM:
    """Structural similarity at five scales of 8-bit images, on Y or RGB; higher is better, 1 is identical.

    Wang, Simoncelli, Bovik 2003, Eq. 7 with its exponents: the means over windows of contrast-structure at four
    scales, times that of SSIM at the fifth. The window is SSIM's; each scale is the 2x2 mean of the one before, and an
    odd last row or column is left out. A negative mean counts as 0, since its power is not defined, as in
    torchmetrics. RGB is the mean of the three channels' scores. It forgives fine texture that SSIM punishes.

    Args:
        scale: the magnification, the border of most protocols
        colour: y or rgb; null: the protocol's
        border: pixels cut off each side; null: the protocol's
        round_y: Y in 8 bits, as in MATLAB's evaluations; false: BasicSR's; null: the protocol's
        protocol: sr (8-bit Y, `scale` pixels cut), basicsr_rgb, ntire (RGB, `scale`) or ntire2017 (RGB, `scale` + 6);
            colour, border and round_y come before it

    Raises:
        OptionsError: there is no such protocol, or a border below 0.
    """

    higher_is_better = True
    unit = ""
    format = ".4f"

    def __init__(
        self,
        scale: int,
        colour: Colour | None = None,
        border: int | None = None,
        round_y: bool | None = None,
        protocol: str = "sr",
    ) -> None:
        self.comparison = Comparison.by(protocol, scale, colour, border, round_y)
        self.protocol = f"MS-SSIM, {self.comparison}, five scales, 11x11 Gaussian window"

    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """MS-SSIM of two uint8 images (C, H, W); `DataError` where they cannot be compared or are too small."""
        sr, hr = self.comparison.planes(sr, hr)
        height, width = hr.shape[-2:]
        if min(height, width) < SMALLEST:
            raise DataError(
                f"MS-SSIM needs {SMALLEST}x{SMALLEST} pixels inside the border of {self.comparison.border}, for five "
                f"scales of at least {SIZE} pixels; this image has {width}x{height} there."
            )
        one, other = sr[None], hr[None]
        factors = []
        for number, exponent in enumerate(SCALES, start=1):
            luminance, contrast = similarity(one, other, span=255.0)
            mean = (contrast if number < len(SCALES) else luminance * contrast).mean((-2, -1))  # (1, C)
            factors.append(mean.clamp_min(0) ** exponent)
            one, other = F.avg_pool2d(one, 2), F.avg_pool2d(other, 2)
        return torch.stack(factors).prod(0).mean().item()
