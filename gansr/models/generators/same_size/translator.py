"""The residual translator of UnpairedSR, as a generator that keeps the size."""

from typing import Any

from torch import Tensor, nn

from gansr.models.layers.checks import check_positive, check_residual, check_scale
from gansr.models.layers.translator import translator
from gansr.models.shapes import Shapes, channels, count


class Translator(nn.Module):
    """x + residual blocks of x: makes LR images clean, as CinCGAN's and pseudo-supervision's G1 (UnpairedSR).

    (B, in_channels, H, W) in [0, 1] -> the same shape, neither clamped nor rounded. Sizes and names of weights are
    those of `greatlog/UnpairedSR` (`archs/translator.py`): 631,299 parameters. It begins as the identity. A network
    that goes the other way, and draws noise, is the degrader of the same name.

    Args:
        scale: 1, as the size stays
        features: channels of all maps
        blocks: residual blocks
        zero_tail: begin as the identity
        in_channels: of the image
        out_channels: of the result, as many

    Raises:
        OptionsError: another scale, a number below 1, or other channels out than in.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        blocks: int = 8,
        zero_tail: bool = True,
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("translator", scale, (1,))
        check_positive(
            "translator", features=features, blocks=blocks, in_channels=in_channels, out_channels=out_channels
        )
        check_residual("translator", in_channels, out_channels)
        self.scale = scale
        self.head, self.body, self.tail = translator(in_channels, out_channels, features, blocks, 1, zero_tail)

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> the same shape."""
        return lr + self.tail(self.body(self.head(lr)))

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Whether it began as the identity does not matter any more."""
        features, in_channels = shapes["head.0.weight"][:2]
        sizes = {"features": features, "blocks": count(shapes, "body.{}.body.0.weight")}
        return 1, sizes | channels(in_channels, shapes["tail.1.weight"][0])
