"""Blur kernels for a batch, each with parameters of its own: (B, side, side), float32, of sum 1.

All have the same odd `side`; where kernels are of different sizes, `sizes` (B,) says so, odd too: what lies outside of
the inner `sizes` x `sizes` is 0 and does not count in the sum. x points right and y down, so angles, in radians, turn
clockwise as one sees it. Parameters are (B,) and need no check here, except that a `sigma` of 0 means no blur.

The first four are the kernels of Real-ESRGAN (Wang et al. 2021, "Real-ESRGAN: Training Real-World Blind
Super-Resolution with Pure Synthetic Data", sections 3.2 and 3.4) as its published code computes them.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

SMALLEST_SIGMA = 1e-6  # a delta: less would only risk infinity minus infinity


def gaussian(sizes: Tensor, sigma_x: Tensor, sigma_y: Tensor, rotation: Tensor, side: int) -> Tensor:
    """exp(-q/2), where q is the squared distance to the centre in units of the sigmas along the rotated axes."""
    return _normalised((-_squared_distance(sigma_x, sigma_y, rotation, side) / 2).exp(), sizes)


def generalised_gaussian(
    sizes: Tensor, sigma_x: Tensor, sigma_y: Tensor, rotation: Tensor, beta: Tensor, side: int
) -> Tensor:
    """exp(-q^beta / 2), q as in `gaussian`: a more pointed peak for beta < 1, a flatter one for beta > 1."""
    distance = _squared_distance(sigma_x, sigma_y, rotation, side)
    return _normalised((-distance.pow(beta[:, None, None]) / 2).exp(), sizes)


def plateau(sizes: Tensor, sigma_x: Tensor, sigma_y: Tensor, rotation: Tensor, beta: Tensor, side: int) -> Tensor:
    """1 / (1 + q^beta), q as in `gaussian`."""
    distance = _squared_distance(sigma_x, sigma_y, rotation, side)
    return _normalised((1 + distance.pow(beta[:, None, None])).reciprocal(), sizes)


def sinc(sizes: Tensor, cutoff: Tensor, side: int) -> Tensor:
    """The ideal circular low-pass, cut to size: `cutoff` J1(`cutoff` r) / (2 pi r), J1 being Bessel's function.

    Args:
        sizes: (B,)
        cutoff: (B,), the largest angular frequency that passes, in radians per pixel, at most pi
        side: of the kernels
    """
    x, y = _grid(side, cutoff)
    distance = torch.hypot(x, y)
    nonzero = distance.clamp_min(1)  # beside the centre the nearest pixel is 1 away
    cutoff = cutoff[:, None, None]
    ring = cutoff * torch.special.bessel_j1(cutoff * distance) / (2 * math.pi * nonzero)
    return _normalised(torch.where(distance > 0, ring, cutoff.square() / (4 * math.pi)), sizes)


def moved(kernels: Tensor, shift: float) -> Tensor:
    """Kernels shifted to the right and down by so many pixels of 0 or more, interpolated linearly.

    What comes in from beyond an edge is that edge again. The sums become 1.
    """
    whole, part = int(shift), shift % 1
    side = kernels.shape[-1]
    # Linear interpolation is a mean of two shifts along each axis.
    padded = F.pad(kernels[:, None], (whole + 1, 0, whole + 1, 0), mode="replicate")[:, 0]
    rows = torch.lerp(padded[:, 1 : 1 + side], padded[:, :side], part)
    return _normalised(torch.lerp(rows[:, :, 1 : 1 + side], rows[:, :, :side], part))


def delta(count: int, side: int, device: torch.device | str = "cpu") -> Tensor:
    """`count` kernels that change nothing."""
    x, y = _grid(side, torch.empty(0, device=device))
    return ((x == 0) & (y == 0)).float().expand(count, side, side)


def motion(length: Tensor, angle: Tensor, side: int) -> Tensor:
    """A straight line; each pixel counts 1 minus its distance to the line, if that is positive.

    Args:
        length: (B,), in pixels, 1 or more: a length of 1 changes nothing, one of 3 along an axis is the mean of three
        angle: (B,)
        side: `motion_side` of the greatest length
    """
    along, across = _rotated(angle, side)
    beyond = (along.abs() - (length[:, None, None] - 1) / 2).clamp_min(0)
    return _normalised((1 - torch.hypot(beyond, across)).clamp_min(0))


def motion_side(length: float) -> int:
    """The odd side of a kernel that a line of this length fits into."""
    return 2 * math.ceil((length - 1) / 2) + 1


def disc(radius: Tensor, side: int) -> Tensor:
    """A disc, as an aperture blurs what is out of focus; its edge is a ramp one pixel wide.

    Args:
        radius: (B,), in pixels, 0 or more: up to 1/2 it changes nothing
        side: `disc_side` of the greatest radius
    """
    x, y = _grid(side, radius)
    return _normalised((radius[:, None, None] + 0.5 - torch.hypot(x, y)).clamp(0, 1))


def disc_side(radius: float) -> int:
    """The odd side of a kernel that a disc of this radius fits into."""
    return 2 * math.ceil(radius + 0.5) - 1


def _grid(side: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Each pixel's x (1, side) and y (side, 1), from the centre."""
    places = torch.arange(side, device=like.device, dtype=torch.float32) - (side - 1) / 2
    return places[None, :], places[:, None]


def _rotated(angle: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """Each pixel's place along the axis of this angle, and across it: (B, side, side) each."""
    x, y = _grid(side, angle)
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    return x * cosine + y * sine, y * cosine - x * sine


def _squared_distance(sigma_x: Tensor, sigma_y: Tensor, rotation: Tensor, side: int) -> Tensor:
    # Without the inverse covariance of the definition, which loses half of the digits where the sigmas differ much.
    along, across = _rotated(rotation, side)
    sigma_x, sigma_y = (sigma.clamp_min(SMALLEST_SIGMA)[:, None, None] for sigma in (sigma_x, sigma_y))
    return (along / sigma_x).square() + (across / sigma_y).square()


def _normalised(kernels: Tensor, sizes: Tensor | None = None) -> Tensor:
    if sizes is not None:
        x, y = _grid(kernels.shape[-1], kernels)
        reach = (sizes[:, None, None] - 1) / 2
        kernels = kernels * ((x.abs() <= reach) & (y.abs() <= reach))
    return kernels / kernels.sum((-2, -1), keepdim=True)
