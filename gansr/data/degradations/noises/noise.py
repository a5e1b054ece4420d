"""Noise of published pipelines and of cameras, a strength and a kind of its own for each sample.

Levels are those of 8 bits, so sigma 25 means 25/255. Fields of noise are drawn for the whole tensor; what lies outside
of an image is neither counted nor anything else but undefined. Noise taken from photos is in `patches`.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.checks import check_probability, check_range, check_weights
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.pipeline import one_of

KINDS = {"colour": 0.4, "grey": 0.4, "correlated": 0.2}
"""Kinds of Gaussian noise and their shares in BSRGAN (Zhang et al. 2021, `utils_blindsr.add_Gaussian_noise`)."""

CORRELATED = list(KINDS).index("correlated")
LEAST = 1e-12  # of what a logarithm or a division is taken of
BRIGHTNESS = (0.2989, 0.587, 0.114)  # torchvision's rgb_to_grayscale, which Real-ESRGAN takes


def gaussian_noise(sigma: tuple[float, float] = (1, 30), grey_probability: float = 0.4) -> Operation:
    """White Gaussian noise; clamps to [0, 1] afterwards, as Real-ESRGAN does.

    Args:
        sigma: range of the standard deviation, in levels of 255; the second order of Real-ESRGAN has (1, 25)
        grey_probability: how many of the samples get one field for all channels
    """
    return gaussian_or_poisson(1.0, sigma, (0.0, 0.0), grey_probability)


def poisson_noise(strength: tuple[float, float] = (0.05, 3), grey_probability: float = 0.4) -> Operation:
    """Poisson noise as Real-ESRGAN has it, see `poisson_field`; clamps to [0, 1] afterwards, as it does.

    Args:
        strength: range of what the noise is multiplied with; the second order of Real-ESRGAN has (0.05, 2.5)
        grey_probability: how many of the samples get the noise of their brightness in all channels
    """
    return gaussian_or_poisson(0.0, (0.0, 0.0), strength, grey_probability)


def gaussian_or_poisson(
    probability: float = 0.5,
    sigma: tuple[float, float] = (1, 30),
    strength: tuple[float, float] = (0.05, 3),
    grey_probability: float = 0.4,
) -> Operation:
    """Gaussian noise for some samples, Poisson noise for the others; clamps to [0, 1] afterwards, as Real-ESRGAN does.

    Args:
        probability: of Gaussian noise
        sigma: as in `gaussian_noise`
        strength: as in `poisson_noise`
        grey_probability: as in both
    """
    check_probability("probability", probability)
    check_probability("grey_probability", grey_probability)
    check_range("sigma", sigma, most=255)
    check_range("strength", strength)

    def gaussian(canvas: Canvas, draws: Draws, grey: bool) -> Canvas:
        deviation = draws.uniform(*sigma)
        _note_kind(draws, "gaussian", grey, sigma=deviation)
        normal = draws.normal(1 if grey else canvas.image.shape[1], *canvas.image.shape[-2:])
        return canvas.with_image((canvas.image + normal.mul_(_wide(deviation / 255))).clamp_(0, 1))

    def poisson(canvas: Canvas, draws: Draws, grey: bool) -> Canvas:
        factor = draws.uniform(*strength)
        _note_kind(draws, "poisson", grey, strength=factor)
        return canvas.with_image((canvas.image + poisson_field(canvas, factor, grey, draws.poisson)).clamp_(0, 1))

    ways = [partial(kind, grey=grey) for kind in (gaussian, poisson) for grey in (False, True)]
    shares = (1 - grey_probability, grey_probability)
    return one_of(ways, [kind * grey for kind in (probability, 1 - probability) for grey in shares])


def bsrgan_noise(level: tuple[float, float] = (2, 25), kinds: dict[str, float] = KINDS) -> Operation:
    """White Gaussian noise of BSRGAN: in colour, grey, or with channels that correlate; clamps to [0, 1] afterwards.

    Args:
        level: range of the standard deviation, in levels of 255, of which whole numbers are drawn; correlated noise
            always has the upper end for L in `random_covariance`, as BSRGAN has it
        kinds: weights of colour, grey and correlated
    """
    return _of_kinds(level, kinds, lambda image, noise: image + noise)


def speckle_noise(level: tuple[float, float] = (2, 25), kinds: dict[str, float] = KINDS) -> Operation:
    """Noise in proportion to the image, x + x n, for n of `bsrgan_noise`; clamps before and after, as KAIR does.

    Args:
        level: as in `bsrgan_noise`
        kinds: as in `bsrgan_noise`
    """
    return _of_kinds(level, kinds, lambda image, noise: torch.addcmul(bright := image.clamp(0, 1), bright, noise))


def camera_noise(shot: tuple[float, float] = (1e-4, 0.012), read: tuple[float, float] = (6e-9, 2e-4)) -> Operation:
    """Gaussian noise whose variance grows with brightness, shot x + read, in each channel by itself; does not clamp.

    The logarithms of both are drawn evenly. Defaults are those of Brooks et al. 2019 ("Unprocessing images for learned
    raw denoising") for raw images of phones: its range of shot, and the ends of its log read = 2.18 log shot + 1.20.
    There one tells the other but for a little noise, here both are free.

    Args:
        shot: range of the variance that white adds, in units of [0, 1]
        read: range of the variance at black
    """
    for name, variances in (("shot", shot), ("read", read)):
        check_range(name, variances, LEAST, 1)

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        slope, offset = (draws.uniform(math.log(low), math.log(high)).exp() for low, high in (shot, read))
        draws.note(shot=slope, read=offset)
        deviation = camera_deviation(canvas.image, slope, offset)
        return canvas.with_image(torch.addcmul(canvas.image, deviation, draws.normal(*canvas.image.shape[1:])))

    return operation


@torch.no_grad()  # what is rounded has no gradient
def poisson_field(canvas: Canvas, scale: Tensor, grey: bool, draw: Callable[[Tensor], Tensor]) -> Tensor:
    """Poisson noise of Real-ESRGAN (BasicSR's `generate_poisson_noise_pt`): (B, 3 or 1, H, W) to be added.

    The image is rounded to 8 bits. White stands for v events, where v is the number of levels that the sample has,
    rounded up to a power of 2: the noise is poisson(v x) / v - x, times `scale`. Grey noise is that of the brightness,
    with v from the brightness too.

    Args:
        canvas: images of 3 channels
        scale: (B,)
        grey: one field for all channels
        draw: rates to numbers of events
    """
    image = canvas.image
    if grey:
        red, green, blue = (weight * channel for weight, channel in zip(BRIGHTNESS, image.unbind(1), strict=True))
        image = (red + green + blue)[:, None]
    levels = _in_8_bits(image)
    if not canvas.full:  # outside of an image its first pixel again, which adds no level
        levels = torch.where(canvas.mask(), levels, levels[:, :, :1, :1])
    events = _wide(_power_of_two(count_levels(levels)))
    exact = levels.div_(255)
    rates = exact * events
    if not canvas.full:
        rates.mul_(canvas.mask())  # nothing is drawn for what is outside
    return draw(rates).div_(events).sub_(exact).mul_(_wide(scale))


def count_levels(levels: Tensor) -> Tensor:
    """How many different ones there are among levels from 0 to 255 of each sample: (B, C, H, W) to (B,)."""
    found = torch.zeros(len(levels), 256, device=levels.device)
    return found.scatter_(1, levels.long().flatten(1), 1.0).sum(1)


def random_covariance(matrix: Tensor, variances: Tensor) -> Tensor:
    """Covariances of R, G and B in BSRGAN for L = 1: |U' D U|, with D diagonal and U orthonormal.

    U are the left singular vectors of the matrix, largest first (scipy's `orth`). They are the eigenvectors of a 3x3
    matrix without zeros or signs, found in closed form but for the first: torch.linalg waits for the device. The
    absolute values of a 3x3 covariance are one again.

    Args:
        matrix: (B, 3, 3) in (0, 1)
        variances: (B, 3), the diagonal of D, in [0, 1)
    """
    squared = _product(matrix, matrix.mT)
    power = squared
    for _ in range(10):  # to the power of 1024: only the largest eigenvalue is left, however close the next
        power = _product(power, power)
        power = power / power.sum((1, 2), keepdim=True)
    first = _unit(power.sum(2))
    # It has no negative number, so it is never near the line along (1, -1, 0).
    across = _unit(torch.stack([first[:, 2], first[:, 2], -first[:, 0] - first[:, 1]], 1))
    plane = torch.stack([across, torch.linalg.cross(first, across)], 2)  # (B, 3, 2)
    inner = _product(plane.mT, _product(squared, plane))
    angle = torch.atan2(2 * inner[:, 0, 1], inner[:, 0, 0] - inner[:, 1, 1])[:, None] / 2
    second = angle.cos() * plane[:, :, 0] + angle.sin() * plane[:, :, 1]
    vectors = torch.stack([first, second, torch.linalg.cross(first, second)], 2)
    return _product(vectors.mT, variances[:, :, None] * vectors).abs()


def lower_root(covariance: Tensor) -> Tensor:
    """The lower triangle L with L L' = covariance, (B, 3, 3), Cholesky's: torch.linalg waits for the device."""
    (a, _, _), (b, c, _), (d, e, f) = (row.unbind(1) for row in covariance.unbind(1))
    top = a.clamp_min(LEAST).sqrt()
    left, below = b / top, d / top
    middle = (c - left**2).clamp_min(LEAST).sqrt()
    between = (e - below * left) / middle
    last = (f - below**2 - between**2).clamp_min(0).sqrt()
    none = torch.zeros_like(a)
    rows = ([top, none, none], [left, middle, none], [below, between, last])
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


def camera_deviation(image: Tensor, shot: Tensor, read: Tensor) -> Tensor:
    """Standard deviation sqrt(shot x + read) at each pixel, for (B,) of each; below black as at black."""
    return torch.addcmul(_wide(read), _wide(shot), image.clamp_min(0)).sqrt_()


def _of_kinds(
    level: tuple[float, float], kinds: dict[str, float], add: Callable[[Tensor, Tensor], Tensor]
) -> Operation:
    check_range("level", level, most=255)
    check_weights("kinds", kinds, KINDS)
    low, high = level

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        place, number = draws.choice([kinds.get(name, 0.0) for name in KINDS]), draws.whole(round(low), round(high))
        if draws.record is not None:
            draws.note(kind=(place, list(KINDS)))
            draws.note(place < CORRELATED, level=number)
        kind, deviation = place[:, None, None], number[:, None, None] / 255
        covariance = random_covariance(draws.uniform(0, 1, 3, 3), draws.uniform(0, 1, 3))
        apart = torch.eye(3, device=kind.device) * deviation
        alike = (torch.arange(3, device=kind.device) == 0) * deviation
        mixing = torch.where(kind == 0, apart, torch.where(kind == 1, alike, lower_root(covariance) * (high / 255)))
        noise = mixed(mixing, draws.normal(3, *canvas.image.shape[-2:]))
        return canvas.with_image(add(canvas.image, noise).clamp_(0, 1))

    return operation


def mixed(mixing: Tensor, field: Tensor) -> Tensor:
    """A matrix (B, 3, 3) times the channels of (B, 3, H, W); sums, since products of matrices may be in TF32."""
    one, two, three = (column[..., None, None] for column in mixing.unbind(2))  # (B, 3, 1, 1) each
    return (one * field[:, :1]).addcmul_(two, field[:, 1:2]).addcmul_(three, field[:, 2:])


def _note_kind(draws: Draws, kind: str, grey: bool, **drawn: Tensor) -> None:
    if draws.record is not None:
        every = torch.zeros(draws.size, dtype=torch.long)
        draws.note(kind=(every, (kind,)), grey=every == int(not grey), **drawn)


def _in_8_bits(image: Tensor) -> Tensor:
    return (image * 255).round_().clamp_(0, 255)


def _power_of_two(counts: Tensor) -> Tensor:
    """The least power of 2 that is not below: 2^ceil(log2 n), for n up to 256, without a logarithm's rounding."""
    powers = torch.tensor([2.0**power for power in range(9)]).to(counts.device, non_blocking=True)
    return torch.where(powers >= counts[:, None], powers, 256.0).amin(1)


def _product(left: Tensor, right: Tensor) -> Tensor:
    return (left[..., None] * right[..., None, :, :]).sum(-2)


def _unit(vector: Tensor) -> Tensor:
    return vector / vector.square().sum(1, keepdim=True).sqrt()


def _wide(numbers: Tensor) -> Tensor:
    return numbers[:, None, None, None]
