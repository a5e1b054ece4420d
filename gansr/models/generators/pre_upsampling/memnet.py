"""The very deep network with a persistent memory."""

from typing import Any

import torch
from torch import Tensor, nn

from gansr.models.layers.blocks.recursive import Ensemble, PreActivation, Recursion
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_residual, check_scale
from gansr.models.layers.initialise import he_
from gansr.models.layers.resizing import bicubic
from gansr.models.shapes import Shapes, channels, count

SCALES = (1, 2, 3, 4, 8)


class MemNet(nn.Module):
    """MemNet: memory blocks that choose from all that was made before (Tai et al. 2017, ICCV).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear. A memory block calls one
    residual unit several times and fuses the results of its calls (short-term memory) and those of all blocks before
    (long-term) by a 1x1 convolution, the gate. Every block's result becomes an image through one shared convolution
    and the enlarged image, and the images are summed with learned weights (multi-supervised MemNet), which begin as
    their mean; in the authors' prototxt, of which all else is, each begins as 1. With `intermediate` losses see the
    image of each block. Everywhere normalisation and ReLU come before the convolution. At scale 1 it restores images,
    as in the paper.

    Args:
        scale: 1, 2, 3, 4 or 8
        features: channels of all maps
        blocks: memory blocks, M
        recursions: calls of each block's residual unit, R
        in_channels: of the small image
        out_channels: of the large image, as many

    Raises:
        OptionsError: an unknown scale, a number below 1, or other channels out than in.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        blocks: int = 6,
        recursions: int = 6,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("memnet", scale, SCALES)
        check_positive("memnet", features=features, blocks=blocks, recursions=recursions)
        check_positive("memnet", in_channels=in_channels, out_channels=out_channels)
        check_residual("memnet", in_channels, out_channels)
        self.scale, self.scales = scale, SCALES
        self.activation = PreActivation(in_channels)
        self.extraction = nn.Conv2d(in_channels, features, 3, padding=1)
        self.memory = nn.ModuleList(MemoryBlock(features, recursions, block + 1) for block in range(blocks))
        self.endings = nn.ModuleList(PreActivation(features) for _ in range(blocks))
        self.reconstruction = nn.Conv2d(features, out_channels, 3, padding=1)
        self.ensemble = Ensemble(blocks)
        he_(self)

    def forward(self, lr: Tensor, scale: int | None = None, intermediate: bool = False) -> Tensor | list[Tensor]:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W), or with it the image of each memory block.

        All images have the same size; the weighted one comes last. `scale` omitted is the network's.
        """
        large = bicubic(lr, scale or self.scale)
        x, images = self.activation(large, self.extraction), []
        remembered = [x]
        for block, ending in zip(self.memory, self.endings, strict=True):
            x = block(x, remembered)
            remembered.append(x)
            images.append(large + ending(x, self.reconstruction))
        sr = self.ensemble(images)
        return [*images, sr] if intermediate else sr

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """The scale is not in the weights; each call has its own normalisation."""
        features, in_channels = shapes["extraction.weight"][:2]
        sizes = {
            "features": features,
            "blocks": count(shapes, "memory.{}.gate.weight"),
            "recursions": count(shapes, "memory.0.calls.{}.first.norm.weight"),
        }
        return None, sizes | channels(in_channels, shapes["reconstruction.weight"][0])


class MemoryBlock(nn.Module):
    """A residual unit called several times, and a gate that fuses its results with what is remembered."""

    def __init__(self, features: int, recursions: int, remembered: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, features, 3, padding=1)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1)
        self.calls = Chain(*[Recursion(features) for _ in range(recursions)])
        fused = features * (recursions + remembered)
        self.activation = PreActivation(fused)
        self.gate = nn.Conv2d(fused, features, 1)

    def forward(self, x: Tensor, remembered: list[Tensor]) -> Tensor:
        """The last block's maps, and those of all blocks before with what came first -> maps of the same shape."""
        made = []
        for call in self.calls:
            x = x + self.calls.call(call, x, self.conv1, self.conv2)
            made.append(x)
        return self.activation(torch.cat((*remembered, *made), dim=1), self.gate)
