"""The generator of CycleGAN."""

from typing import Any

from torch import Tensor, nn

from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.cyclegan import Enlarging, cyclegan_layers, translate
from gansr.models.shapes import Shapes, channels, count

FIRST = 10
"""The place of the first residual block among the layers."""


class CycleGANResNet(nn.Module):
    """CycleGAN's residual network, for images of one kind that become another, of the same size (Zhu et al. 2017).

    (B, in_channels, H, W) in [0, 1] -> (B, out_channels, H, W) in (0, 1); inside, images are in [-1, 1] as there. The
    authors have 9 blocks for images of 256 pixels (11,378,179 parameters) and 6 for 128. Names of weights are those of
    their code (`junyanz/pytorch-CycleGAN-and-pix2pix`). Sides that 4 does not divide, or below 8, are extended by
    mirrored pixels. Instance normalisation takes away what the contrast of an image was, and tanh begins at grey: it
    does not begin as the identity, unlike `translator`.

    Args:
        scale: 1, as the size stays
        features: channels of the first layer; four times as many in the blocks
        blocks: residual blocks, at a quarter of the size
        upsampling: transposed, as the authors'; resize: nearest neighbour and a convolution, without checkerboards
        in_channels: of the image
        out_channels: of the result

    Raises:
        OptionsError: another scale, or a number below 1.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        blocks: int = 9,
        upsampling: Enlarging = "transposed",
        in_channels: int = 3,
        out_channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("cyclegan_resnet", scale, (1,))
        check_positive(
            "cyclegan_resnet", features=features, blocks=blocks, in_channels=in_channels, out_channels=out_channels
        )
        self.scale = scale
        self.model = cyclegan_layers(in_channels, out_channels, features, blocks, upsampling)

    def forward(self, lr: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, out_channels, H, W)."""
        return translate(self.model, lr)

    @staticmethod
    def describe(shapes: Shapes) -> tuple[int | None, dict[str, Any]]:
        """Layers have numbers: what comes after the blocks, says how many there are."""
        features, in_channels = shapes["model.1.weight"][:2]
        blocks = count(shapes, "model.{}.conv_block.1.weight", first=FIRST)
        kind = "transposed" if f"model.{FIRST + blocks}.weight" in shapes else "resize"
        sizes = {"features": features, "blocks": blocks, "upsampling": kind}
        return 1, sizes | channels(in_channels, shapes[f"model.{FIRST + blocks + 7}.weight"][0])
