"""The second-order attention network, SAN."""

from typing import Any

import torch
from torch import Tensor, nn

from gansr.models.layers.attention.non_local import NonLocal
from gansr.models.layers.attention.second_order import SecondOrderAttention
from gansr.models.layers.blocks.residual import Residual, plain_residual
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.resizing import FACTORS
from gansr.models.layers.shift import MeanShift
from gansr.models.layers.upsampling import Upsampler
from gansr.models.shapes import Shapes, channels, count, scale_of_steps

REGIONS = 2
"""The non-local blocks work on so many rows and columns of regions (section 3.4)."""


class SAN(nn.Module):
    """Second-order attention network: groups that weigh channels by their covariance (Dai et al. 2019, SAN).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, so a little outside of
    [0, 1] too. Scales 2, 3, 4 and 8: steps of x2, or one of x3. Each group of residual blocks ends with second-order
    attention (section 3.3) and a convolution; between groups the trunk's first maps are added again, times a learned
    factor gamma that begins at 0 (share-source skip connections, section 3.2). One region-level non-local block works
    before and after all groups, with the same weights; it is quadratic in the pixels of a quarter of the image.

    As in the authors' code (`daitao/SAN`, TrainCode/model/san.py), from which the numbers of channels are taken too.
    There the covariance of maps larger than 1000x1000 is that of their middle; here every pixel counts. What their
    code creates and never uses (a gamma in each group, two more layers) is left out. Groups and blocks are the ones
    that other networks share, so their names of weights are translated on import.

    Args:
        scale: 2, 3, 4 or 8
        features: channels of all maps
        groups: local-source residual attention groups
        blocks: residual blocks in each group
        reduction: the attention's hidden layer has 1/reduction of the channels
        non_local_features: channels inside of the non-local block
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
        groups: int = 20,
        blocks: int = 10,
        reduction: int = 16,
        non_local_features: int = 8,
        value_range: float = 255.0,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("san", scale, FACTORS)
        check_positive("san", features=features, groups=groups, blocks=blocks, non_local_features=non_local_features)
        check_positive("san", in_channels=in_channels, out_channels=out_channels)
        self.scale, self.value_range = scale, value_range
        self.sub_mean = MeanShift(in_channels, value_range, "subtract")
        self.head = nn.Sequential(nn.Conv2d(in_channels, features, 3, padding=1))
        self.non_local = NonLocal(features, non_local_features, regions=REGIONS)
        self.gamma = nn.Parameter(torch.zeros(1))
        self.body = Chain(*[_group(features, blocks, reduction) for _ in range(groups)])
        self.tail = nn.Sequential(Upsampler(features, scale), nn.Conv2d(features, out_channels, 3, padding=1))
        self.add_mean = MeanShift(out_channels, value_range, "add")

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        first = self.head(self.sub_mean(lr * self.value_range))  # (B, features, H, W)
        x = source = self.non_local(first)
        for group in self.body:
            x = self.body.call(group, x) + self.gamma * source
        x = self.non_local(x) + first
        return self.add_mean(self.tail(x)) / self.value_range

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Blocks and the attention stand in a row in each group."""
        features, in_channels = shapes["head.0.weight"][:2]
        blocks = count(shapes, "body.0.body.{}.body.0.weight")
        sizes: dict[str, Any] = {
            "features": features,
            "groups": count(shapes, "body.{}.body.0.body.0.weight"),
            "blocks": blocks,
            "reduction": features // shapes[f"body.0.body.{blocks}.conv_du.0.weight"][0],
            "non_local_features": shapes["non_local.g.weight"][0],
        }
        scale = scale_of_steps(shapes, "tail.0.{}.weight", step=2)
        return scale, sizes | channels(in_channels, shapes["tail.1.weight"][0])


def _group(features: int, blocks: int, reduction: int) -> Residual:
    """A local-source residual attention group: (B, features, H, W) -> the same shape."""
    return Residual(
        *[plain_residual(features) for _ in range(blocks)],
        SecondOrderAttention(features, reduction),
        nn.Conv2d(features, features, 3, padding=1),
    )
