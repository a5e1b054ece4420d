"""Content losses: what a frozen classifier sees in two images should be the same."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.features.vgg import VGG

Distance = Literal["l1", "l2"]
DISTANCES = {"l1": F.l1_loss, "l2": F.mse_loss}


class Content(nn.Module):
    """Weighted sum over layers of the mean distance between two images' features.

    Args:
        features: RGB in [0, 1], (B, 3, H, W) -> {layer: map}; frozen here. May be replaced by a wrapped one
        layers: weight of each layer
        distance: between feature maps
        feature_scale: factor on the features before they are compared
        shifts: see the images from that many random places in each direction; 1: always from the same one
    """

    def __init__(
        self,
        features: nn.Module,
        layers: Mapping[str, float],
        distance: Distance,
        feature_scale: float,
        shifts: int = 1,
    ) -> None:
        super().__init__()
        self.features = features.requires_grad_(False).eval()
        self.layers = dict(layers)
        self.distance = DISTANCES[distance]
        self.feature_scale = feature_scale
        self.shifts = shifts

    def forward(self, sr: Tensor, target: Tensor) -> Tensor:
        """Distance of `sr` to `target`, (B, 3, H, W) both; no gradient reaches `target`."""
        sr, target = self._shifted(sr, target)
        with torch.no_grad():
            wanted = self.features(target)
        found = self.features(sr)
        scale = self.feature_scale
        distances = [
            weight * self.distance(scale * found[layer], scale * wanted[layer]) for layer, weight in self.layers.items()
        ]
        return torch.stack(distances).sum()

    def _shifted(self, sr: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Both images from the same random place, always of one size.

        Crops lie on the LR grid, and so do the cells that the features pool: where the two always coincide, the
        gradient has their period, and the generator may learn to draw that grid.
        """
        if self.shifts == 1:
            return sr, target
        top, left = torch.randint(self.shifts, (2,), device="cpu").tolist()  # no GPU has to be waited for
        height, width = (side - self.shifts + 1 for side in sr.shape[-2:])
        place = (..., slice(top, top + height), slice(left, left + width))
        return sr[place], target[place]


def vgg19(
    layers: dict[str, float] = {"conv5_4": 1.0},  # noqa: B006  read only; the signature is the schema
    weights: str = "imagenet",
    distance: Distance = "l1",
    feature_scale: float = 1.0,
    shifts: int = 1,
) -> Content:
    """Distance in features of VGG-19, the content loss of SRGAN and ESRGAN.

    The default is ESRGAN's (Wang et al. 2018): conv5_4 *before* its ReLU, l1. SRGAN's (Ledig et al. 2017,
    Eq. 5) is `layers: {relu5_4: 1}, distance: l2, feature_scale: 0.0784`: 1 / 12.75, so 0.006 on l2.

    Args:
        layers: weight of each layer; conv5_4 is before the ReLU, relu5_4 after it
        weights: imagenet (torchvision's download), random, or the path of a file in torchvision's layout
        distance: mean absolute (l1) or mean squared (l2) difference of features
        feature_scale: factor on the features
        shifts: random places to look from, so that the cells of pooling do not always lie on the LR grid; 1: as
            published
    """
    return Content(VGG(19, tuple(layers), weights), layers, distance, feature_scale, shifts)


def vgg16(
    layers: dict[str, float] = {"conv5_3": 1.0},  # noqa: B006  read only; the signature is the schema
    weights: str = "imagenet",
    distance: Distance = "l1",
    feature_scale: float = 1.0,
    shifts: int = 1,
) -> Content:
    """Distance in features of VGG-16, Johnson et al. 2016.

    Args:
        layers: weight of each layer; conv5_3 is before the ReLU, relu5_3 after it
        weights: imagenet (torchvision's download), random, or the path of a file in torchvision's layout
        distance: mean absolute (l1) or mean squared (l2) difference of features
        feature_scale: factor on the features
        shifts: random places to look from, so that the cells of pooling do not always lie on the LR grid; 1: as
            published
    """
    return Content(VGG(16, tuple(layers), weights), layers, distance, feature_scale, shifts)
