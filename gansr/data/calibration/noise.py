"""Noise of one image: how strong, how it depends on brightness, and whether channels share it.

White noise is in all coefficients of an 8x8 block, a photo mostly in low ones. Blocks are chosen that have little of
the low ones, and measured in high ones (Ponomarenko et al. 2007, "An automatic approach to lossy compression of
AVIRIS images", section 2): to choose and to measure by the same numbers would find too little. In JPEG images high
coefficients are zeros; there the noise is sought that leaves, after quantisation, as much as is found.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from gansr.data.calibration.blocks import LUMA, SIDE, band, luma, transformed
from gansr.data.calibration.compression import Compression, chroma_table, luma_table
from gansr.imaging.jpeg import TO_YCC

CHOSEN, MEASURED = band(1, 6), band(9, 14)
CHOSEN_CODED, MEASURED_CODED, MEASURED_COLOUR = band(1, 2), band(3, 14), band(3, 6)
CHROMA_WEIGHTS = np.array(TO_YCC[1:])  # Cb and Cr
QUIET = 0.12  # share of the blocks that are measured
BINS = 8  # of brightness
SIGMAS = np.concatenate([[0.0], np.geomspace(0.25, 100, 90)])


@dataclass(frozen=True)
class Noise:
    """In levels of 255.

    Args:
        sigma: standard deviation in a channel, root of the mean of the three variances
        luma: standard deviation in Y
        correlation: of channels, mean of the three pairs: 0 for noise in colour, 1 for grey noise
        curve: (8, 3), one row for each bin of brightness: mean in 0..1, variance in units of 1, blocks. Empty
            bins have 0 blocks, JPEG images only such
    """

    sigma: float
    luma: float
    correlation: float
    curve: np.ndarray


def measure_noise(levels: np.ndarray, compression: Compression | None) -> Noise:
    """Of (H, W, 3) levels, at least 64x64."""
    return _of_raw(levels) if compression is None else _of_coded(levels, compression)


def shot_and_read(curve: np.ndarray) -> tuple[float, float]:
    """Variance = shot x + read, x the brightness in [0, 1], neither negative: least squares by blocks.

    Args:
        curve: (bins, 3) as in `Noise`, or of several images one after another
    """
    brightness, variance, weight = curve[curve[:, 2] > 0].T
    if not len(weight):
        return 0.0, 0.0
    weight = weight / np.maximum(variance, 1e-7) ** 2  # a variance is known to a share of itself
    mean_x, mean_v = np.average(brightness, weights=weight), np.average(variance, weights=weight)
    spread = np.average((brightness - mean_x) ** 2, weights=weight)
    slope = np.average((brightness - mean_x) * (variance - mean_v), weights=weight) / max(spread, 1e-9)
    if slope <= 0:
        return 0.0, float(mean_v)
    if slope * mean_x >= mean_v:
        return float(mean_v / mean_x), 0.0
    return float(slope), float(mean_v - slope * mean_x)


def _of_raw(levels: np.ndarray) -> Noise:
    blocks = np.stack([transformed(levels[..., channel], stride=4) for channel in range(3)], 1)  # (N, 3, 8, 8)
    bright = blocks[:, :, 0, 0].mean(1) / 8
    energy = (blocks[..., CHOSEN] ** 2).mean((1, 2))
    first = _covariance(blocks[_quietest(energy, QUIET)])
    margin = 3 * math.sqrt(np.trace(first) / 3)  # nearer to black and white noise is clipped
    inside = (blocks[:, :, 0, 0].min(1) / 8 >= margin) & (blocks[:, :, 0, 0].max(1) / 8 <= 255 - margin)
    if inside.sum() * QUIET >= 10:
        blocks, bright, energy = blocks[inside], bright[inside], energy[inside]
    covariance = _covariance(blocks[_quietest(energy, QUIET)])
    variance = np.trace(covariance) / 3
    shared = (covariance.sum() - np.trace(covariance)) / 6
    return Noise(
        math.sqrt(variance),
        math.sqrt(max(0.0, _luma_variance(covariance))),
        float(np.clip(shared / max(variance, 1e-9), 0, 1)),
        _curve(blocks, bright, energy),
    )


def _curve(blocks: np.ndarray, bright: np.ndarray, energy: np.ndarray) -> np.ndarray:
    curve = np.zeros((BINS, 3))
    places = np.minimum((bright / 256 * BINS).astype(int), BINS - 1)
    for place in range(BINS):
        here = places == place
        if here.sum() * QUIET >= 5:
            quiet = _quietest(energy[here], QUIET)
            variance = np.trace(_covariance(blocks[here][quiet])) / 3 / 255**2
            curve[place] = bright[here][quiet].mean() / 255, variance, len(quiet)
    return curve


def _of_coded(levels: np.ndarray, compression: Compression) -> Noise:
    """From Y, and from Cb and Cr at half the resolution, as most files have them: in R, G and B, little can be seen.

    With channels of variance s^2 and correlation r, Y has s^2 (y + (1 - y) r), y being the sum of its squared weights,
    and Cb and Cr have c s^2 (1 - r), where c is the mean of theirs.
    """
    blocks = _in_fours(luma(levels), compression.offset)
    quiet = _quietest((blocks[..., CHOSEN_CODED] ** 2).mean((1, 2)), QUIET)
    luma_steps, chroma_steps = luma_table(compression.quality), chroma_table(compression.quality)
    bright = _before_quantisation(blocks[quiet][..., MEASURED_CODED], luma_steps[MEASURED_CODED])
    coded = np.concatenate([_halved(levels @ weights, compression.offset)[quiet] for weights in CHROMA_WEIGHTS])
    colour = 4 * _before_quantisation(coded[:, MEASURED_COLOUR], chroma_steps[MEASURED_COLOUR])
    share = float(LUMA @ LUMA)
    different = colour / (CHROMA_WEIGHTS**2).sum(1).mean()  # s^2 (1 - r)
    variance = bright + (1 - share) * different
    correlation = float(np.clip(1 - different / variance, 0, 1)) if variance > 0.1 else 1.0
    return Noise(math.sqrt(bright), math.sqrt(bright), correlation, np.zeros((BINS, 3)))


def _halved(plane: np.ndarray, offset: tuple[int, int]) -> np.ndarray:
    """Blocks of means of 2x2 pixels, one for each whole square of 16x16: (squares, 8, 8)."""
    plane = _whole_squares(plane, offset)
    height, width = plane.shape
    return transformed(plane.reshape(height // 2, 2, width // 2, 2).mean((1, 3)))


def _in_fours(plane: np.ndarray, offset: tuple[int, int]) -> np.ndarray:
    """The four blocks of each whole square: (squares, 4, 8, 8)."""
    plane = _whole_squares(plane, offset)
    rows, columns = (side // (2 * SIDE) for side in plane.shape)
    blocks = transformed(plane).reshape(rows, 2, columns, 2, SIDE, SIDE)
    return blocks.transpose(0, 2, 1, 3, 4, 5).reshape(rows * columns, 4, SIDE, SIDE)


def _whole_squares(plane: np.ndarray, offset: tuple[int, int]) -> np.ndarray:
    height, width = ((side - start) // 16 * 16 for side, start in zip(plane.shape, offset, strict=True))
    return plane[offset[0] : offset[0] + height, offset[1] : offset[1] + width]


def _before_quantisation(coefficients: np.ndarray, steps: np.ndarray) -> float:
    """The variance of white noise of which quantisation leaves so much: (..., K) coefficients, (K,) steps."""
    found = float((coefficients**2).mean())
    left = _left_by_quantisation(tuple(steps.tolist()))
    return float(np.interp(found, left, SIGMAS)) ** 2


@lru_cache(256)
def _left_by_quantisation(all_steps: tuple[int, ...]) -> np.ndarray:
    """Mean square of white noise of each of SIGMAS after quantisation: (91,), rising."""
    sigmas, steps = np.maximum(SIGMAS, 1e-6)[:, None], np.array(all_steps)
    total = np.zeros((len(SIGMAS), len(steps)))
    for multiple in range(1, 60):
        low, high = (_below((multiple + half) * steps / sigmas) for half in (-0.5, 0.5))
        total += 2 * (multiple * steps) ** 2 * (high - low)
    return np.maximum.accumulate(total.mean(1)) + np.arange(len(SIGMAS)) * 1e-9


def _below(number: np.ndarray) -> np.ndarray:
    """The normal distribution's integral."""
    return torch.special.ndtr(torch.from_numpy(number)).numpy()


def _quietest(energy: np.ndarray, share: float) -> np.ndarray:
    return np.argsort(energy, kind="stable")[: max(1, round(len(energy) * share))]


def _covariance(blocks: np.ndarray, where: np.ndarray = MEASURED) -> np.ndarray:
    """Of R, G and B, (3, 3), from (N, 3, 8, 8); coefficients have mean 0."""
    values = blocks[..., where].transpose(1, 0, 2).reshape(3, -1)
    return values @ values.T / values.shape[1]


def _luma_variance(covariance: np.ndarray) -> float:
    return float(LUMA @ covariance @ LUMA)
