"""The residual translator of UnpairedSR, as a degrader."""

import torch
from torch import Tensor, nn

from gansr.errors import OptionsError
from gansr.imaging.filters import full_precision
from gansr.imaging.resize import reduce
from gansr.models.degraders.degraded import Degraded
from gansr.models.layers.checks import check_positive, check_scale
from gansr.models.layers.translator import translator

SCALES = (1, 2, 3, 4, 8)


class Translator(nn.Module):
    """Bicubic LR, and what residual blocks add to it: CinCGAN's and pseudo-supervision's way back (UnpairedSR).

    (B, channels, H, W) in [0, 1] -> `Degraded`: LR (B, channels, H/scale, W/scale), neither kernel nor noise. Sizes
    and names of weights are those of `greatlog/UnpairedSR` (`archs/translator.py`): 631,299 parameters at scale 1.
    At scale 1, images keep their size and the residual is added to themselves: CinCGAN's G2, and with
    `{noise_channels: 1, blocks: 16}` the G2 of pseudo-supervision (Maeda 2020). At larger scales the first convolution
    strides: CinCGAN's G3.

    There the residual is added to LR by MATLAB's bicubic, not to each scale-th pixel as in their code, which aliases
    and lies half of `scale` - 1 HR pixels from where LR lies. So it begins as bicubic reduction, or as the identity.

    Args:
        scale: HR pixels for each LR pixel, along one side: 1, 2, 3, 4 or 8
        features: channels of all maps
        blocks: residual blocks
        noise_channels: maps of white noise that it sees beside the image, drawn anew from PyTorch's random numbers
        zero_tail: begin as bicubic reduction
        channels: of the images

    Raises:
        OptionsError: an unknown scale, or a number that is too small.
    """

    def __init__(
        self,
        scale: int,
        features: int = 64,
        blocks: int = 8,
        noise_channels: int = 0,
        zero_tail: bool = True,
        channels: int = 3,
    ) -> None:
        super().__init__()
        check_scale("translator", scale, SCALES)
        check_positive("translator", features=features, blocks=blocks, channels=channels)
        if noise_channels < 0:
            raise OptionsError(f"translator: noise_channels is {noise_channels}; expected 0 or more.")
        self.scale, self.noise_channels = scale, noise_channels
        self.head, self.body, self.tail = translator(
            channels + noise_channels, channels, features, blocks, scale, zero_tail
        )

    def forward(self, hr: Tensor) -> Degraded:
        """(B, channels, H, W), sides that `scale` divides -> LR (B, channels, H/scale, W/scale)."""
        seen = hr
        if self.noise_channels:
            noise = torch.randn(len(hr), self.noise_channels, *hr.shape[-2:], device=hr.device)
            seen = torch.cat([hr, noise.to(hr.dtype)], 1)
        small = hr if self.scale == 1 else reduce(full_precision(hr), self.scale).to(hr.dtype)
        return Degraded(small + self.tail(self.body(self.head(seen))))
