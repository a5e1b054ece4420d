"""Each image of a canvas with a kernel of its own."""

from typing import Literal

import torch
from torch import Tensor

from gansr.data.degradations.canvas import Canvas

Border = Literal["reflect", "replicate"]


def filter_canvas(canvas: Canvas, kernels: Tensor, border: Border = "reflect") -> Canvas:
    """Correlate each image, continued at its own border, with its own kernel, by way of FFT; nothing is clamped.

    Args:
        canvas: images of any sizes
        kernels: (B, side, side) with an odd side, or (1, side, side) for all
        border: as in `Canvas.filled`
    """
    side = kernels.shape[-1]
    height, width = canvas.image.shape[-2:]
    # Circular correlation reads past the end only for results beyond height and width: no zeros are needed around.
    sizes = tuple(_quick_length(length + side - 1) for length in (height, width))
    spectra = torch.fft.rfft2(canvas.filled(side // 2, border), s=sizes)
    spectra *= torch.fft.rfft2(kernels, s=sizes).conj()[:, None]
    image = torch.fft.irfft2(spectra, s=sizes)[..., :height, :width]
    return canvas.with_image(image.contiguous())


def _quick_length(length: int) -> int:
    """The least even number from `length` on that has no prime factor beyond 7: other lengths transform slowly."""
    while length % 2 or _without_small_factors(length) > 1:
        length += 1
    return length


def _without_small_factors(number: int) -> int:
    for factor in (2, 3, 5, 7):
        while number % factor == 0:
            number //= factor
    return number
