"""The range of colours that a network was designed for."""

from typing import Literal

import torch
from torch import Tensor, nn

DIV2K_MEAN = (0.4488, 0.4371, 0.4040)
"""Mean R, G and B of DIV2K, as EDSR's authors subtract it (`EDSR-PyTorch`, src/model/common.py)."""


class MeanShift(nn.Module):
    """Subtracts the mean colour of DIV2K, or adds it again: (B, C, H, W) in [0, value_range].

    Buffers have the names and shapes of the frozen 1x1 convolution in the authors' code, so that files bring their own
    mean; they are no weights (`persistent: false`) where the authors have none. Images of other than three channels
    use the mean of the three.
    """

    weight: Tensor
    bias: Tensor

    def __init__(
        self, channels: int, value_range: float, direction: Literal["subtract", "add"], persistent: bool = True
    ) -> None:
        super().__init__()
        mean = DIV2K_MEAN if channels == 3 else (sum(DIV2K_MEAN) / 3,) * channels
        sign = -1.0 if direction == "subtract" else 1.0
        self.register_buffer("weight", torch.eye(channels).reshape(channels, channels, 1, 1), persistent)
        self.register_buffer("bias", sign * value_range * torch.tensor(mean), persistent)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape, shifted, in at least single precision unless the network itself is in half.

        A half has steps of up to 1 near 255, so under autocast this is no convolution.
        """
        exact = x.to(torch.promote_types(x.dtype, torch.float32))
        shifted = exact * self.weight[..., 0, 0].diagonal()[:, None, None] + self.bias[:, None, None]
        return shifted.to(self.bias.dtype)
