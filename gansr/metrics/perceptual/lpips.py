"""LPIPS as a metric."""

from pathlib import Path

import torch
from torch import Tensor

from gansr.errors import DataError
from gansr.metrics.fidelity.comparison import Comparison
from gansr.metrics.networks import exactly, rgb_pair
from gansr.models.distances.lpips import Network, lpips_network

SMALLEST = {"alex": 31, "vgg": 16, "squeeze": 17}
"""Pixels of the shorter side below which a network's last layer is empty."""


class LPIPS:
    """Learnt perceptual distance of two images, version 0.1; lower is better, 0 is identical.

    Zhang et al. 2018, Eq. 1 as released, of RGB images in the size that they have; the heads are torchmetrics' files.
    What people find alike is near. It forgives texture that PSNR punishes, and can be fooled by a generator that was
    trained to minimise it. Numbers of different networks do not compare: papers print alex, BasicSR's script vgg.

    Args:
        scale: the magnification, the border if that is null
        network: alex as in most papers, vgg (VGG-16), or squeeze (SqueezeNet 1.1)
        weights: of the backbone: imagenet (torchvision's download), random for trying out, or the path of a file in
            torchvision's layout
        heads: learnt, ones (the paper's unlearnt baseline), or the path of a file of heads
        border: pixels cut off each side; null: the scale

    Raises:
        WeightsError: weights or heads cannot be had or do not fit.
    """

    higher_is_better = False
    unit = ""
    format = ".4f"

    def __init__(
        self,
        scale: int,
        network: Network = "alex",
        weights: str = "imagenet",
        heads: str = "learnt",
        border: int | None = 0,
    ) -> None:
        self.comparison = Comparison("rgb", scale if border is None else border)
        self.network, self.distance = network, lpips_network(network, weights, heads).eval()
        told = "" if heads == "learnt" else f", heads {Path(heads).name}"
        self.protocol = f"LPIPS v0.1, {network} ({Path(weights).name}{told}), {self.comparison}"

    @torch.no_grad()
    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """LPIPS of two uint8 images (C, H, W); `DataError` where they cannot be compared or are too small."""
        one, other = rgb_pair(sr, hr, self.comparison)
        height, width = one.shape[-2:]
        if min(height, width) < (smallest := SMALLEST[self.network]):
            raise DataError(
                f"LPIPS ({self.network}) needs at least {smallest}x{smallest} pixels inside the border of "
                f"{self.comparison.border}; this image has {width}x{height} there."
            )
        with exactly():
            return self.distance.to(one.device)(one, other).item()
