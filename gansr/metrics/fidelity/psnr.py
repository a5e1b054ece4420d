"""Peak signal-to-noise ratio."""

import math

from torch import Tensor

from gansr.metrics.fidelity.comparison import Comparison
from gansr.metrics.fidelity.protocols import Colour


class PSNR:
    """Peak signal-to-noise ratio in dB of 8-bit images, on Y or RGB; higher is better.

    10 log10(255^2 / MSE) in float64, for each image by itself: the score of a set is the mean of PSNRs, not
    the PSNR of the mean error. Identical images score infinity, and so does a set that holds one.

    Args:
        scale: the magnification, the border of most protocols
        colour: y is what super-resolution papers print; rgb is 1 to 2 dB lower; null: the protocol's
        border: pixels cut off each side; null: the protocol's
        round_y: Y in 8 bits, as in MATLAB's evaluations; false: BasicSR's, up to 0.03 dB higher; null: the protocol's
        protocol: sr (8-bit Y, `scale` pixels cut), basicsr_rgb, ntire (RGB, `scale`) or ntire2017 (RGB, `scale` + 6);
            colour, border and round_y come before it

    Raises:
        OptionsError: there is no such protocol, or a border below 0.
    """

    higher_is_better = True
    unit = "dB"
    format = ".2f"

    def __init__(
        self,
        scale: int,
        colour: Colour | None = None,
        border: int | None = None,
        round_y: bool | None = None,
        protocol: str = "sr",
    ) -> None:
        self.comparison = Comparison.by(protocol, scale, colour, border, round_y)
        self.protocol = f"PSNR [dB], {self.comparison}"

    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """PSNR in dB of two uint8 images (C, H, W); `DataError` where they cannot be compared."""
        return decibels(*self.comparison.planes(sr, hr))


def decibels(one: Tensor, other: Tensor) -> float:
    """PSNR of two images of the same shape on the scale 0..255; infinity where they are equal."""
    error = (one - other).square().mean().item()
    return 10 * math.log10(255**2 / error) if error > 0 else math.inf
