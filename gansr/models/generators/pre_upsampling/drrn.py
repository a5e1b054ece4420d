"""The deep recursive residual network."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.layers.blocks.recursive import PreActivation, Recursion
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_residual, check_scale
from gansr.models.layers.initialise import he_
from gansr.models.layers.resizing import bicubic
from gansr.models.shapes import Shapes, channels, count

SCALES = (1, 2, 3, 4, 8)


class DRRN(nn.Module):
    """DRRN: residual units that share their weights within a recursive block (Tai et al. 2017, CVPR).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear. A block begins with a
    convolution, whose result H0 is added after each unit: H_u = F(H_(u-1), W) + H0 with the same W for all units
    (equation 4); pre-activated: normalisation, ReLU, convolution. B blocks of U units have (1 + 2U) B + 1 layers
    (B1U25: 52). The result is added to the enlarged image. Each call has a normalisation of its own, as in the
    authors' code (tyshiwo/DRRN_CVPR17). `normalised: false`, with `bias: false`, is the network of both DRRN-pytorch:
    what is added there is relu(H0), since their first ReLU works in place.

    Args:
        scale: 1, 2, 3, 4 or 8
        features: channels of all maps
        blocks: recursive blocks, B
        units: calls of each block's residual unit, U; weights tell it only where there is normalisation
        normalised: batch normalisation before each ReLU; without it H0 is rectified before it is added
        bias: whether convolutions have one: in the paper they do, in DRRN-pytorch not
        in_channels: of the small image
        out_channels: of the large image, as many

    Raises:
        OptionsError: an unknown scale, a number below 1, or other channels out than in.
    """

    def __init__(
        self,
        scale: int,
        features: int = 128,
        blocks: int = 1,
        units: int = 25,
        normalised: bool = True,
        bias: bool = True,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("drrn", scale, SCALES)
        check_positive("drrn", features=features, blocks=blocks, units=units)
        check_positive("drrn", in_channels=in_channels, out_channels=out_channels)
        check_residual("drrn", in_channels, out_channels)
        self.scale, self.scales = scale, SCALES
        self.blocks = nn.ModuleList(
            RecursiveBlock(features if block else in_channels, features, units, normalised, bias)
            for block in range(blocks)
        )
        self.activation = PreActivation(features, normalised)
        self.output = nn.Conv2d(features, out_channels, 3, padding=1, bias=bias)
        he_(self)

    def forward(self, lr: Tensor, scale: int | None = None) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W); `scale` omitted: the network's."""
        large = bicubic(lr, scale or self.scale)
        x = large
        for block in self.blocks:
            x = block(x)
        return large + self.activation(x, self.output)

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """The scale is not in the weights, and without normalisation neither is the number of units."""
        features, in_channels = shapes["blocks.0.input.weight"][:2]
        sizes = {
            "features": features,
            "blocks": count(shapes, "blocks.{}.input.weight"),
            "units": count(shapes, "blocks.0.units.{}.first.norm.weight") or 25,
            "normalised": "activation.norm.weight" in shapes,
            "bias": "output.bias" in shapes,
        }
        return None, sizes | channels(in_channels, shapes["output.weight"][0])


class RecursiveBlock(nn.Module):
    """A convolution, and a residual unit that is called several times on what it made (Tai et al. 2017, figure 3)."""

    def __init__(self, inputs: int, features: int, units: int, normalised: bool, bias: bool) -> None:
        super().__init__()
        self.normalised = normalised
        self.activation = PreActivation(inputs, normalised)
        self.input = nn.Conv2d(inputs, features, 3, padding=1, bias=bias)
        self.conv1 = nn.Conv2d(features, features, 3, padding=1, bias=bias)
        self.conv2 = nn.Conv2d(features, features, 3, padding=1, bias=bias)
        self.units = Chain(*[Recursion(features, normalised) for _ in range(units)])

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, features, H, W)."""
        first = self.activation(x, self.input)
        x = first = first if self.normalised else F.relu(first)
        for unit in self.units:
            x = first + self.units.call(unit, x, self.conv1, self.conv2)
        return x
