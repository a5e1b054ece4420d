"""Squared maximum mean discrepancy of the features of two sets of patches."""

from collections.abc import Sequence
from statistics import fmean, stdev

import torch
from torch import Tensor

from gansr.errors import DataError, OptionsError
from gansr.metrics.sets.patches import Features, Network, Patches, joined

FACTOR = 1000
"""KID is some thousandths; as many papers do, it is given times this."""


class KID:
    """Kernel Inception distance of SR's patches from the ground truth's, times 1000, of a whole set; lower is better.

    Bińkowski et al. 2018: the unbiased squared maximum mean discrepancy with the kernel (x.y / d + 1)^3, d features,
    as the mean over random subsets. Unbiased means that it does not depend on the number of patches, unlike FID, and
    that it can be a little below 0. `spread` is its standard deviation over the subsets: what a difference is worth.

    Args:
        network: inception, or one of torchvision's classifiers, whose numbers are no KID
        weights: null: published (inception) or imagenet, which are downloads; random; or the path of a file, for
            inception torch-fidelity's or pytorch-fid's
        patch: side of a patch in pixels, 32 or more
        stride: from patch to patch; null: the side
        border: pixels cut off each side of images first
        subsets: how many are drawn
        subset: patches in each, of SR and as many of the ground truth; all, where there are fewer
        seed: of the draw

    Raises:
        OptionsError: a number out of range.
        WeightsError: the weights cannot be had or do not fit.
    """

    higher_is_better = False
    unit = "x1000"
    format = ".2f"
    of_sets = True

    def __init__(
        self,
        network: Network = "inception",
        weights: str | None = None,
        patch: int = 128,
        stride: int | None = None,
        border: int = 0,
        subsets: int = 100,
        subset: int = 1000,
        seed: int = 0,
    ) -> None:
        if subsets < 1 or subset < 2:
            raise OptionsError(f"subsets: expected 1 or more of 2 patches or more, found {subsets} of {subset}.")
        self.patches = Patches(network, weights, patch, stride, border)
        self.subsets, self.subset, self.seed = subsets, subset, seed
        self.protocol = (
            f"KID x1000 of the set, {self.patches.text}, mean of {subsets} subsets of at most {subset}, seed {seed}"
        )

    def observe(self, sr: Tensor, hr: Tensor) -> Features:
        """Features of the patches of two uint8 images (C, H, W)."""
        return self.patches.observe(sr, hr)

    def score(self, observed: Sequence[Features]) -> float:
        """KID of all images in order, times 1000; `DataError` where they hold fewer than two patches."""
        return fmean(self.discrepancies(observed))

    def spread(self, observed: Sequence[Features]) -> float:
        """Standard deviation of the score over subsets, times 1000; 0 where all patches are one subset."""
        found = self.discrepancies(observed)
        return stdev(found) if len(found) > 1 else 0.0

    def discrepancies(self, observed: Sequence[Features]) -> list[float]:
        """Squared discrepancy of each subset, times 1000."""
        sr, hr = joined(observed)
        if len(sr) < 2:
            raise DataError(f"KID needs two patches; {len(observed)} images gave {len(sr)}.")
        if len(sr) <= self.subset:
            return [FACTOR * squared_discrepancy(sr, hr)]  # every subset would be the same
        draw = torch.Generator().manual_seed(self.seed)
        found = []
        for _ in range(self.subsets):
            one, other = (side[torch.randperm(len(side), generator=draw)[: self.subset]] for side in (sr, hr))
            found.append(FACTOR * squared_discrepancy(one, other))
        return found


def squared_discrepancy(one: Tensor, other: Tensor) -> float:
    """Unbiased squared discrepancy of two samples of n features of d numbers, float64 (n, d) both (Eq. 4 there)."""
    count, dimensions = one.shape

    def kernel(first: Tensor, second: Tensor) -> Tensor:
        return (first @ second.T / dimensions + 1) ** 3

    own = sum((found.sum() - found.trace()) for found in (kernel(one, one), kernel(other, other)))
    return ((own / (count * (count - 1))) - 2 * kernel(one, other).mean()).item()
