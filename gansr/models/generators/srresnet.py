"""The generator of SRGAN."""

from typing import Any

from torch import Tensor, nn

from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.resizing import FACTORS
from gansr.models.shapes import Shapes, channels, count, scale_of_steps


class SRResNet(nn.Module):
    """SRGAN's residual network: batch normalisation, sub-pixel upsampling (Ledig et al. 2017, figure 4).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, so a little outside
    of [0, 1] too. Scales 2, 3, 4 and 8: steps of x2, or one of x3. Each PReLU has one slope.
    """

    def __init__(
        self, scale: int, features: int = 64, blocks: int = 16, in_channels: int = 3, out_channels: int = 3
    ) -> None:
        super().__init__()
        check_scale("srresnet", scale, FACTORS)
        check_positive("srresnet", features=features, blocks=blocks, in_channels=in_channels, out_channels=out_channels)
        self.scale = scale
        self.head = nn.Sequential(nn.Conv2d(in_channels, features, 9, padding=4), nn.PReLU())
        self.body = nn.Sequential(*[Residual(features) for _ in range(blocks)])
        self.body_end = nn.Sequential(nn.Conv2d(features, features, 3, padding=1, bias=False), nn.BatchNorm2d(features))
        self.upsampling = nn.Sequential(*[SubPixel(features, factor) for factor in FACTORS[scale]])
        self.tail = nn.Conv2d(features, out_channels, 9, padding=4)

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        x = self.head(lr)  # (B, features, H, W)
        x = x + self.body_end(self.body(x))
        return self.tail(self.upsampling(x))

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Steps of x2 hold four times the features, one step of x3 nine times."""
        features, in_channels = shapes["head.0.weight"][:2]
        scale = scale_of_steps(shapes, "upsampling.{}.0.weight")
        sizes = {"features": features, "blocks": count(shapes, "body.{}.layers.0.weight")}
        return scale, sizes | channels(in_channels, shapes["tail.weight"][0])


class Residual(nn.Module):
    """Convolution, normalisation, PReLU, convolution, normalisation, plus the input."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            # The normalisation shifts by itself: a bias before it would be subtracted again.
            nn.Conv2d(features, features, 3, padding=1, bias=False),
            nn.BatchNorm2d(features),
            nn.PReLU(),
            nn.Conv2d(features, features, 3, padding=1, bias=False),
            nn.BatchNorm2d(features),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, features, H, W) -> the same shape."""
        return x + self.layers(x)


class SubPixel(nn.Sequential):
    """Enlarges a map: factor^2 times the channels, moved into space (Shi et al. 2016), then PReLU."""

    def __init__(self, features: int, factor: int) -> None:
        super().__init__(nn.Conv2d(features, features * factor**2, 3, padding=1), nn.PixelShuffle(factor), nn.PReLU())
