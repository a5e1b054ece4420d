"""The densely connected network, SRDenseNet."""

from typing import Any, Literal

import torch
from torch import Tensor, nn

from gansr.models.layers.blocks.dense import DenseLayer, dense_layers
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.initialise import he_
from gansr.models.layers.resizing import FACTORS
from gansr.models.shapes import Shapes, channels, count

Variant = Literal["all", "high_low", "high"]


class SRDenseNet(nn.Module):
    """SRDenseNet: dense blocks whose maps of all levels are reduced and enlarged (Tong et al. 2017).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear. Eight blocks of eight layers,
    each of which adds 16 channels; a 1x1 bottleneck; a deconvolution for each x2; a last convolution: 69 layers at x4,
    the paper's only scale. Names of weights, and that a block hands on what it added without its input, are those
    of yjn870's SRDenseNet-pytorch.

    Args:
        scale: 2, 3, 4 or 8
        growth: channels that each layer adds
        blocks: dense blocks
        layers: convolutions in each block
        bottleneck: channels that are enlarged
        variant: what the bottleneck sees: all levels (the paper's best, SRDenseNet_All), the first and the last
            (SRDenseNet_HL), or the last block alone (SRDenseNet_H)
        linear: no ReLU behind the bottleneck, as in Lornatang's SRDenseNet-PyTorch
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: an unknown scale, or a number below 1.
    """

    def __init__(
        self,
        scale: int,
        growth: int = 16,
        blocks: int = 8,
        layers: int = 8,
        bottleneck: int = 256,
        variant: Variant = "all",
        linear: bool = False,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("srdensenet", scale, FACTORS)
        check_positive("srdensenet", growth=growth, blocks=blocks, layers=layers, bottleneck=bottleneck)
        check_positive("srdensenet", in_channels=in_channels, out_channels=out_channels)
        self.scale, self.variant = scale, variant
        width = growth * layers  # of the first maps, and of what each block adds
        self.conv = DenseLayer(in_channels, width, keep=False)
        levels = range(1, blocks + 1) if variant == "all" else [1] * blocks
        self.dense_blocks = Chain(*[DenseBlock(width * level, growth, layers) for level in levels])
        seen = {"all": blocks + 1, "high_low": 2, "high": 1}[variant]
        reduce = nn.Conv2d(width * seen, bottleneck, 1)
        self.bottleneck = reduce if linear else nn.Sequential(reduce, nn.ReLU(inplace=True))  # the name tells which
        self.deconv = nn.Sequential(
            *[layer for factor in FACTORS[scale] for layer in (_doubling(bottleneck, factor), nn.ReLU(inplace=True))]
        )
        self.reconstruction = nn.Conv2d(bottleneck, out_channels, 3, padding=1)
        he_(self)

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        x = first = self.conv(lr)  # (B, width, H, W)
        for block in self.dense_blocks:
            made = self.dense_blocks.call(block, x)
            x = torch.cat((x, made), dim=1) if self.variant == "all" else made
        if self.variant == "high_low":
            x = torch.cat((first, x), dim=1)
        return self.reconstruction(self.deconv(self.bottleneck(x)))

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """How much the bottleneck sees tells the variant."""
        width, in_channels = shapes["conv.conv.weight"][:2]
        blocks, layers = (
            count(shapes, f"dense_blocks.{name}.weight") for name in ("{}.block.0.conv", "0.block.{}.conv")
        )
        linear = "bottleneck.weight" in shapes
        bottleneck, seen = shapes["bottleneck.weight" if linear else "bottleneck.0.weight"][:2]
        steps = count(shapes, "deconv.{}.weight", step=2)
        sizes: dict[str, Any] = {
            "growth": width // layers,
            "blocks": blocks,
            "layers": layers,
            "bottleneck": bottleneck,
            "variant": {2: "high_low", 1: "high"}.get(seen // width, "all"),
            "linear": linear,
        }
        if blocks == 1 and seen == 2 * width:
            sizes["variant"] = "all"  # the same as high_low
        scale = 3 if shapes["deconv.0.weight"][-1] == KERNEL[3] else 2**steps
        return scale, sizes | channels(in_channels, shapes["reconstruction.weight"][0])


class DenseBlock(nn.Module):
    """Layers that see what those before them added, the first the input: (B, inputs, H, W) -> (B, width, H, W)."""

    def __init__(self, inputs: int, growth: int, layers: int) -> None:
        super().__init__()
        self.block = dense_layers(inputs, growth, layers, keep_input=False)

    def forward(self, x: Tensor) -> Tensor:
        """What the layers added."""
        return self.block(x)


KERNEL = {2: 3, 3: 5}
"""Side of a deconvolution by its factor; other sides tell x3 from x2."""


def _doubling(features: int, factor: int) -> nn.ConvTranspose2d:
    """A deconvolution that multiplies both sides by the factor, exactly."""
    kernel = KERNEL[factor]
    padding = (kernel - 1) // 2
    extra = factor - kernel + 2 * padding
    return nn.ConvTranspose2d(features, features, kernel, factor, padding, output_padding=extra)
