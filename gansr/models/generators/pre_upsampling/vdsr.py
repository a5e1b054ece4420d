"""The first deep network for super-resolution, and the first for several scales."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_residual, check_scale
from gansr.models.layers.initialise import he_
from gansr.models.layers.resizing import bicubic
from gansr.models.shapes import Shapes, channels, count

SCALES = (1, 2, 3, 4, 8)


class VDSR(nn.Module):
    """VDSR: twenty 3x3 convolutions that learn what bicubic enlargement lacks (Kim et al. 2016).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear. One network for all scales
    (section 4.3). Weights begin as in He et al. 2015; names are those of twtygqyy's pytorch-vdsr.

    Args:
        scale: 1, 2, 3, 4 or 8
        depth: convolutions in all, at least 2
        features: channels of all maps
        bias: whether convolutions have one: in the paper they do, in pytorch-vdsr not
        in_channels: of the small image
        out_channels: of the large image, as many

    Raises:
        OptionsError: an unknown scale, a number that is too small, or other channels out than in.
    """

    def __init__(
        self,
        scale: int,
        depth: int = 20,
        features: int = 64,
        bias: bool = True,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("vdsr", scale, SCALES)
        check_positive("vdsr", features=features, in_channels=in_channels, out_channels=out_channels)
        check_residual("vdsr", in_channels, out_channels)
        if depth < 3:
            raise OptionsError(f"vdsr: depth is {depth}; expected at least 3 convolutions.")
        self.scale, self.scales = scale, SCALES
        self.input = nn.Conv2d(in_channels, features, 3, padding=1, bias=bias)
        self.residual_layer = Chain(*[Rectified(features, bias) for _ in range(depth - 2)])
        self.output = nn.Conv2d(features, out_channels, 3, padding=1, bias=bias)
        he_(self)

    def forward(self, lr: Tensor, scale: int | None = None) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W); `scale` omitted: the network's."""
        large = bicubic(lr, scale or self.scale)
        return large + self.output(self.residual_layer(F.relu(self.input(large))))

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """The scale is not in the weights."""
        features, in_channels = shapes["input.weight"][:2]
        depth = count(shapes, "residual_layer.{}.conv.weight") + 2
        sizes = {"depth": depth, "features": features, "bias": "input.bias" in shapes}
        return None, sizes | channels(in_channels, shapes["output.weight"][0])


class Rectified(nn.Module):
    """A convolution, then ReLU."""

    def __init__(self, features: int, bias: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(features, features, 3, padding=1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) -> the same shape."""
        return F.relu(self.conv(x))
