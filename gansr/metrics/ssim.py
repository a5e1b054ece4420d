"""Structural similarity."""

from torch import Tensor

from gansr.errors import DataError
from gansr.metrics.comparison import Colour, Comparison

WINDOW = 11


class SSIM:
    """Structural similarity of 8-bit images, on Y or RGB; higher is better, 1 is identical.

    Wang et al. 2004, as MATLAB's `ssim_index` without its down-sampling: 11x11 Gaussian window of sigma 1.5,
    only where it fits ("valid"), K1 = 0.01, K2 = 0.03, 0..255; RGB is the mean of the three channels.

    Args:
        scale: the magnification, the default border
        colour: y is what super-resolution papers print
        border: pixels cut off each side; omitted: the scale
        round_y: Y in 8 bits, as in MATLAB's evaluations; false: BasicSR's
    """

    higher_is_better = True
    unit = ""
    format = ".4f"

    def __init__(self, scale: int, colour: Colour = "y", border: int | None = None, round_y: bool = True) -> None:
        self.comparison = Comparison(colour, scale if border is None else border, round_y)
        self.protocol = f"SSIM, {self.comparison}, 11x11 Gaussian window"

    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """SSIM of two uint8 images (C, H, W); `DataError` where they cannot be compared."""
        from kornia.metrics import ssim

        sr, hr = self.comparison.planes(sr, hr)
        height, width = hr.shape[-2:]
        if min(height, width) < WINDOW:
            raise DataError(
                f"SSIM needs {WINDOW}x{WINDOW} pixels inside the border of {self.comparison.border}; "
                f"this image has {width}x{height} there."
            )
        # float64: in float32 the variances of flat regions drown in rounding.
        return ssim(sr[None], hr[None], WINDOW, max_val=255.0, padding="valid").mean().item()
