"""The generator of Super-FAN."""

from typing import Any

from torch import Tensor, nn

from gansr.errors import OptionsError
from gansr.models.layers.blocks.residual import normalised_residual
from gansr.models.layers.chain import Chain
from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.resizing import FACTORS
from gansr.models.layers.upsampling import enlarging
from gansr.models.shapes import Shapes, channels, count, scale_of_steps

BLOCKS = (12, 3, 2, 2)
"""At 1, 2, 4 and 8 times the input's size."""


class SuperFAN(nn.Module):
    """Super-FAN's residual network, which works at every size on its way (Bulat and Tzimiropoulos 2018).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, scale * H, scale * W), linear, so a little outside of
    [0, 1] too. Where SRResNet has all its blocks at the size of the input, some follow each enlargement here: 12,
    3 and 2 of them at 16, 32 and 64 px for the paper's x4. The paper has no other scale; x8 adds two more at the
    last size, x2 and x3 do with the first two numbers. There is no skip around the body. Blocks and sub-pixel
    steps are SRResNet's.

    Args:
        scale: 2, 3, 4 or 8; steps of x2, or one of x3
        features: channels of all maps
        blocks: residual blocks at each size, the input's first; omitted: 12, 3, 2, 2, as many as there are sizes
        in_channels: of the small image
        out_channels: of the large image

    Raises:
        OptionsError: an unknown scale, a number below 1, or another number of sizes than the scale has.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        blocks: tuple[int, ...] | None = None,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("super_fan", scale, FACTORS)
        check_positive("super_fan", features=features, in_channels=in_channels, out_channels=out_channels)
        self.scale = scale
        factors = FACTORS[scale]
        counts = BLOCKS[: len(factors) + 1] if blocks is None else tuple(blocks)
        if len(counts) != len(factors) + 1 or min(counts) < 1:
            raise OptionsError(
                f"super_fan: blocks is {list(counts)}; scale {scale} needs {len(factors) + 1} numbers of at least 1, "
                f"one for each size, for example {list(BLOCKS[: len(factors) + 1])}."
            )
        self.first = nn.Sequential(nn.Conv2d(in_channels, features, 9, padding=4), nn.PReLU())
        self.sizes = nn.ModuleList(Chain(*[normalised_residual(features) for _ in range(count)]) for count in counts)
        self.steps = nn.ModuleList(nn.Sequential(*enlarging(features, factor), nn.PReLU()) for factor in factors)
        self.last = nn.Sequential(
            nn.Conv2d(features, features, 3, padding=1), nn.PReLU(), nn.Conv2d(features, out_channels, 3, padding=1)
        )

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, scale * H, scale * W)."""
        x = self.sizes[0](self.first(lr))  # (B, features, H, W)
        for enlarge, residuals in zip(self.steps, self.sizes[1:], strict=True):
            x = residuals(enlarge(x))
        return self.last(x)

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Blocks at each size, and the steps of SRResNet between them."""
        features, in_channels = shapes["first.0.weight"][:2]
        scale = scale_of_steps(shapes, "steps.{}.0.weight")
        sizes = range(count(shapes, "sizes.{}.0.layers.0.weight"))
        blocks = tuple(count(shapes, f"sizes.{size}.{{}}.layers.0.weight") for size in sizes)
        return scale, {"features": features, "blocks": blocks} | channels(in_channels, shapes["last.2.weight"][0])
