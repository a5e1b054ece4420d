"""The deeply-recursive network."""

from typing import Any

import torch
from torch import Tensor, nn

from gansr.models.layers.blocks.recursive import Ensemble
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_residual, check_scale
from gansr.models.layers.initialise import he_
from gansr.models.layers.resizing import bicubic
from gansr.models.shapes import Shapes, channels

SCALES = (1, 2, 3, 4, 8)


class DRCN(nn.Module):
    """DRCN: one convolution called sixteen times, an image made after each call (Kim et al. 2016).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear. The enlarged image is embedded
    by two convolutions, one more is called again and again, and what it made after each call becomes an image through
    two shared convolutions and the enlarged image (skip connection). The result is the sum of those images with learned
    weights (section 3.2). The recursive convolution begins as the identity, as in the paper. With `intermediate`
    losses see the image of each call: recursive supervision.

    Args:
        scale: 1, 2, 3, 4 or 8
        features: channels of all maps
        recursions: calls of the shared convolution
        in_channels: of the small image
        out_channels: of the large image, as many

    Raises:
        OptionsError: an unknown scale, a number below 1, or other channels out than in.
    """

    def __init__(
        self, scale: int, features: int = 256, recursions: int = 16, in_channels: int = 3, out_channels: int = 3
    ) -> None:
        super().__init__()
        check_scale("drcn", scale, SCALES)
        check_positive("drcn", features=features, recursions=recursions)
        check_positive("drcn", in_channels=in_channels, out_channels=out_channels)
        check_residual("drcn", in_channels, out_channels)
        self.scale, self.scales = scale, SCALES
        self.recursions = recursions
        self.embedding = nn.Sequential(
            nn.Conv2d(in_channels, features, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(features, features, 3, padding=1),
            nn.ReLU(),
        )
        self.inference = Chain(nn.Sequential(nn.Conv2d(features, features, 3, padding=1), nn.ReLU()))
        self.reconstruction = Chain(
            nn.Sequential(
                nn.Conv2d(features, features, 3, padding=1),
                nn.ReLU(),
                nn.Conv2d(features, out_channels, 3, padding=1),
            )
        )
        self.ensemble = Ensemble(recursions)
        he_(self)
        self._begin_as_identity()

    def forward(self, lr: Tensor, scale: int | None = None, intermediate: bool = False) -> Tensor | list[Tensor]:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W), or with it the image after each recursion.

        All images have the same size; the weighted one comes last. `scale` omitted is the network's.
        """
        large = bicubic(lr, scale or self.scale)
        x, images = self.embedding(large), []
        for _ in range(self.recursions):
            x = self.inference(x)
            images.append(large + self.reconstruction(x))
        sr = self.ensemble(images)
        return [*images, sr] if intermediate else sr

    @torch.no_grad()
    def _begin_as_identity(self) -> None:
        for layer in self.inference.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.dirac_(layer.weight)

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """The scale is not in the weights; the ensemble tells the recursions."""
        features, in_channels = shapes["embedding.0.weight"][:2]
        sizes = {"features": features, "recursions": shapes["ensemble.weight"][0]}
        return None, sizes | channels(in_channels, shapes["reconstruction.0.2.weight"][0])
