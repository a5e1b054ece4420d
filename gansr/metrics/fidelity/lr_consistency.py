"""Does SR, brought down again, give the LR that it was made of?"""

from torch import Tensor

from gansr.errors import DataError
from gansr.imaging.resize import reduce_uint8
from gansr.metrics.fidelity.comparison import Comparison
from gansr.metrics.fidelity.protocols import Colour
from gansr.metrics.fidelity.psnr import decibels


class LRConsistency:
    """PSNR in dB of SR, brought down by MATLAB's bicubic, against LR; higher is better, without ground truth.

    LR-PSNR of Lugmayr et al. 2021 (NTIRE, learning the super-resolution space), where 45 dB counted as consistent: what
    was invented should vanish at the size of LR. SR is brought down in 8 bits, as MATLAB's `imresize` of a uint8 image.
    It means something for LR that was made so; of other LR (blurred, noisy, compressed) a good SR is not consistent.

    Args:
        scale: the magnification
        colour: rgb as in the challenge, or y, 8-bit Y of BT.601 studio range
        border: pixels of LR cut off each side

    Raises:
        OptionsError: a border below 0.
    """

    higher_is_better = True
    unit = "dB"
    format = ".2f"
    needs_hr = False

    def __init__(self, scale: int, colour: Colour = "rgb", border: int = 0) -> None:
        self.scale = scale
        self.comparison = Comparison(colour, border)
        self.protocol = (
            f"LR consistency: PSNR [dB] of SR, brought down x{scale} by MATLAB's bicubic, against LR, "
            f"{self.comparison}; without ground truth"
        )

    def __call__(self, sr: Tensor, hr: Tensor | None = None, *, lr: Tensor) -> float:
        """PSNR in dB of uint8 `sr` (C, scale*h, scale*w) against uint8 `lr` (C, h, w), whatever `hr` is.

        Raises:
            DataError: `sr` is not `scale` times as large as `lr`.
        """
        (height, width), (low_height, low_width) = sr.shape[-2:], lr.shape[-2:]
        if (height, width) != (self.scale * low_height, self.scale * low_width):
            raise DataError(
                f"LR consistency: an SR of {width}x{height} pixels is not {self.scale} times as large as an LR of "
                f"{low_width}x{low_height}."
            )
        return decibels(*self.comparison.planes(reduce_uint8(sr[None], self.scale)[0], lr))
