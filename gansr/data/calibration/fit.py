"""A degradation's parameters, found by comparing what it makes of sharp photos with real LR.

Every estimate has errors of its own: compression hides noise, texture passes for noise, a motif for blur. They are the
same in both folders if the same estimate is taken of both. So nothing is believed but that equal parameters give equal
estimates: parameters change until they do (indirect inference, Gourieroux et al. 1993). How much the estimates differ
between images is compared in the same way, so a fixed blur is found to be one although each photo's estimate differs.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gansr.data.calibration.samples import Folder, shape_distance

UNIFORM = 0.8  # of an even distribution's range lies between its percentiles 10 and 90
STEPS = 8
DECIBELS = 10 * math.log10(math.e) * (math.pi / 2) ** 2  # at 1/4 cycle per pixel, for a variance of 1
MOST_GAIN = 5.0
CERTAIN = 1.6  # standard errors
LEAST_SIGMA = 0.7  # of noise, levels: less is rounding to 8 bits
LEAST_WIDTH = 0.3  # of blur, HR pixels
ELONGATED = 1.25  # ratio of the two widths from which on blur has a direction
NOISY = 2.0  # levels from which on its dependence on brightness can be told
SKEWED = 2.0  # ratio of the two sides of the median from which on each has a range of its own
SHOT, MOST_SHOT = 0.5, 0.98  # share of the variance from which on noise is a camera's, and that it has at most
SETTLED = 0.01  # share of itself: who changes by less has been found
MOSTLY = 0.5  # share of compressed images from which on noise is not white, and blur is sought otherwise
FEW, NEARLY_ALL = 0.05, 0.95  # shares of compressed images that count for none and for all


@dataclass(frozen=True)
class Parameters:
    """Of blur, noise and compression, in this order.

    Args:
        covariance: of the blur, (2, 2) of x and y, squared LR pixels
        blur_spread: percentile 90 less percentile 10 of the blur's variance in different images, squared LR pixels
        sigma: of the noise, levels of 255, median
        sigma_spreads: median less percentile 10, percentile 90 less median
        grey: share of the images whose channels have the same noise
        shot_share: how much of the noise's variance at half brightness grows with it, or None: none of it does
        quality: range of JPEG's
        compressed: share of the images that are JPEG
        directed: whether the blur is wider along one axis; else the covariance is a multiple of the identity
    """

    covariance: np.ndarray
    blur_spread: float
    sigma: float
    sigma_spreads: tuple[float, float]
    grey: float
    shot_share: float | None
    quality: tuple[int, int] | None
    compressed: float
    directed: bool = False

    def rows(self, scale: int) -> list[dict[str, Any]]:
        """The operations, as `data.train.degradation` has them."""
        found = [self.blur(scale), {"type": "matlab_bicubic"}, self.noise(), self.jpeg(), {"type": "to_8_bit"}]
        return [row for row in found if row]

    def blur(self, scale: int) -> dict[str, Any] | None:
        """The row of its blur, in HR pixels; None where there is none."""
        variances, axes = np.linalg.eigh(self.covariance)  # the smaller one first
        mean = variances.mean()
        half = min(self.blur_spread / UNIFORM / 2 / max(mean, 1e-6), 1)
        if mean <= 0:  # on the whole as sharp as bicubic; but some may be blurred
            variances, half = np.full(2, self.blur_spread / UNIFORM / 4), 1
        widths = [[_width(value * (1 + sign * half), scale) for sign in (-1, 1)] for value in variances[::-1]]
        largest = widths[0][1]
        if largest < LEAST_WIDTH:
            return None
        row = {"type": "gaussian", "sigma": widths[0], "size": 2 * max(3, math.ceil(3.5 * largest)) + 1}
        if self.directed:
            angle = round(math.atan2(axes[1, 1], axes[0, 1]) % math.pi, 3)
            row |= {"sigma_across": widths[1], "rotation": [angle, angle]}
        return row

    def noise(self) -> dict[str, Any] | None:
        """The row of its noise; None where there is none."""
        below, above = (spread / UNIFORM for spread in self.sigma_spreads)
        low, high = max(0.0, self.sigma - below), self.sigma + above
        if high < LEAST_SIGMA:
            return None
        if max(above, self.sigma - low) < SKEWED * min(above, self.sigma - low) or high - low < LEAST_SIGMA:
            return self._noise_between(low, high)
        halves = [[self._noise_between(*ends)] for ends in ((low, self.sigma), (self.sigma, high))]
        return {"type": "one_of", "branches": halves}

    def _noise_between(self, low: float, high: float) -> dict[str, Any]:
        if self.shot_share is None:
            return {"type": "gaussian_noise", "sigma": [round(low, 2), round(high, 2)], "grey_probability": self.grey}
        variances = [(max(end, 0.1) / 255) ** 2 for end in (low, high)]
        parts = {"shot": 2 * self.shot_share, "read": 1 - self.shot_share}
        ranges = {name: [float(f"{part * each:.3g}") for each in variances] for name, part in parts.items()}
        return {"type": "camera_noise", **ranges}

    def jpeg(self) -> dict[str, Any] | None:
        """The row of its compression; None where there is none."""
        if self.quality is None:
            return None
        row = {"type": "jpeg", "quality": list(self.quality), "whole": True, "tables": "libjpeg"}
        return row if self.compressed == 1 else row | {"when": self.compressed}


Degrade = Callable[[Parameters], Folder]
"""What the degradation with these parameters makes of the sharp photos, measured."""


@dataclass(frozen=True)
class Fit:
    """Where the search ended."""

    parameters: Parameters
    output: Folder


def first_guess(real: Folder) -> Parameters:
    """What the estimates say when they are believed."""
    compressed = 0.0 if real.compressed < FEW else 1.0 if real.compressed > NEARLY_ALL else round(real.compressed, 2)
    variances = np.linalg.eigvalsh(real.covariance)
    apart = variances[1] - variances[0]
    directed = bool(apart > 3 * real.covariance_error and variances[1] > ELONGATED**2 * max(variances[0], 0.02))
    camera = real.shot_share > SHOT and real.correlation < 0.5 and real.sigma[1] > NOISY and compressed < 0.9
    return Parameters(
        covariance=_isotropic(real.covariance, directed),
        blur_spread=0.0,
        sigma=float(real.sigma[1]),
        sigma_spreads=(0.0, 0.0),
        grey=round(real.correlation, 2),
        shot_share=min(real.shot_share, MOST_SHOT) if camera else None,
        quality=_quality(real.qualities) if compressed else None,
        compressed=compressed,
        directed=directed,
    )


def fit(real: Folder, degrade: Degrade) -> Fit:
    """Parameters whose degradation gives the estimates that real LR has. Same photos and seed, same result."""
    tried: list[Fit] = []
    parameters = first_guess(real)
    for _ in range(STEPS):
        tried.append(Fit(parameters, degrade(parameters)))
        parameters = _corrected(tried, real)
        if _settled(tried[-1].parameters, parameters):
            break
    return min(tried, key=lambda one: _distance(real, one))


def _corrected(tried: Sequence[Fit], real: Folder) -> Parameters:
    found, output = tried[-1].parameters, tried[-1].output
    if found.compressed > MOSTLY:
        blur, noise = real.left_of(output, found.covariance)
        blur, sigma = _isotropic(blur, found.directed), found.sigma * math.exp(noise / 2)
    else:
        blur = _gain(tried) * _isotropic(real.covariance - output.covariance, found.directed)
        sigma = found.sigma * (real.sigma[1] + 0.1) / (output.sigma[1] + 0.1)
    share = found.shot_share
    if share is not None:
        share = float(np.clip(share + real.shot_share - output.shot_share, 0.02, MOST_SHOT))
    return replace(
        found,
        covariance=found.covariance + blur,
        blur_spread=_spread(found.blur_spread, real.blurs, output.blurs, (10, 90)),
        sigma=float(np.clip(sigma, found.sigma / 2 - 0.1, 2 * found.sigma + 0.1)),
        sigma_spreads=(
            _spread(found.sigma_spreads[0], real.sigmas, output.sigmas, (10, 50)),
            _spread(found.sigma_spreads[1], real.sigmas, output.sigmas, (50, 90)),
        ),
        grey=round(float(np.clip(found.grey + real.correlation - output.correlation, 0, 1)), 2),
        shot_share=share,
    )


def _settled(before: Parameters, after: Parameters) -> bool:
    """Nothing changes any more, but by what the estimates cannot tell."""
    blur = np.abs(after.covariance - before.covariance).max() < SETTLED * max(np.trace(before.covariance), 0.1)
    spreads = ((one.blur_spread, *one.sigma_spreads, one.sigma, one.grey) for one in (before, after))
    return bool(blur and np.allclose(*spreads, rtol=SETTLED, atol=SETTLED))


def _gain(tried: Sequence[Fit]) -> float:
    """How much more the blur has to change than its estimate: noise and compression hide some of it (secant)."""
    if len(tried) < 2:
        return 1.0
    before, now = tried[-2:]
    cause = now.parameters.covariance - before.parameters.covariance
    effect = _isotropic(now.output.covariance - before.output.covariance, now.parameters.directed)
    return float(np.clip((cause * effect).sum() / max((effect**2).sum(), 1e-8), 1, MOST_GAIN))


def _isotropic(covariance: np.ndarray, directed: bool) -> np.ndarray:
    """The same width along both axes, unless there is a direction."""
    return covariance if directed else np.eye(2) * np.trace(covariance) / 2


def _spread(found: float, real: np.ndarray, output: np.ndarray, percentiles: tuple[int, int]) -> float:
    """Spreads of independent causes add as squares: what the estimates' own errors cause is in both.

    The first of it is believed only if so few images could not have it by chance.
    """
    wide, wide_error = _between(real, percentiles)
    narrow, narrow_error = _between(output, percentiles)
    if found == 0 and wide - narrow < CERTAIN * math.hypot(wide_error, narrow_error):
        return 0.0
    return math.sqrt(max(0.0, found**2 + wide**2 - narrow**2))


def _between(values: np.ndarray, percentiles: tuple[int, int]) -> tuple[float, float]:
    """The difference of two percentiles and its standard error, by the bootstrap."""
    drawn = np.random.default_rng(0).integers(0, len(values), (200, len(values)))
    low, high = np.percentile(values[drawn], percentiles, axis=1)
    return float(np.subtract(*np.percentile(values, percentiles[::-1]))), float((high - low).std())


def _distance(real: Folder, tried: Fit) -> float:
    """In decibels: of the spectra at equal contrast, and of noise and blur at each percentile.

    Of compressed images, what is left of noise and blur tells more than the percentiles of single images.
    """
    output = tried.output
    if tried.parameters.compressed > MOSTLY:
        left, ratio = real.left_of(output, tried.parameters.covariance)
        noise, blur = 10 * math.log10(math.e) * np.array(ratio), DECIBELS * np.linalg.eigvalsh(left)
    else:
        noise = 20 * np.log10((real.sigma + 0.5) / (output.sigma + 0.5))
        blur = DECIBELS * (real.blur - output.blur)
    return shape_distance(real, output) + float(np.abs(noise).mean() + np.abs(blur).mean())


def _quality(qualities: np.ndarray) -> tuple[int, int]:
    """An even distribution with the same percentiles 10 and 90, within what was found."""
    low, high = np.percentile(qualities, (10, 90))
    beyond = (high - low) * (1 / UNIFORM - 1) / 2
    return max(round(low - beyond), int(qualities.min())), min(round(high + beyond), int(qualities.max()))


def _width(variance: float, scale: int) -> float:
    """In HR pixels, of a variance in squared LR pixels."""
    return round(scale * math.sqrt(max(variance, 0.0)), 2)
