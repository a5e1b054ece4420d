"""The network that brought sub-pixel convolution."""

import math
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.shapes import Shapes, channels

SCALES = (1, 2, 3, 4, 8)


class ESPCN(nn.Module):
    """ESPCN: three convolutions on the small image, the last one sub-pixel (Shi et al. 2016).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear. Equations 1 to 4; section 3.2:
    (f1, n1) = (5, 64), (f2, n2) = (3, 32), f3 = 3. Names of weights are those of yjn870's ESPCN-pytorch.

    Args:
        scale: 1, 2, 3, 4 or 8
        features: maps of the two hidden layers, n1 and n2
        activation: tanh, which the paper found the better one, or relu, which it compares with
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: an unknown scale, or a number below 1.
    """

    def __init__(
        self,
        scale: int,
        features: tuple[int, int] = (64, 32),
        activation: Literal["tanh", "relu"] = "tanh",
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("espcn", scale, SCALES)
        check_positive("espcn", features=min(features), in_channels=in_channels, out_channels=out_channels)
        self.scale = scale
        wide, narrow = features
        activate = nn.Tanh if activation == "tanh" else nn.ReLU
        self.first_part = nn.Sequential(
            nn.Conv2d(in_channels, wide, 5, padding=2), activate(), nn.Conv2d(wide, narrow, 3, padding=1), activate()
        )
        self.last_part = nn.Sequential(nn.Conv2d(narrow, out_channels * scale**2, 3, padding=1))

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        return F.pixel_shuffle(self.last_part(self.first_part(lr)), self.scale)

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """As many channels out as in: their number tells the scale. The activation is not in the weights."""
        wide, in_channels = shapes["first_part.0.weight"][:2]
        outputs, narrow = shapes["last_part.0.weight"][:2]
        scale = math.isqrt(outputs // in_channels)
        return scale, {"features": (wide, narrow), "activation": "tanh"} | channels(in_channels, outputs // scale**2)
