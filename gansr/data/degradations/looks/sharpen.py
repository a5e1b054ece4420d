"""Unsharp masking, which Real-ESRGAN applies to its targets."""

import math

import torch
from torch import Tensor

from gansr.data.degradations.blurs import kernels
from gansr.data.degradations.blurs.filtering import filter_canvas
from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.checks import MOST_SIDE, check_probability
from gansr.data.degradations.draws import Draws
from gansr.errors import OptionsError


def unsharp_mask(image: Tensor, weight: float = 0.5, radius: int = 50, threshold: float = 10 / 255) -> Tensor:
    """Sharpen (B, C, H, W) in [0, 1] where there is something to sharpen; the result is in [0, 1].

    Real-ESRGAN's USM: with B the image blurred by a Gaussian and R = image - B, the sharpened image is
    image + `weight` R, clamped. It counts where |R| exceeds `threshold`, a mask that is blurred by the same Gaussian.

    Args:
        image: any sizes, mirrored at the border
        weight: how much
        radius: the Gaussian has so many pixels, or one more if that is even; its sigma is OpenCV's for that number
        threshold: the least difference that is an edge
    """
    return _sharpened(Canvas.of(image), weight, radius, threshold)


def sharpen(probability: float = 1.0, weight: float = 0.5, radius: int = 50, threshold: float = 10 / 255) -> Operation:
    """Unsharp masking as Real-ESRGAN does it; see `unsharp_mask`.

    Args:
        probability: of any change
        weight: how much
        radius: the Gaussian has so many pixels, or one more if that is even
        threshold: the least difference that is an edge, in [0, 1]
    """
    check_probability("probability", probability)
    if not 0 <= weight < math.inf:
        raise OptionsError(f"weight is {weight:g}; expected a finite number of 0 or more.")
    if not 0 <= threshold <= 1:
        raise OptionsError(f"threshold is {threshold:g}; expected a number from 0 to 1.")
    if not 1 <= radius <= MOST_SIDE:
        raise OptionsError(f"radius is {radius}; expected 1 to {MOST_SIDE} pixels.")

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        sharp = canvas.with_image(_sharpened(canvas, weight, radius, threshold))
        chosen = draws.chance(probability)
        draws.only(chosen)
        return sharp.where(chosen, canvas)

    return operation


def opencv_sigma(size: int) -> float:
    """The sigma that `cv2.getGaussianKernel(size, 0)` takes; for the smallest sizes it has tables instead."""
    return 0.3 * ((size - 1) / 2 - 1) + 0.8


def _sharpened(canvas: Canvas, weight: float, radius: int, threshold: float) -> Tensor:
    size = radius + 1 - radius % 2
    image = canvas.image
    sigma = torch.full((1,), opencv_sigma(size), device=image.device)
    # FFT, though the Gaussian is separable: for 12 images of 400x400 two passes of 51 sums take twice as long.
    kernel = kernels.gaussian(torch.full_like(sigma, size), sigma, sigma, torch.zeros_like(sigma), size)
    residual = image - filter_canvas(canvas, kernel).image
    mask = canvas.with_image((residual.abs() > threshold).to(image.dtype))
    soft = filter_canvas(mask, kernel).image
    return image + soft * ((image + weight * residual).clamp(0, 1) - image)
