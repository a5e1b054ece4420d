"""SRResNet without normalisation."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.layers.blocks.residual import Residual
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_residual, check_scale
from gansr.models.layers.initialise import kaiming_
from gansr.models.layers.resizing import FACTORS
from gansr.models.shapes import Shapes, channels, count, scale_of_steps


class MSRResNet(nn.Module):
    """SRResNet without batch normalisation, learning what bilinear enlargement lacks (as in BasicSR).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear. Scales 2, 3, 4 and 8.
    Names of weights are those of BasicSR's MSRResNet, so its files load; x8 has one more step, `upconv3`.
    """

    def __init__(
        self, scale: int, features: int = 64, blocks: int = 16, in_channels: int = 3, out_channels: int = 3
    ) -> None:
        super().__init__()
        check_scale("msrresnet", scale, FACTORS)
        check_positive("msrresnet", features=features, blocks=blocks, in_channels=in_channels)
        check_residual("msrresnet", in_channels, out_channels)
        self.scale = scale
        self.factors = FACTORS[scale]
        self.conv_first = nn.Conv2d(in_channels, features, 3, padding=1)
        self.body = Chain(*[_block(features) for _ in range(blocks)])
        for step, factor in enumerate(self.factors, start=1):
            upconv = nn.Conv2d(features, features * factor**2, 3, padding=1)
            kaiming_(upconv, scale=0.1)
            self.add_module(f"upconv{step}", upconv)
        self.conv_hr = nn.Conv2d(features, features, 3, padding=1)
        self.conv_last = nn.Conv2d(features, out_channels, 3, padding=1)
        kaiming_(self.conv_first, self.conv_hr, self.conv_last, scale=0.1)

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        x = self.body(leaky(self.conv_first(lr)))  # (B, features, H, W)
        for step, factor in enumerate(self.factors, start=1):
            x = leaky(F.pixel_shuffle(getattr(self, f"upconv{step}")(x), factor))
        x = self.conv_last(leaky(self.conv_hr(x)))
        return x + F.interpolate(lr, scale_factor=self.scale, mode="bilinear", align_corners=False)

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Steps of x2 hold four times the features, one step of x3 nine times."""
        features, in_channels = shapes["conv_first.weight"][:2]
        scale = scale_of_steps(shapes, "upconv{}.weight", first=1)
        sizes = {"features": features, "blocks": count(shapes, "body.{}.conv1.weight")}
        return scale, sizes | channels(in_channels, shapes["conv_last.weight"][0])


def _block(features: int) -> Residual:
    """EDSR's block under BasicSR's names, beginning close to the identity: (B, features, H, W) -> the same shape."""
    conv1, conv2 = (nn.Conv2d(features, features, 3, padding=1) for _ in range(2))
    kaiming_(conv1, conv2, scale=0.1)
    return Residual(conv1=conv1, relu=nn.ReLU(inplace=True), conv2=conv2)


def leaky(x: Tensor) -> Tensor:
    """LeakyReLU of slope 0.1, in place: no convolution needs its own output again."""
    return F.leaky_relu(x, 0.1, inplace=True)
