"""The first convolutional network for super-resolution."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.resizing import bicubic
from gansr.models.shapes import Shapes, channels

SCALES = (1, 2, 3, 4, 8)


class SRCNN(nn.Module):
    """SRCNN: three convolutions behind bicubic enlargement (Dong et al. 2016, TPAMI 38(2)).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear. Patches are extracted
    (equation 1), mapped (equation 2) and put together (equation 3). The network is the same at every scale. Weights
    begin as the paper's training section says, with a deviation of 0.001 around 0; names are those of
    yjn870's SRCNN-pytorch.

    Args:
        scale: 1, 2, 3, 4 or 8
        features: maps of the two hidden layers, n1 and n2
        kernels: sides of the three kernels, f1, f2 and f3, odd: 9-5-5 is the paper's best, 9-1-5 its fastest
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: an unknown scale, a number below 1, other than two or three numbers, or an even kernel.
    """

    def __init__(
        self,
        scale: int,
        features: tuple[int, int] = (64, 32),
        kernels: tuple[int, int, int] = (9, 5, 5),
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("srcnn", scale, SCALES)
        check_positive("srcnn", features=min(features), kernels=min(kernels))
        check_positive("srcnn", in_channels=in_channels, out_channels=out_channels)
        if even := [kernel for kernel in kernels if kernel % 2 == 0]:
            raise OptionsError(f"srcnn: kernels has {even[0]}; expected odd numbers, so that the size stays.")
        self.scale, self.scales = scale, SCALES
        widths = (in_channels, *features, out_channels)
        self.conv1, self.conv2, self.conv3 = (
            nn.Conv2d(widths[layer], widths[layer + 1], kernel, padding=kernel // 2)
            for layer, kernel in enumerate(kernels)
        )
        for layer in (self.conv1, self.conv2, self.conv3):
            nn.init.normal_(layer.weight, std=0.001)
            nn.init.zeros_(layer.bias)  # pyright: ignore[reportArgumentType]

    def forward(self, lr: Tensor, scale: int | None = None) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W); `scale` omitted: the network's."""
        x = F.relu(self.conv1(bicubic(lr, scale or self.scale)))  # (B, n1, scale * H, scale * W)
        return self.conv3(F.relu(self.conv2(x)))

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """The scale is not in the weights."""
        layers = [shapes[f"conv{number}.weight"] for number in (1, 2, 3)]
        sizes = {"features": (layers[0][0], layers[1][0]), "kernels": tuple(layer[-1] for layer in layers)}
        return None, sizes | channels(layers[0][1], layers[2][0])
