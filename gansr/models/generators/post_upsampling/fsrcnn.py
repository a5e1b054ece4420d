"""SRCNN's fast successor, which enlarges at the end."""

from typing import Any

from torch import Tensor, nn

from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.shapes import Shapes, channels, count

SCALES = (1, 2, 3, 4, 8)
KERNEL = 9  # of the deconvolution


class FSRCNN(nn.Module):
    """FSRCNN: shrink, map, expand, and one deconvolution that enlarges (Dong et al. 2016, ECCV).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear. FSRCNN(d, s, m) of section 3.2:
    features, shrunk, mappings; FSRCNN-s is (32, 5, 1). Names of weights are those of yjn870's FSRCNN-pytorch.
    Convolutions begin as in He et al. 2015, the deconvolution with a deviation of 0.001, as in the paper.

    Args:
        scale: 1, 2, 3, 4 or 8
        features: d, channels of the wide maps
        shrunk: s, channels of the narrow ones
        mappings: m, convolutions between the narrow maps
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: an unknown scale, or a number below 1.
    """

    def __init__(
        self,
        scale: int,
        features: int = 56,
        shrunk: int = 12,
        mappings: int = 4,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("fsrcnn", scale, SCALES)
        check_positive("fsrcnn", features=features, shrunk=shrunk, mappings=mappings)
        check_positive("fsrcnn", in_channels=in_channels, out_channels=out_channels)
        self.scale = scale
        self.first_part = _activated(in_channels, features, 5)
        self.mid_part = nn.Sequential(
            *_activated(features, shrunk, 1),
            *[layer for _ in range(mappings) for layer in _activated(shrunk, shrunk, 3)],
            *_activated(shrunk, features, 1),
        )
        # One pixel of output padding for each that the stride exceeds 1, so that every size is met exactly.
        self.last_part = nn.ConvTranspose2d(
            features, out_channels, KERNEL, stride=scale, padding=KERNEL // 2, output_padding=scale - 1
        )
        nn.init.normal_(self.last_part.weight, std=0.001)
        nn.init.zeros_(self.last_part.bias)  # pyright: ignore[reportArgumentType]

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        return self.last_part(self.mid_part(self.first_part(lr)))

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """The deconvolution has one kernel at every scale, so the scale is not in the weights."""
        features, in_channels = shapes["first_part.0.weight"][:2]
        sizes = {
            "features": features,
            "shrunk": shapes["mid_part.0.weight"][0],
            "mappings": count(shapes, "mid_part.{}.weight") // 2 - 2,
        }
        return None, sizes | channels(in_channels, shapes["last_part.weight"][1])


def _activated(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """A convolution, and PReLU with a slope for each map."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.kaiming_normal_(layer.weight)
    nn.init.zeros_(layer.bias)  # pyright: ignore[reportArgumentType]
    return nn.Sequential(layer, nn.PReLU(outputs))
