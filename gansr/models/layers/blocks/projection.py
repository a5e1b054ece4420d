"""Back-projection: going to another size, looking at what is lost on the way back, and correcting it."""

from typing import Literal

import torch
from torch import Tensor, nn

Direction = Literal["up", "down"]


class Projection(nn.Module):
    """An up- or down-projection unit (Haris et al. 2018, DBPN, sections 3.1 and 3.2).

    h_0 = there(x), l_0 = back(h_0), h_1 = there(l_0 - x), and h_0 + h_1: the second way there enlarges (or shrinks)
    what the first one lost. `there` is a transposed convolution upwards and a strided one downwards, `back` the
    opposite; each has its own weights and a PReLU of one slope. A dense unit gets several inputs, and a 1x1
    convolution first makes one of them. Names of weights are those of the authors' code.

    Args:
        features: channels of each input and of the output
        scale: between the two sizes
        direction: up, or down
        inputs: how many
    """

    def __init__(self, features: int, scale: int, direction: Direction, inputs: int = 1) -> None:
        super().__init__()
        self.direction: Direction = direction
        opposite: Direction = "down" if direction == "up" else "up"
        self.conv = Activated(inputs * features, features, 1) if inputs > 1 else None
        for number, way in enumerate((direction, opposite, direction), start=1):
            self.add_module(f"{direction}_conv{number}", resized(features, scale, way))

    def forward(self, *inputs: Tensor) -> Tensor:
        """So many (B, features, H, W) -> (B, features, scale * H, scale * W), or the same divided by scale."""
        there, back, again = (getattr(self, f"{self.direction}_conv{number}") for number in (1, 2, 3))
        x = inputs[0] if self.conv is None else self.conv(torch.cat(inputs, dim=1))
        first = there(x)
        return again(back(first) - x) + first


class Activated(nn.Module):
    """A convolution and a PReLU of one slope."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
        self.act = nn.PReLU()
        start_(self.conv)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H, W)."""
        return self.act(self.conv(x))


def resized(features: int, scale: int, direction: Direction) -> nn.Sequential:
    """A convolution that enlarges or shrinks by `scale`, and a PReLU. Kernels overlap by two pixels on each side."""
    make = {"up": nn.ConvTranspose2d, "down": nn.Conv2d}[direction]
    layer = make(features, features, scale + 4, scale, padding=2)
    start_(layer)
    named = nn.Sequential()
    named.add_module("deconv" if direction == "up" else "conv", layer)
    named.add_module("act", nn.PReLU())
    return named


def start_(layer: nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Draw the weights from He's normal distribution, and set the biases to zero."""
    nn.init.kaiming_normal_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
