"""Structural similarity."""

from torch import Tensor

from gansr.errors import DataError
from gansr.imaging.structure import SIZE, similarity
from gansr.metrics.fidelity.comparison import Comparison
from gansr.metrics.fidelity.protocols import Colour


class SSIM:
    """Structural similarity of 8-bit images, on Y or RGB; higher is better, 1 is identical.

    Wang et al. 2004, as MATLAB's `ssim_index` without its down-sampling: 11x11 Gaussian window of sigma 1.5,
    only where it fits ("valid"), K1 = 0.01, K2 = 0.03, 0..255; RGB is the mean of the three channels.

    Args:
        scale: the magnification, the border of most protocols
        colour: y is what super-resolution papers print; null: the protocol's
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
        self.protocol = f"SSIM, {self.comparison}, 11x11 Gaussian window"

    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """SSIM of two uint8 images (C, H, W); `DataError` where they cannot be compared."""
        sr, hr = self.comparison.planes(sr, hr)
        height, width = hr.shape[-2:]
        if min(height, width) < SIZE:
            raise DataError(
                f"SSIM needs {SIZE}x{SIZE} pixels inside the border of {self.comparison.border}; "
                f"this image has {width}x{height} there."
            )
        # float64: in float32 the variances of flat regions drown in rounding.
        luminance, contrast = similarity(sr[None], hr[None], span=255.0)
        return (luminance * contrast).mean().item()
