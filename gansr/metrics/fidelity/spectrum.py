"""Distance of power spectra: is there as much detail as there should be, wherever it lies?"""

import torch
from torch import Tensor

from gansr.errors import DataError, OptionsError
from gansr.metrics.fidelity.comparison import Comparison

FLOOR = 1 / 12
"""Power of rounding to whole levels, added to every spectrum: below it, what 8-bit images hold is no detail."""


class Spectrum:
    """Distance in dB of the radial log power spectra of SR and ground truth; lower is better, 0 is identical.

    Root mean square, over rings of frequencies, of 10 log10(P_sr / P_hr). P is the mean power on a ring of the plane
    minus its mean, under a Hann window in both directions; it is divided by the window's energy, so white noise of
    variance v has power v everywhere, and 1/12, that of rounding, is added. Phases do not count: it sees blur, missing
    or excessive texture, the grids that upsampling leaves, and not whether detail is in its place. Read it beside PSNR.

    Args:
        scale: the magnification, the border if that is null
        rings: of equal width between 0 and 0.5 cycles per pixel; corners beyond count to none
        border: pixels cut off each side; null: the scale

    Raises:
        OptionsError: fewer than 2 rings, or a border below 0.
    """

    higher_is_better = False
    unit = "dB"
    format = ".2f"

    def __init__(self, scale: int, rings: int = 16, border: int | None = None) -> None:
        if rings < 2:
            raise OptionsError(f"rings: expected 2 or more, found {rings}.")
        self.rings = rings
        self.comparison = Comparison("y", scale if border is None else border)
        self.protocol = (
            f"Spectrum distance [dB], {self.comparison}, Hann window, {rings} rings up to 0.5 cycles per pixel"
        )

    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """Distance of two uint8 images (C, H, W); `DataError` where they cannot be compared or are too small."""
        planes = self.comparison.planes(sr, hr)
        height, width = planes[0].shape[-2:]
        smallest = 4 * self.rings  # two frequencies in each ring of the shorter side: none is empty
        if min(height, width) < smallest:
            raise DataError(
                f"The spectrum distance with {self.rings} rings needs {smallest}x{smallest} pixels inside the border "
                f"of {self.comparison.border}; this image has {width}x{height} there."
            )
        spectra = torch.stack([radial_power(plane[0], self.rings) for plane in planes]) + FLOOR
        return (10 * (spectra[0] / spectra[1]).log10()).square().mean().sqrt().item()


def radial_power(plane: Tensor, rings: int) -> Tensor:
    """Mean power on each ring of frequencies: float64 (H, W) on 0..255 -> (rings,), in squared levels."""
    height, width = plane.shape
    windows = [torch.hann_window(side, periodic=True, dtype=plane.dtype, device=plane.device) for side in plane.shape]
    window = torch.outer(*windows)
    power = torch.fft.fft2((plane - plane.mean()) * window).abs().square() / window.square().sum()
    down, along = (torch.fft.fftfreq(side, dtype=plane.dtype, device=plane.device) for side in (height, width))
    ring = (torch.hypot(down[:, None], along) * 2 * rings).long()
    ring[0, 0] = rings  # the mean is no detail
    # Not bincount, which adds in random order on GPUs.
    return torch.stack([power[ring == number].mean() for number in range(rings)])
