"""Real-ESRGAN's small, fast network."""

import math
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_residual, check_scale
from gansr.models.shapes import Shapes, channels, count

SCALES = (1, 2, 3, 4, 8)


class SRVGGNetCompact(nn.Module):
    """Real-ESRGAN's compact network, made for speed: plain convolutions, one pixel shuffle at the end.

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear. It learns what
    nearest-neighbour enlargement lacks. Scales 1, 2, 3, 4 and 8. `convolutions` counts those between the
    first and the last. Names of weights are those of Real-ESRGAN (realesr-animevideov3,
    realesr-general-x4v3).
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        convolutions: int = 16,
        activation: Literal["relu", "prelu", "leaky_relu"] = "prelu",
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("srvgg_compact", scale, SCALES)
        check_positive("srvgg_compact", features=features, convolutions=convolutions, in_channels=in_channels)
        check_residual("srvgg_compact", in_channels, out_channels)
        self.scale = scale
        layers: list[nn.Module] = []
        for inputs in (in_channels, *[features] * convolutions):
            layers += [nn.Conv2d(inputs, features, 3, padding=1), activation_layer(activation, features)]
        self.body = Chain(*layers, nn.Conv2d(features, out_channels * scale**2, 3, padding=1))

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        x, (*layers, last) = lr, self.body
        for convolution, activate in zip(layers[::2], layers[1::2], strict=True):
            x = self.body.call(_together, x, convolution, activate)  # (B, features, H, W)
        residual = F.pixel_shuffle(last(x), self.scale)
        return residual + F.interpolate(lr, scale_factor=self.scale, mode="nearest")

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Convolutions at even places, the slopes of PReLU at odd ones; without PReLU they do not tell which."""
        features, in_channels = shapes["body.0.weight"][:2]
        layers = count(shapes, "body.{}.weight")
        scale = math.isqrt(shapes[f"body.{layers - 1}.weight"][0] // in_channels)
        sizes = {"features": features, "convolutions": (layers - 3) // 2, "activation": "prelu"}
        return scale, sizes | channels(in_channels, in_channels)


def _together(x: Tensor, convolution: nn.Module, activate: nn.Module) -> Tensor:
    """Two layers as one block of the trunk: a block of one layer would have no inner result to leave out."""
    return activate(convolution(x))


def activation_layer(name: str, features: int) -> nn.Module:
    """A new activation layer; PReLU has a slope for each of its features."""
    if name == "prelu":
        return nn.PReLU(features)
    return nn.ReLU(inplace=True) if name == "relu" else nn.LeakyReLU(0.1, inplace=True)
