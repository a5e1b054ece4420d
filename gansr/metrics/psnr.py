"""Peak signal-to-noise ratio."""

import math

from torch import Tensor

from gansr.metrics.comparison import Colour, Comparison


class PSNR:
    """Peak signal-to-noise ratio in dB of 8-bit images, on Y or RGB; higher is better.

    10 log10(255^2 / MSE) in float64, for each image by itself: the score of a set is the mean of PSNRs, not
    the PSNR of the mean error. Identical images score infinity, and so does a set that holds one.

    Args:
        scale: the magnification, the default border
        colour: y is what super-resolution papers print; rgb is 1 to 2 dB lower
        border: pixels cut off each side; omitted: the scale
        round_y: Y in 8 bits, as in MATLAB's evaluations; false: BasicSR's, up to 0.03 dB higher
    """

    higher_is_better = True
    unit = "dB"
    format = ".2f"

    def __init__(self, scale: int, colour: Colour = "y", border: int | None = None, round_y: bool = True) -> None:
        self.comparison = Comparison(colour, scale if border is None else border, round_y)
        self.protocol = f"PSNR [dB], {self.comparison}"

    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """PSNR in dB of two uint8 images (C, H, W); `DataError` where they cannot be compared."""
        sr, hr = self.comparison.planes(sr, hr)
        error = (sr - hr).square().mean().item()
        return 10 * math.log10(255**2 / error) if error > 0 else math.inf
