"""Structural similarity as a loss, at one scale and at several."""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from gansr.errors import OptionsError
from gansr.imaging.colour import grey
from gansr.imaging.filters import full_precision
from gansr.imaging.structure import SCALES, SIZE, similarity
from gansr.losses.pixel.distances import Loss

Colour = Literal["rgb", "y"]
LEAST = 1e-4  # of a factor of MS-SSIM: below it, powers are not defined or too steep


def ssim(colour: Colour = "rgb") -> Loss:
    """1 - SSIM: structure within windows of 11x11 pixels; 0 for identical images, at most 2.

    Wang et al. 2004, Eq. 13: Gaussian window of sigma 1.5, only where it fits, K1 = 0.01, K2 = 0.03, range 1; the
    mean over windows, channels and images, without clamping: the metric `ssim` on images in [0, 1]. Written out
    since kornia's gives no contrast term for `ms_ssim` and convolves, on GPUs in TF32, and torchmetrics' mean counts
    windows that hang over the border.

    Args:
        colour: rgb: mean of the three channels; y: brightness alone, so colours are free

    Raises:
        OptionsError: at the first step, images smaller than the window.
    """
    prepare = _prepare(colour)

    def loss(sr: Tensor, target: Tensor) -> Tensor:
        _fits("ssim", sr)
        luminance, contrast = similarity(prepare(sr), prepare(target.detach()))
        return 1 - (luminance * contrast).mean()

    return loss


def ms_ssim(colour: Colour = "rgb", scales: int = 5) -> Loss:
    """1 - MS-SSIM: structural similarity at several scales; 0 for identical images.

    Wang et al. 2003, Eq. 7: 1 - l_M^a_M prod_j c_j^a_j, c_j the mean contrast-structure of an image and channel at
    scale j, halved from scale to scale by 2x2 means; at the last scale l and c are multiplied before the mean. As
    many of the five scales are taken as hold a window of 11 pixels (five from 176 pixels, four from 88), and
    their published exponents are divided by their sum. A mean below 1e-4 counts as 1e-4, since powers of negative
    numbers are not defined and 0 would wipe out the gradient of all other scales. kornia's MS_SSIMLoss is another
    loss (Gaussians of several widths, plus l1), and torchmetrics' refuses images below 176 pixels.

    Args:
        colour: rgb: mean of the three channels; y: brightness alone
        scales: how many at most, 1 to 5

    Raises:
        OptionsError: `scales` out of range; at the first step, images smaller than the window.
    """
    if not 1 <= scales <= len(SCALES):
        raise OptionsError(f"ms_ssim: scales is {scales}; expected 1 to {len(SCALES)}.")
    prepare = _prepare(colour)

    def loss(sr: Tensor, target: Tensor) -> Tensor:
        _fits("ms_ssim", sr)
        sr, target = prepare(sr), prepare(target.detach())
        exponents = _exponents(min(sr.shape[-2:]), scales)
        factors = []
        for exponent in exponents:
            luminance, contrast = similarity(sr, target)
            last = len(factors) == len(exponents) - 1
            mean = (luminance * contrast if last else contrast).mean((-2, -1))  # (B, C)
            factors.append(mean.clamp_min(LEAST) ** exponent)
            if not last:
                sr, target = F.avg_pool2d(sr, 2), F.avg_pool2d(target, 2)
        return 1 - torch.stack(factors).prod(0).mean()

    return loss


def _exponents(side: int, scales: int) -> list[float]:
    """The exponent of each scale that still holds a window: the published ones of all five, else to a sum of 1."""
    fitting = [exponent for scale, exponent in enumerate(SCALES[:scales]) if side >> scale >= SIZE]
    return fitting if len(fitting) == len(SCALES) else [exponent / sum(fitting) for exponent in fitting]


def _prepare(colour: Colour) -> Callable[[Tensor], Tensor]:
    """What is compared; brightness alone (one channel) is its own Y."""
    if colour == "rgb":
        return full_precision
    return lambda image: grey(full_precision(image)) if image.shape[-3] == 3 else full_precision(image)


def _fits(name: str, image: Tensor) -> None:
    height, width = image.shape[-2:]
    if min(height, width) < SIZE:
        raise OptionsError(f"{name}: needs images of {SIZE}x{SIZE} pixels; these are {width}x{height}.")
