"""The discriminator of Bulat et al. and SCGAN."""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import spectral_norm

from gansr.errors import OptionsError
from gansr.models.layers.checks import check_positive

WIDTHS = (1, 1, 2, 2, 4, 4)
"""Of the blocks, in multiples of the first one's."""
LEFT = 4
"""Pixels a side of the last map."""
Pooling = Literal["average", "max"]


class SpectralResidual(nn.Module):
    """One logit per image, by residual blocks under spectral normalisation (Bulat et al. 2018; SCGAN, Hou et al. 2023).

    (B, in_channels, input_size, input_size) in [0, 1] -> (B, 1) logits. Six blocks without normalisation of maps, of
    which so many of the last halve that 4x4 pixels are left: two of images of 16 pixels, four of 64, which are the
    authors' sizes (`yoon28/unpaired_face_sr`, `HaoHou-98/SCGAN`). Inside, images are in [-1, 1] as there. The weights
    of all layers are bounded. Its loss is the hinge.

    Args:
        features: channels of the first two blocks; twice and four times as many in the others
        input_size: side of the images in pixels: 8, 16, 32, 64, 128 or 256
        pooling: how blocks halve: average, as Bulat et al.; max, as SCGAN
        in_channels: of the image

    Raises:
        OptionsError: a number below 1, an unknown size, or images of another size.
    """

    def __init__(
        self, features: int = 128, input_size: int = 64, pooling: Pooling = "average", in_channels: int = 3
    ) -> None:
        super().__init__()
        check_positive("spectral_residual", features=features, input_size=input_size, in_channels=in_channels)
        sizes = [LEFT * 2**halvings for halvings in range(1, len(WIDTHS) + 1)]
        if input_size not in sizes:
            raise OptionsError(
                f"spectral_residual: input_size is {input_size}; expected one of {', '.join(map(str, sizes))}, of "
                f"which halvings leave {LEFT}x{LEFT} pixels."
            )
        self.input_size = input_size
        first_halving = len(WIDTHS) - 1 - sizes.index(input_size)
        widths = [in_channels, *(features * width for width in WIDTHS)]
        self.residual_blocks = nn.Sequential(
            *(
                _Block(widths[place], widths[place + 1], pooling if place >= first_halving else None)
                for place in range(len(WIDTHS))
            )
        )
        self.out_layer = nn.Sequential(
            spectral_norm(nn.Linear(widths[-1] * LEFT**2, widths[-1])),
            nn.ReLU(),
            spectral_norm(nn.Linear(widths[-1], 1)),
        )

    def forward(self, image: Tensor, taps: list[Tensor] | None = None) -> Tensor:
        """(B, in_channels, input_size, input_size) -> (B, 1); what each block makes is added to `taps`."""
        height, width = image.shape[-2:]
        if (height, width) != (self.input_size, self.input_size):
            raise OptionsError(
                f"spectral_residual: it was made for images of {self.input_size}x{self.input_size} pixels and got "
                f"{width}x{height}; set its input_size, or data.train.crop (of LR: divided by the scale)."
            )
        x = 2 * image - 1
        for block in self.residual_blocks:
            x = block(x)
            if taps is not None:
                taps.append(x)
        return self.out_layer(x.flatten(1))


class _Block(nn.Module):
    """(B, inputs, H, W) -> (B, outputs, H, W), or of half the size: two convolutions behind a ReLU each, and a skip."""

    def __init__(self, inputs: int, outputs: int, pooling: Pooling | None) -> None:
        super().__init__()
        self.conv1 = spectral_norm(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False))
        self.conv2 = spectral_norm(nn.Conv2d(outputs, outputs, 3, padding=1, bias=False))
        self.pool = nn.Identity() if pooling is None else {"average": nn.AvgPool2d, "max": nn.MaxPool2d}[pooling](2)
        same = inputs == outputs and pooling is None
        self.skip = nn.Identity() if same else spectral_norm(nn.Conv2d(inputs, outputs, 1))

    def forward(self, x: Tensor) -> Tensor:
        branch = self.conv1(F.relu(x))
        return self.conv2(self.pool(F.relu(branch))) + self.skip(self.pool(x))
