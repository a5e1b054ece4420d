"""Patches of images and what a network makes of them: the samples that FID and KID compare."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from gansr.errors import DataError, OptionsError
from gansr.metrics.fidelity.comparison import Comparison, match_colours
from gansr.metrics.networks import exactly
from gansr.metrics.sets.inception import inception
from gansr.models.features.networks import feature_network

Network = Literal["inception", "squeezenet1_0", "squeezenet1_1", "alexnet", "vgg16", "resnet18", "resnet50"]
LAYERS = {
    "squeezenet1_0": "fire9",
    "squeezenet1_1": "fire9",
    "alexnet": "relu5",
    "vgg16": "relu5_3",
    "resnet18": "layer4",
    "resnet50": "layer4",
}
"""torchvision's networks in place of Inception -> the layer whose mean over places is the feature."""

BATCH = 16
"""Patches that pass the network together."""


class Features(NamedTuple):
    """Of the patches of one image, before and after: float32 (patches, dimensions) on the CPU."""

    sr: Tensor
    hr: Tensor


class Patches:
    """Features of an image's patches, in rows from its upper left corner; what does not fill a patch is left out.

    Args:
        network: inception, FID's own, or one of torchvision's classifiers
        weights: null: published (inception) or imagenet (others), which are downloads; random; or the path of a file
        size: of a patch, in pixels
        stride: from patch to patch; null: the size, so that no pixel counts twice
        border: pixels cut off each side of images first

    Raises:
        OptionsError: a size below 32, a stride below 1, or a border below 0.
        WeightsError: the weights cannot be had or do not fit.
    """

    def __init__(self, network: Network, weights: str | None, size: int, stride: int | None, border: int) -> None:
        if size < 32:
            raise OptionsError(f"patch: expected 32 pixels or more, found {size}: networks see nothing in less.")
        if stride is not None and stride < 1:
            raise OptionsError(f"stride: expected 1 or more pixels, found {stride}.")
        self.size, self.stride = size, size if stride is None else stride
        self.comparison = Comparison("rgb", border)
        self.network, chosen = make_network(network, weights)
        self.text = f"{network} ({chosen}), patches of {size} px every {self.stride} px of RGB" + (
            f", {border} px border cropped" if border else ""
        )

    @torch.no_grad()
    def observe(self, sr: Tensor, hr: Tensor) -> Features:
        """Features of two uint8 images (C, H, W), `DataError` where they cannot be compared or hold no patch."""
        pair = [self.comparison.crop(image).expand(3, -1, -1) for image in match_colours(sr, hr)]
        height, width = pair[0].shape[-2:]
        if min(height, width) < self.size:
            raise DataError(
                f"Patches of {self.size} pixels do not fit into {width}x{height} pixels inside the border of "
                f"{self.comparison.border}. Give a smaller patch."
            )
        with exactly():
            return Features(
                *(torch.cat([self.network(part) for part in self.cut(image).split(BATCH)]).cpu() for image in pair)
            )

    def cut(self, image: Tensor) -> Tensor:
        """(3, H, W) -> (patches, 3, size, size)."""
        windows = image.unfold(1, self.size, self.stride).unfold(2, self.size, self.stride)  # (3, rows, columns, s, s)
        return windows.permute(1, 2, 0, 3, 4).reshape(-1, 3, self.size, self.size)


def make_network(network: Network, weights: str | None) -> tuple[Callable[[Tensor], Tensor], str]:
    """Uint8 patches (N, 3, h, w) -> float32 (N, dimensions), on the patches' device; and the name of the weights."""
    if network == "inception":
        chosen = "published" if weights is None else weights
        model = inception(chosen)
        return lambda patches: model.to(patches.device)(patches), Path(chosen).name
    chosen, layer = "imagenet" if weights is None else weights, LAYERS[network]
    other = feature_network(network, [layer], chosen).requires_grad_(False).eval()

    def features(patches: Tensor) -> Tensor:
        found = other.to(patches.device)(patches.float() / 255)[layer].mean((2, 3))
        # KID's kernel adds 1 to x.y / d, which is meant for Inception's features; others are thousands of times larger.
        return F.normalize(found, dim=1) * found.shape[1] ** 0.5

    return features, Path(chosen).name


def joined(observed: Sequence[Features]) -> tuple[Tensor, Tensor]:
    """All patches of all images, of SR and of the ground truth, float64 (N, dimensions) both."""
    sr, hr = (torch.cat([getattr(one, side) for one in observed]).double() for side in ("sr", "hr"))
    return sr, hr
