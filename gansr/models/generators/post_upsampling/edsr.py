"""The enhanced deep residual network, EDSR."""

from typing import Any

from torch import Tensor, nn

from gansr.models.layers.attention import choice
from gansr.models.layers.attention.choice import Attention
from gansr.models.layers.blocks.residual import plain_residual
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.convolutions import Convolution
from gansr.models.layers.resizing import FACTORS
from gansr.models.layers.shift import MeanShift
from gansr.models.layers.upsampling import Upsampler, Upsampling
from gansr.models.shapes import Shapes, channels, count, scale_of_steps

WIDE = 256
"""From so many features on the authors scale residuals by 0.1, for training to stay stable (section 3.2)."""


class EDSR(nn.Module):
    """EDSR: residual blocks without normalisation, winner of NTIRE 2017 (Lim et al. 2017).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, so a little outside of [0, 1]
    too. Scales 2, 3, 4 and 8: steps of x2, or one of x3. The defaults are the authors' baseline; the network of the
    paper is `{features: 256, blocks: 32, residual_scale: 0.1}`. The sub-pixel steps begin as nearest-neighbour
    enlargement, unlike theirs. Names of weights are those of the authors' code (`sanghyun-son/EDSR-PyTorch`).

    Args:
        scale: 2, 3, 4 or 8
        features: channels of all maps
        blocks: residual blocks
        residual_scale: factor on what each block adds to its input
        upsampling: how each step enlarges; the paper's is sub_pixel
        convolution: kind of the convolutions in the residual blocks
        attention: what ends each residual block's branch
        value_range: what white is inside of the network, before the mean of DIV2K is subtracted
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
        residual_scale: float = 1.0,
        upsampling: Upsampling = "sub_pixel",
        convolution: Convolution = "standard",
        attention: Attention = "none",
        value_range: float = 255.0,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("edsr", scale, FACTORS)
        check_positive("edsr", features=features, blocks=blocks, in_channels=in_channels, out_channels=out_channels)
        self.scale, self.value_range = scale, value_range
        self.sub_mean = MeanShift(in_channels, value_range, "subtract")
        self.head = nn.Sequential(nn.Conv2d(in_channels, features, 3, padding=1))
        self.body = Chain(
            *[
                plain_residual(
                    features, scale=residual_scale, convolutions=convolution, then=choice.attention(attention, features)
                )
                for _ in range(blocks)
            ],
            nn.Conv2d(features, features, 3, padding=1),
        )
        self.tail = nn.Sequential(
            Upsampler(features, scale, upsampling), nn.Conv2d(features, out_channels, 3, padding=1)
        )
        self.add_mean = MeanShift(out_channels, value_range, "add")

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        x = self.head(self.sub_mean(lr * self.value_range))  # (B, features, H, W)
        x = x + self.body(x)
        return self.add_mean(self.tail(x)) / self.value_range

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """The width tells the scale of residuals as the authors chose it. Other building blocks stay unknown."""
        features, in_channels = shapes["head.0.weight"][:2]
        sizes: dict[str, Any] = {
            "features": features,
            "blocks": count(shapes, "body.{}.body.0.weight"),
            "residual_scale": 0.1 if features >= WIDE else 1.0,
        }
        scale = scale_of_steps(shapes, "tail.0.{}.weight", step=2)
        return scale, sizes | channels(in_channels, shapes["tail.1.weight"][0])
