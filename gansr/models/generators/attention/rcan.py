"""The residual channel attention network, RCAN."""

from typing import Any

from torch import Tensor, nn

from gansr.models.layers.attention.channel import ChannelAttention
from gansr.models.layers.blocks.residual import Residual, plain_residual
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.resizing import FACTORS
from gansr.models.layers.shift import MeanShift
from gansr.models.layers.upsampling import Upsampler
from gansr.models.shapes import Shapes, channels, count, scale_of_steps


class RCAN(nn.Module):
    """Residual channel attention network: residual groups of residual blocks (Zhang et al. 2018, RCAN).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, so a little outside of [0, 1]
    too. Scales 2, 3, 4 and 8: steps of x2, or one of x3. Each block weighs its channels by their means (sections 3.3
    and 3.4); each group, and all of them together, add their input again (residual in residual, section 3.2). The
    sub-pixel steps begin as nearest-neighbour enlargement, unlike the authors'. Names of weights are those of their
    code (`yulunzhang/RCAN`, RCAN_TrainCode/code/model/rcan.py).

    Args:
        scale: 2, 3, 4 or 8
        features: channels of all maps
        groups: residual groups
        blocks: residual channel attention blocks in each group
        reduction: the attention's hidden layer has 1/reduction of the channels
        value_range: what white is inside of the network, before the mean of DIV2K is subtracted
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: an unknown scale, a number below 1, or a reduction that leaves no channel.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        groups: int = 10,
        blocks: int = 20,
        reduction: int = 16,
        value_range: float = 255.0,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("rcan", scale, FACTORS)
        check_positive("rcan", features=features, groups=groups, blocks=blocks)
        check_positive("rcan", in_channels=in_channels, out_channels=out_channels)
        self.scale, self.value_range = scale, value_range
        self.sub_mean = MeanShift(in_channels, value_range, "subtract")
        self.head = nn.Sequential(nn.Conv2d(in_channels, features, 3, padding=1))
        self.body = Chain(
            *[_group(features, blocks, reduction) for _ in range(groups)], nn.Conv2d(features, features, 3, padding=1)
        )
        self.tail = nn.Sequential(Upsampler(features, scale), nn.Conv2d(features, out_channels, 3, padding=1))
        self.add_mean = MeanShift(out_channels, value_range, "add")

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        x = self.head(self.sub_mean(lr * self.value_range))  # (B, features, H, W)
        x = x + self.body(x)
        return self.add_mean(self.tail(x)) / self.value_range

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Groups hold blocks in a row, whose attention tells the reduction."""
        features, in_channels = shapes["head.0.weight"][:2]
        sizes: dict[str, Any] = {
            "features": features,
            "groups": count(shapes, "body.{}.body.0.body.0.weight"),
            "blocks": count(shapes, "body.0.body.{}.body.0.weight"),
            "reduction": features // shapes["body.0.body.0.body.3.conv_du.0.weight"][0],
        }
        scale = scale_of_steps(shapes, "tail.0.{}.weight", step=2)
        return scale, sizes | channels(in_channels, shapes["tail.1.weight"][0])


def _group(features: int, blocks: int, reduction: int) -> Residual:
    """Blocks and a convolution: (B, features, H, W) -> the same shape."""
    return Residual(*[_block(features, reduction) for _ in range(blocks)], nn.Conv2d(features, features, 3, padding=1))


def _block(features: int, reduction: int) -> Residual:
    """A residual channel attention block: (B, features, H, W) -> the same shape."""
    return plain_residual(features, then=[ChannelAttention(features, reduction)])
