"""The cascading residual networks, CARN and CARN-M."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.layers.blocks.residual import Residual, plain_residual
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_scale, check_scales
from gansr.models.layers.convolutions import Convolution, convolution
from gansr.models.layers.resizing import FACTORS
from gansr.models.layers.shift import MeanShift
from gansr.models.shapes import Shapes, channels, count

BLOCKS = 3  # at both levels


class CARN(nn.Module):
    """CARN: blocks whose results cascade into each other, locally and globally (Ahn et al. 2018).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear. Three cascading blocks of three
    residual blocks; at both levels a 1x1 convolution fuses each result with all before. One network can have tails
    for several scales. CARN-M groups its convolutions by four, ends residual blocks with a 1x1 convolution, and calls
    one residual block three times (section 3.4). Colours have DIV2K's mean subtracted, in [0, 1].
    Names of weights are those of the authors' CARN-pytorch, apart from where an activation counts.

    Args:
        scale: 2, 3, 4 or 8
        features: channels of all maps
        mobile: CARN-M
        scales: of the tails, among them `scale`; omitted: a tail of `scale` alone, as in the authors' code
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: a scale that is unknown or not among `scales`, a number below 1, or grouped convolutions of
            features that four does not divide.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        mobile: bool = False,
        scales: tuple[int, ...] | None = None,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        self.scale, self.scales = scale, (scale,) if scales is None else tuple(scales)
        check_scales("carn", scale, self.scales, FACTORS)
        check_positive("carn", features=features, in_channels=in_channels, out_channels=out_channels)
        kind: Convolution = "grouped" if mobile else "standard"
        self.sub_mean = MeanShift(in_channels, 1.0, "subtract")
        self.entry = nn.Conv2d(in_channels, features, 3, padding=1)
        self.body = Cascade(features, [_block(features, mobile) for _ in range(BLOCKS)], Chain())
        tails = {"up": scale} if scales is None else {f"up{one}": one for one in scales}
        self.upsample = nn.ModuleDict({name: _tail(features, one, kind) for name, one in tails.items()})
        self.exit = nn.Conv2d(features, out_channels, 3, padding=1)
        self.add_mean = MeanShift(out_channels, 1.0, "add")

    def forward(self, lr: Tensor, scale: int | None = None) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W); `scale` omitted: the network's.

        Raises:
            OptionsError: a scale that the network has no tail for.
        """
        scale = self.scale if scale is None else scale
        check_scale("carn", scale, self.scales)
        tail = self.upsample["up" if "up" in self.upsample else f"up{scale}"]
        x = self.body(self.entry(self.sub_mean(lr)))  # (B, features, H, W)
        return self.add_mean(self.exit(tail(x)))

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Tails are named by their scales. Which of several is wanted, nothing tells."""
        features, in_channels = shapes["entry.weight"][:2]
        scales = tuple(one for one in FACTORS if f"upsample.up{one}.0.weight" in shapes)
        sizes: dict[str, Any] = {
            "features": features,
            "mobile": "body.b1.b1.body.4.weight" in shapes,
            "scales": scales or None,
        }
        if scales:
            scale = scales[0] if len(scales) == 1 else None
        else:
            factor = math.isqrt(shapes["upsample.up.0.weight"][0] // features)
            scale = factor ** count(shapes, "upsample.up.{}.weight", step=3)
        return scale, sizes | channels(in_channels, shapes["exit.weight"][0])


class Cascade(nn.Module):
    """Three blocks, each on the fusion of all results so far: (B, features, H, W) -> the same shape.

    One block instead of three is called three times. A block's result passes a ReLU; that of a cascade has done so.
    """

    def __init__(self, features: int, blocks: list[nn.Module], chain: Chain | None = None) -> None:
        super().__init__()
        self.chain = chain  # of the whole trunk: inner results of its blocks are made again with them
        for number, block in enumerate(blocks, start=1):
            self.add_module(f"b{number}", block)
        for number in range(1, BLOCKS + 1):
            self.add_module(f"c{number}", nn.Conv2d(features * (number + 1), features, 1))
        self.shared = len(blocks) == 1

    def forward(self, x: Tensor) -> Tensor:
        """The last fusion."""
        seen = x
        for number in range(1, BLOCKS + 1):
            block = getattr(self, "b1" if self.shared else f"b{number}")
            made = block(x) if self.chain is None else self.chain.call(block, x)
            seen = torch.cat((seen, F.relu(made)), dim=1)  # (B, (number + 1) * features, H, W)
            x = F.relu(getattr(self, f"c{number}")(seen))
        return x


def _block(features: int, mobile: bool) -> Cascade:
    """A cascading block: (B, features, H, W) -> the same shape."""
    if mobile:
        return Cascade(features, [_efficient(features)])
    return Cascade(features, [plain_residual(features) for _ in range(BLOCKS)])


def _efficient(features: int) -> Residual:
    """CARN-M's residual block: grouped convolutions, and one that mixes the groups."""
    return Residual(
        convolution(features, features, kind="grouped"),
        nn.ReLU(inplace=True),
        convolution(features, features, kind="grouped"),
        nn.ReLU(inplace=True),
        nn.Conv2d(features, features, 1),
    )


def _tail(features: int, scale: int, kind: Convolution) -> nn.Sequential:
    """Steps of convolution, ReLU and pixel shuffle, in this order, as in the authors' code."""
    steps = [
        (convolution(features, features * factor**2, kind=kind), nn.ReLU(inplace=True), nn.PixelShuffle(factor))
        for factor in FACTORS[scale]
    ]
    return nn.Sequential(*[layer for step in steps for layer in step])
