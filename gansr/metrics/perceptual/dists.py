"""DISTS as a metric."""

from pathlib import Path

import torch
from torch import Tensor

from gansr.errors import DataError
from gansr.metrics.fidelity.comparison import Comparison
from gansr.metrics.networks import exactly, rgb_pair
from gansr.models.distances.dists import dists_of

SMALLEST = 16


class DISTS:
    """Distance of structure and texture that forgives textures drawn anew; lower is better, 0 is identical.

    Ding et al. 2020: 1 - the weighted sum of similarities of means and covariances, in the image and in five layers of
    VGG-16 with L2 pooling. Images are compared in the size that they have, as torchmetrics and pyiqa do; the authors'
    script shrinks the shorter side to 256 pixels first, and its numbers are others.

    Args:
        scale: the magnification, the border if that is null
        weights: of VGG-16: imagenet (torchvision's download), random for trying out, or the path of a file in
            torchvision's layout
        alpha_beta: package (the published weights of channels, which torchmetrics carries), or the path of a file with
            `alpha` and `beta`
        border: pixels cut off each side; null: the scale

    Raises:
        WeightsError: weights cannot be had or do not fit.
    """

    higher_is_better = False
    unit = ""
    format = ".4f"

    def __init__(
        self, scale: int, weights: str = "imagenet", alpha_beta: str = "package", border: int | None = 0
    ) -> None:
        self.comparison = Comparison("rgb", scale if border is None else border)
        self.distance = dists_of(weights, alpha_beta).eval()
        told = "" if alpha_beta == "package" else f", {Path(alpha_beta).name}"
        self.protocol = f"DISTS, VGG-16 ({Path(weights).name}{told}), {self.comparison}, not resized"

    @torch.no_grad()
    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """DISTS of two uint8 images (C, H, W); `DataError` where they cannot be compared or are too small."""
        one, other = rgb_pair(sr, hr, self.comparison)
        height, width = one.shape[-2:]
        if min(height, width) < SMALLEST:
            raise DataError(
                f"DISTS needs at least {SMALLEST}x{SMALLEST} pixels inside the border of {self.comparison.border}; "
                f"this image has {width}x{height} there."
            )
        with exactly():
            return self.distance.to(one.device)(one, other).item()
