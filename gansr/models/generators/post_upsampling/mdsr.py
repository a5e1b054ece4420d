"""The multi-scale deep super-resolution network, MDSR."""

from typing import Any

from torch import Tensor, nn

from gansr.models.layers.blocks.residual import plain_residual
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_scale, check_scales
from gansr.models.layers.resizing import FACTORS
from gansr.models.layers.shift import MeanShift
from gansr.models.layers.upsampling import Upsampler
from gansr.models.shapes import Shapes, channels, count, scale_of_steps


class MDSR(nn.Module):
    """MDSR: EDSR for several scales at once, which share its trunk (Lim et al. 2017, section 3.3 and figure 5).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, so a little outside of [0, 1]
    too, for whichever of its scales is asked for. Each scale has its own two residual blocks of 5x5 convolutions before
    the trunk, and its own sub-pixel steps behind it, which begin as nearest-neighbour enlargement; the last convolution
    is shared, as in the authors' code (`sanghyun-son/EDSR-PyTorch`, src/model/mdsr.py), whose names weights have.
    Their baseline is `{blocks: 16}`.

    Args:
        scale: the one of `scales` that is made when none is asked for
        features: channels of all maps
        blocks: residual blocks of the trunk
        scales: different ones of 2, 3, 4 and 8
        value_range: what white is inside of the network, before the mean of DIV2K is subtracted
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: a scale that is unknown or not among `scales`, `scales` that repeat one, or a number below 1.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        blocks: int = 80,
        scales: tuple[int, ...] = (2, 3, 4),
        value_range: float = 255.0,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scales("mdsr", scale, scales, FACTORS)
        check_positive("mdsr", features=features, blocks=blocks, in_channels=in_channels, out_channels=out_channels)
        self.scale, self.scales, self.value_range = scale, tuple(scales), value_range
        self.sub_mean = MeanShift(in_channels, value_range, "subtract")
        self.head = nn.Sequential(nn.Conv2d(in_channels, features, 3, padding=1))
        self.pre_process = nn.ModuleList(
            nn.Sequential(plain_residual(features, kernel=5), plain_residual(features, kernel=5)) for _ in scales
        )
        self.body = Chain(
            *[plain_residual(features) for _ in range(blocks)], nn.Conv2d(features, features, 3, padding=1)
        )
        self.upsample = nn.ModuleList(Upsampler(features, one) for one in scales)
        self.tail = nn.Sequential(nn.Conv2d(features, out_channels, 3, padding=1))
        self.add_mean = MeanShift(out_channels, value_range, "add")

    def forward(self, lr: Tensor, scale: int | None = None) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W).

        Raises:
            OptionsError: a scale that the network does not have.
        """
        scale = self.scale if scale is None else scale
        check_scale("mdsr", scale, self.scales)
        path = self.scales.index(scale)
        x = self.pre_process[path](self.head(self.sub_mean(lr * self.value_range)))  # (B, features, H, W)
        x = x + self.body(x)
        return self.add_mean(self.tail(self.upsample[path](x))) / self.value_range

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Each scale's steps tell it. Which of them is wanted, nothing tells."""
        features, in_channels = shapes["head.0.weight"][:2]
        paths = range(count(shapes, "upsample.{}.0.weight"))
        scales = tuple(scale_of_steps(shapes, f"upsample.{path}.{{}}.weight", step=2) for path in paths)
        sizes: dict[str, Any] = {
            "features": features,
            "blocks": count(shapes, "body.{}.body.0.weight"),
            "scales": scales,
        }
        scale = scales[0] if len(scales) == 1 else None
        return scale, sizes | channels(in_channels, shapes["tail.0.weight"][0])
