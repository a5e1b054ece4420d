"""The generator of ESRGAN, BSRGAN and Real-ESRGAN."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.layers import convolutions
from gansr.models.layers.attention import choice
from gansr.models.layers.attention.choice import Attention
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.convolutions import Convolution
from gansr.models.layers.initialise import kaiming_
from gansr.models.layers.resizing import pad_to_multiple
from gansr.models.layers.upsampling import Upsampling, enlarge, enlarging
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

    Args:
        scale: 1, 2, 3, 4 or 8
        features: channels of the trunk
        blocks: residual-in-residual dense blocks
        growth: channels that each convolution in a dense block adds
        unshuffle: whether x1 and x2 work on the folded input
        upsampling: how each step enlarges; the paper's is nearest
        convolution: kind of the convolutions in the dense blocks
        attention: what ends each residual-in-residual block's branch
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: an unknown scale, a number below 1, or grouped convolutions of channels that four does not divide.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        blocks: int = 23,
        growth: int = 32,
        unshuffle: bool = True,
        upsampling: Upsampling = "nearest",
        convolution: Convolution = "standard",
        attention: Attention = "none",
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("rrdbnet", scale, STEPS)
        check_positive("rrdbnet", features=features, blocks=blocks, growth=growth)
        check_positive("rrdbnet", in_channels=in_channels, out_channels=out_channels)
        self.scale = scale
        self.upsampling: Upsampling = upsampling
        self.fold = 4 // scale if unshuffle and scale < 3 else 1
        self.steps = STEPS[scale * self.fold]
        self.conv_first = nn.Conv2d(in_channels * self.fold**2, features, 3, padding=1)
        self.body = Chain(*[RRDB(features, growth, convolution, attention) for _ in range(blocks)])
        self.conv_body = nn.Conv2d(features, features, 3, padding=1)
        for name, factor in self.steps.items():
            layers = enlarging(features, factor, upsampling)
            self.add_module(name, next(layer for layer in layers if list(layer.parameters())))
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
            x = leaky(enlarge(x, getattr(self, name), factor, self.upsampling))
        x = self.conv_last(leaky(self.conv_hr(x)))
        if self.fold == 1:
            return x
        return x[..., : height * self.scale, : width * self.scale].clone()  # without gaps in memory

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
    """Three dense blocks, perhaps attention, their result scaled by 0.2, plus the input."""

    def __init__(self, features: int, growth: int, convolution: Convolution, attention: Attention) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(features, growth, convolution)
        self.rdb2 = DenseBlock(features, growth, convolution)
        self.rdb3 = DenseBlock(features, growth, convolution)
        self.attention = nn.Sequential(*choice.attention(attention, features))

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) -> the same shape."""
        return x + 0.2 * self.attention(self.rdb3(self.rdb2(self.rdb1(x))))


class DenseBlock(nn.Module):
    """Four convolutions that each add `growth` channels to what they see, and a fifth that sums up."""

    def __init__(self, features: int, growth: int, kind: Convolution) -> None:
        super().__init__()
        layers = [
            convolutions.convolution(features + step * growth, growth if step < 4 else features, kind=kind)
            for step in range(5)
        ]
        self.conv1, self.conv2, self.conv3, self.conv4, self.conv5 = layers
        # Of a separable convolution only its last part begins small.
        last = [list(layer.modules())[-1] for layer in layers]
        kaiming_(*[layer for layer in last if isinstance(layer, nn.Conv2d)], scale=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) -> the same shape."""
        seen = x
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat((seen, leaky(conv(seen))), dim=1)  # (B, features + k * growth, H, W)
        return x + 0.2 * self.conv5(seen)


def leaky(x: Tensor) -> Tensor:
    """LeakyReLU of slope 0.2, in place: no convolution needs its own output again."""
    return F.leaky_relu(x, 0.2, inplace=True)
