"""Fréchet distance of the features of two sets of patches."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gansr.errors import DataError
from gansr.metrics.sets.patches import Features, Network, Patches, joined


class FID:
    """Fréchet Inception distance of SR's patches from the ground truth's, of a whole set; lower is better.

    Heusel et al. 2017: |m - n|^2 + tr(S + T - 2 (S T)^(1/2)) of means and covariances of features. It judges whether
    patches look like photos on the whole, and not whether one shows what it should. It is biased, and more so with
    fewer patches, so compare only numbers of the same set and patches; with no more patches than features (2048)
    covariances are singular and it is refused: use `kid`. Papers' FID is `inception` with its published weights.

    Args:
        network: inception, or one of torchvision's classifiers, whose numbers are no FID
        weights: null: published (inception) or imagenet, which are downloads; random; or the path of a file, for
            inception torch-fidelity's or pytorch-fid's
        patch: side of a patch in pixels, 32 or more
        stride: from patch to patch; null: the side
        border: pixels cut off each side of images first

    Raises:
        OptionsError: a number out of range.
        WeightsError: the weights cannot be had or do not fit.
    """

    higher_is_better = False
    unit = ""
    format = ".2f"
    of_sets = True

    def __init__(
        self,
        network: Network = "inception",
        weights: str | None = None,
        patch: int = 128,
        stride: int | None = None,
        border: int = 0,
    ) -> None:
        self.patches = Patches(network, weights, patch, stride, border)
        self.protocol = f"FID of the set, {self.patches.text}"

    def observe(self, sr: Tensor, hr: Tensor) -> Features:
        """Features of the patches of two uint8 images (C, H, W)."""
        return self.patches.observe(sr, hr)

    def score(self, observed: Sequence[Features]) -> float:
        """FID of all images in order.

        Raises:
            DataError: there are not more patches than features.
        """
        sr, hr = joined(observed)
        patches, dimensions = sr.shape
        if patches <= dimensions:
            raise DataError(
                f"FID of {dimensions} features needs more than {dimensions} patches; {len(observed)} images gave "
                f"{patches}. Take more images, a smaller patch or stride, or the metric kid, which is unbiased."
            )
        return frechet_distance(sr, hr)


def frechet_distance(one: Tensor, other: Tensor) -> float:
    """Fréchet distance of the Gaussians with the moments of two samples, float64 (n, d) and (m, d)."""
    means = (one.mean(0) - other.mean(0)).square().sum()
    first, second = (torch.atleast_2d(torch.cov(sample.T)) for sample in (one, other))
    # tr (S T)^(1/2) is the sum of roots of the eigenvalues of S^(1/2) T S^(1/2), which is symmetric.
    values, vectors = torch.linalg.eigh(first)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    common = torch.linalg.eigvalsh(root @ second @ root).clamp_min(0).sqrt().sum()
    return max(0.0, (means + first.trace() + second.trace() - 2 * common).item())
