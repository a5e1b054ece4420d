"""The residual dense network, RDN."""

from typing import Any

import torch
from torch import Tensor, nn

from gansr.models.layers.blocks.dense import dense_layers
from gansr.models.layers.blocks.residual import Residual
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.resizing import FACTORS
from gansr.models.layers.upsampling import Upsampler
from gansr.models.shapes import Shapes, channels, count, scale_of_steps


class RDN(nn.Module):
    """Residual dense network: dense blocks whose results are all fused (Zhang et al. 2018, RDN).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, so a little outside of [0, 1]
    too. Scales 2, 3, 4 and 8 (the paper has no 8): steps of x2, or one of x3. Each block fuses its input and all its
    layers' maps by a 1x1 convolution and adds its input (sections 3.2 and 3.3); so does the whole with its blocks'
    maps (global feature fusion). The defaults are D16 C8 G64, EDSR-PyTorch's configuration B; its A is
    `{blocks: 20, layers: 6, growth: 32}`. The sub-pixel steps begin as nearest-neighbour enlargement.

    Names of weights, and the range of colours, are those of `yjn870/RDN-pytorch`. The authors' code is for Torch7; it
    works on 0 to 255 and subtracts a mean colour. Its convolutions and ReLU compute the same on [0, 1].

    Args:
        scale: 2, 3, 4 or 8
        features: channels between the blocks, G0 in the paper
        blocks: residual dense blocks, D
        layers: convolutions in each block, C
        growth: channels that each of them adds, G
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: an unknown scale, or a number below 1.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        blocks: int = 16,
        layers: int = 8,
        growth: int = 64,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("rdn", scale, FACTORS)
        check_positive("rdn", features=features, blocks=blocks, layers=layers, growth=growth)
        check_positive("rdn", in_channels=in_channels, out_channels=out_channels)
        self.scale = scale
        self.sfe1 = nn.Conv2d(in_channels, features, 3, padding=1)
        self.sfe2 = nn.Conv2d(features, features, 3, padding=1)
        self.rdbs = Chain(*[_block(features, growth, layers) for _ in range(blocks)])
        self.gff = nn.Sequential(nn.Conv2d(blocks * features, features, 1), nn.Conv2d(features, features, 3, padding=1))
        self.upscale = Upsampler(features, scale)
        self.output = nn.Conv2d(features, out_channels, 3, padding=1)

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        first = self.sfe1(lr)  # (B, features, H, W)
        maps = list(self.rdbs.outputs(self.sfe2(first)))
        return self.output(self.upscale(self.gff(torch.cat(maps, dim=1)) + first))

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Blocks and their layers are counted; a layer's outputs are the growth."""
        features, in_channels = shapes["sfe1.weight"][:2]
        sizes = {
            "features": features,
            "blocks": count(shapes, "rdbs.{}.lff.weight"),
            "layers": count(shapes, "rdbs.0.layers.{}.conv.weight"),
            "growth": shapes["rdbs.0.layers.0.conv.weight"][0],
        }
        scale = scale_of_steps(shapes, "upscale.{}.weight", step=2)
        return scale, sizes | channels(in_channels, shapes["output.weight"][0])


def _block(features: int, growth: int, layers: int) -> Residual:
    """A residual dense block: (B, features, H, W) -> the same shape."""
    fusion = nn.Conv2d(features + layers * growth, features, 1)
    return Residual(layers=dense_layers(features, growth, layers), lff=fusion)
