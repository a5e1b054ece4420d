"""The degrader of Bulat et al. and SCGAN, for faces of one size."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.degraders.degraded import Degraded
from gansr.models.layers.checks import check_positive, check_scale

SHUFFLES = 2
Widths = tuple[int, int, int, int]


class HighToLow(nn.Module):
    """High-to-low: a quarter-size image of HR and of a code that is drawn (Bulat et al. 2018; SCGAN, Hou et al. 2023).

    (B, channels, input_size, input_size) in [0, 1] -> `Degraded`: LR of a quarter of the size in (0, 1), neither
    kernel nor noise. The code, 64 normal numbers for each image from PyTorch's random numbers, becomes a map beside
    the image's channels; eight residual blocks without normalisation follow, every other of which halves (64 pixels
    become 4), and two sub-pixel steps with two blocks each. 12,291,896 parameters, as SCGAN's code has
    (`HaoHou-98/SCGAN`, `model.py`), and as there a block's skip begins behind its first ReLU, which works in place.
    Bulat's network is the same with batch normalisation (`yoon28/unpaired_face_sr`). Inside, images are in [-1, 1].

    The layer that makes the map of the code fits one size of images: `data.train.crop`, on which HR has to lie.

    Args:
        scale: 4
        input_size: side of HR in pixels, a multiple of 16
        codes: numbers in the code of an image
        widths: channels of the pairs of blocks that end at 1/2, 1/4, 1/8 and 1/16 of the size; 16 divides the last
        channels: of the images

    Raises:
        OptionsError: another scale, a number below 1, sizes that do not divide, or images of another size.
    """

    def __init__(
        self,
        scale: int,
        input_size: int = 64,
        codes: int = 64,
        widths: Widths = (96, 128, 256, 512),
        channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("high_to_low", scale, (4,))
        check_positive("high_to_low", input_size=input_size, codes=codes, widths=min(widths), channels=channels)
        if input_size % 2 ** len(widths):
            raise OptionsError(f"high_to_low: input_size is {input_size}; expected a multiple of {2 ** len(widths)}.")
        if widths[-1] % 4**SHUFFLES:
            raise OptionsError(
                f"high_to_low: the last of widths is {widths[-1]}; expected a multiple of {4**SHUFFLES}, since "
                f"{SHUFFLES} sub-pixel steps each leave a quarter of it."
            )
        self.scale, self.input_size, self.codes = scale, input_size, codes
        self.noise_fc = nn.Linear(codes, input_size**2)
        self.in_layer = _convolution(channels + 1, widths[0])
        pairs = zip((widths[0], *widths[:-1]), widths, strict=True)
        self.down_layers = nn.Sequential(
            *(block for first, second in pairs for block in (_Block(first, second, halve=True), _Block(second, second)))
        )
        shuffled = [widths[-1] // 4**step for step in range(1, SHUFFLES + 1)]
        self.up_layers = nn.Sequential(
            *(part for width in shuffled for part in (nn.PixelShuffle(2), _Block(width, width), _Block(width, width)))
        )
        self.out_layer = nn.Sequential(_convolution(shuffled[-1], 8), nn.ReLU(), _convolution(8, channels), nn.Tanh())

    def forward(self, hr: Tensor) -> Degraded:
        """(B, channels, input_size, input_size) -> LR (B, channels, input_size/4, input_size/4)."""
        height, width = hr.shape[-2:]
        if (height, width) != (self.input_size, self.input_size):
            raise OptionsError(
                f"high_to_low: it was made for images of {self.input_size}x{self.input_size} pixels and got "
                f"{width}x{height}; set data.train.crop to {self.input_size} (where a degradation is asked for, with "
                f"data.train.margin: 0), or its input_size to that of the images."
            )
        code = torch.randn(len(hr), self.codes, device=hr.device).to(hr.dtype)
        noise = self.noise_fc(code).view(-1, 1, height, width)
        x = self.in_layer(torch.cat([2 * hr - 1, noise.to(hr.dtype)], 1))
        return Degraded((self.out_layer(self.up_layers(self.down_layers(x))) + 1) / 2)


class _Block(nn.Module):
    """(B, inputs, H, W) -> (B, outputs, H, W), or of half the size: two convolutions, and a skip."""

    def __init__(self, inputs: int, outputs: int, halve: bool = False) -> None:
        super().__init__()
        self.conv1 = _convolution(inputs, outputs)
        self.pool = nn.AvgPool2d(2) if halve else nn.Identity()
        self.conv2 = _convolution(outputs, outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1) if halve or inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)
        return self.conv2(self.pool(F.relu(self.conv1(x)))) + self.skip(self.pool(x))


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
