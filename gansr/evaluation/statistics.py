"""How sure a mean is, and whether two models differ: intervals and tests over images."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

RESAMPLES = 10_000
CONFIDENCE = 0.95
EXACT = 500  # up to so many differences all signs are counted; beyond, the normal law is as good


class Interval(NamedTuple):
    """Where the mean over images of this kind lies, with the confidence that was asked for."""

    low: float
    high: float


@dataclass(frozen=True)
class Paired:
    """Two models on the same images; `first - second` where a difference has a sign."""

    images: int  # compared: those where a score is NaN are left out
    difference: float  # mean; infinite where one image's is
    higher: int  # on how many images the first scores higher
    lower: int
    p: float  # that chance alone would give as much, two-sided


def mean(values: Sequence[float]) -> float:
    """The mean; infinite where a score is infinite, NaN where one is NaN or infinities of both signs meet."""
    if all(map(math.isfinite, values)):
        return math.fsum(values) / len(values)
    with np.errstate(invalid="ignore"):
        return float(np.mean(values))


def mean_interval(values: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> Interval | None:
    """Bootstrap interval of the mean: from the 2.5th to the 97.5th percentile of means of images drawn anew.

    Efron 1979; Efron and Tibshirani 1993, chapter 13. Equal seeds and numbers of images draw the same images, so
    models are resampled together. None where there is nothing to draw from: of a single image, or where a score is
    not finite.

    Args:
        values: one score for each image
        seed: other numbers, other draws
        resamples: how often as many images are drawn, with replacement
    """
    found = np.asarray(values, np.float64)
    if len(found) < 2 or not np.isfinite(found).all():
        return None
    random = np.random.default_rng(seed)
    rows = max(1, min(resamples, 1_000_000 // len(found)))  # draws at a time: 8 MB
    means = [
        found[random.integers(0, len(found), (min(rows, resamples - done), len(found)))].mean(1)
        for done in range(0, resamples, rows)
    ]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return Interval(float(low), float(high))


def paired(first: Sequence[float], second: Sequence[float]) -> Paired:
    """Wilcoxon's signed-rank test of two models' scores on the same images, in the same order.

    Equal scores, two infinities among them, do not differ. An infinite difference ranks above all finite ones. Images
    where either score is NaN are left out.
    """
    one, other = np.asarray(first, np.float64), np.asarray(second, np.float64)
    with np.errstate(invalid="ignore"):
        differences = np.where(one == other, 0.0, one - other)
    differences = differences[~np.isnan(differences)]
    if not len(differences):
        return Paired(0, math.nan, 0, 0, 1.0)
    higher, lower = int((differences > 0).sum()), int((differences < 0).sum())
    return Paired(len(differences), mean(differences.tolist()), higher, lower, signed_rank(differences.tolist()))


def signed_rank(differences: Sequence[float]) -> float:
    """Wilcoxon's signed-rank test: p, two-sided, of differences that are by chance above or below 0.

    Zeros are left out, equal sizes share the mean of their ranks. Exact, by counting all signs, for up to 500
    differences; the normal law with its correction for continuity beyond. With nothing left p is 1.
    """
    found = np.array([one for one in differences if one], np.float64)
    if not len(found):
        return 1.0
    _, places, counts = np.unique(np.abs(found), return_inverse=True, return_counts=True)
    ranks = (2 * counts.cumsum() - counts + 1)[places]  # twice the mean rank: whole, also of ties
    positive = int(ranks[found > 0].sum())
    return _exact(ranks, positive) if len(found) <= EXACT else _normal(ranks, positive)


def _exact(ranks: np.ndarray, positive: int) -> float:
    ways = np.zeros(int(ranks.sum()) + 1)  # how many of all signs give each sum
    ways[0] = 1
    for rank in ranks:
        ways[rank:] += ways[: len(ways) - rank].copy()
    ways /= ways.sum()
    return float(min(1, 2 * min(ways[: positive + 1].sum(), ways[positive:].sum())))


def _normal(ranks: np.ndarray, positive: int) -> float:
    off = abs(positive - ranks.sum() / 2) - 1  # half a rank
    return math.erfc(max(0.0, off) / math.sqrt(float((ranks.astype(np.float64) ** 2).sum()) / 4) / math.sqrt(2))


def holm(chances: Sequence[float]) -> list[float]:
    """The p of several tests, each as if it stood alone, corrected for their number: Holm 1979.

    Below a level, at most that share of such families of tests has a false finding.
    """
    corrected, least = [0.0] * len(chances), 0.0
    for rank, place in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        least = max(least, min(1.0, (len(chances) - rank) * chances[place]))
        corrected[place] = least
    return corrected
