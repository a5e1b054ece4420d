"""The generator of ESRGAN, BSRGAN and Real-ESRGAN."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.initialise import kaiming_
from gansr.models.layers.resizing import pad_to_multiple
from gansr.models.shapes import Shapes, channels, count

STEPS = {
    1: {},
    2: {"conv_up1": 2},
    # A name of its own: the names alone tell a x3 network from a x2 one.
    3: {"conv_up1_x3": 3},
    4: {"conv_up1": 2, "conv_up2": 2},
    8: {"conv_up1": 2, "conv_up2": 2, "conv_up3": 2},
}
"""Scale -> name of the convolution after each enlarging step, and the step's factor."""


class RRDBNet(nn.Module):
    """ESRGAN's network of residual-in-residual dense blocks (Wang et al. 2018), as in BSRGAN and Real-ESRGAN.

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, for any H and W.
    Scales 1, 2, 3, 4 and 8. At x2 and x1 the x4 network works on the input pixel-unshuffled by 2 and 4 (Wang
    et al. 2021, Real-ESRGAN, section 4.1); `unshuffle: false` enlarges in fewer steps instead, as the older
    ESRGAN and BSRGAN files do (no difference at the other scales). Names of weights are BasicSR's.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        blocks: int = 23,
        growth: int = 32,
        unshuffle: bool = True,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("rrdbnet", scale, STEPS)
        check_positive("rrdbnet", features=features, blocks=blocks, growth=growth)
        check_positive("rrdbnet", in_channels=in_channels, out_channels=out_channels)
        self.scale = scale
        self.fold = 4 // scale if unshuffle and scale < 3 else 1
        self.steps = STEPS[scale * self.fold]
        self.conv_first = nn.Conv2d(in_channels * self.fold**2, features, 3, padding=1)
        self.body = nn.Sequential(*[RRDB(features, growth) for _ in range(blocks)])
        self.conv_body = nn.Conv2d(features, features, 3, padding=1)
        for name in self.steps:
            self.add_module(name, nn.Conv2d(features, features, 3, padding=1))
        self.conv_hr = nn.Conv2d(features, features, 3, padding=1)
        self.conv_last = nn.Conv2d(features, out_channels, 3, padding=1)

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        height, width = lr.shape[-2:]
        if self.fold > 1:
            lr = F.pixel_unshuffle(pad_to_multiple(lr, self.fold), self.fold)  # (B, fold^2 C, H/fold, W/fold)
        x = self.conv_first(lr)
        x = x + self.conv_body(self.body(x))
        for name, factor in self.steps.items():
            x = leaky(getattr(self, name)(F.interpolate(x, scale_factor=factor, mode="nearest")))
        x = self.conv_last(leaky(self.conv_hr(x)))
        return x[..., : height * self.scale, : width * self.scale]

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """The steps tell the scale, and an input folded into channels divides it."""
        features, inputs = shapes["conv_first.weight"][:2]
        out_channels = shapes["conv_last.weight"][0]
        steps = count(shapes, "conv_up{}.weight", first=1)
        fold = {4 * out_channels: 2, 16 * out_channels: 4}.get(inputs, 1) if steps == 2 else 1
        scale = 3 if "conv_up1_x3.weight" in shapes else 2**steps // fold
        sizes: dict[str, Any] = {
            "features": features,
            "blocks": count(shapes, "body.{}.rdb1.conv1.weight"),
            "growth": shapes["body.0.rdb1.conv1.weight"][0],
            "unshuffle": fold > 1 or scale > 2,
        }
        return scale, sizes | channels(inputs // fold**2, out_channels)


class RRDB(nn.Module):
    """Three dense blocks, their result scaled by 0.2, plus the input."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(features, growth)
        self.rdb2 = DenseBlock(features, growth)
        self.rdb3 = DenseBlock(features, growth)

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) -> the same shape."""
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class DenseBlock(nn.Module):
    """Four convolutions that each add `growth` channels to what they see, and a fifth that sums up."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, growth, 3, padding=1)
        self.conv2 = nn.Conv2d(features + growth, growth, 3, padding=1)
        self.conv3 = nn.Conv2d(features + 2 * growth, growth, 3, padding=1)
        self.conv4 = nn.Conv2d(features + 3 * growth, growth, 3, padding=1)
        self.conv5 = nn.Conv2d(features + 4 * growth, features, 3, padding=1)
        kaiming_(self.conv1, self.conv2, self.conv3, self.conv4, self.conv5, scale=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) -> the same shape."""
        seen = x
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat((seen, leaky(conv(seen))), dim=1)  # (B, features + k * growth, H, W)
        return x + 0.2 * self.conv5(seen)


def leaky(x: Tensor) -> Tensor:
    """LeakyReLU of slope 0.2, in place: no convolution needs its own output again."""
    return F.leaky_relu(x, 0.2, inplace=True)
