"""The generator of SRGAN."""

from typing import Any

from torch import Tensor, nn

from gansr.models.layers.attention.choice import Attention
from gansr.models.layers.blocks.residual import normalised_residual
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.convolutions import Convolution
from gansr.models.layers.resizing import FACTORS
from gansr.models.layers.upsampling import Upsampling, enlarging
from gansr.models.shapes import Shapes, channels, count, scale_of_steps


class SRResNet(nn.Module):
    """SRGAN's residual network: batch normalisation, sub-pixel upsampling (Ledig et al. 2017, figure 4).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, so a little outside
    of [0, 1] too. Scales 2, 3, 4 and 8: steps of x2, or one of x3. Each PReLU has one slope.

    Args:
        scale: 2, 3, 4 or 8
        features: channels of all maps
        blocks: residual blocks
        upsampling: how each step enlarges; the paper's is sub_pixel
        convolution: kind of the convolutions in the residual blocks
        attention: what ends each residual block's branch
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: an unknown scale, a number below 1, or grouped convolutions of features that four does not divide.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        blocks: int = 16,
        upsampling: Upsampling = "sub_pixel",
        convolution: Convolution = "standard",
        attention: Attention = "none",
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("srresnet", scale, FACTORS)
        check_positive("srresnet", features=features, blocks=blocks, in_channels=in_channels, out_channels=out_channels)
        self.scale = scale
        self.head = nn.Sequential(nn.Conv2d(in_channels, features, 9, padding=4), nn.PReLU())
        self.body = Chain(*[normalised_residual(features, convolution, attention) for _ in range(blocks)])
        self.body_end = nn.Sequential(nn.Conv2d(features, features, 3, padding=1, bias=False), nn.BatchNorm2d(features))
        self.upsampling = nn.Sequential(
            *[nn.Sequential(*enlarging(features, factor, upsampling), nn.PReLU()) for factor in FACTORS[scale]]
        )
        self.tail = nn.Conv2d(features, out_channels, 9, padding=4)

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        x = self.head(lr)  # (B, features, H, W)
        x = x + self.body_end(self.body(x))
        return self.tail(self.upsampling(x))

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Steps of x2 hold four times the features, one step of x3 nine times. Other building blocks stay unknown."""
        features, in_channels = shapes["head.0.weight"][:2]
        scale = scale_of_steps(shapes, "upsampling.{}.0.weight")
        sizes = {"features": features, "blocks": count(shapes, "body.{}.layers.0.weight")}
        return scale, sizes | channels(in_channels, shapes["tail.weight"][0])
