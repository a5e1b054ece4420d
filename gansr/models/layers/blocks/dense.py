"""Dense connections: every layer sees what all before it made (Huang et al. 2017)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DenseLayer(nn.Module):
    """A convolution and ReLU whose maps are put behind its input, or, without `keep`, take its place.

    (B, inputs, H, W) -> (B, inputs + growth, H, W), or (B, growth, H, W).
    """

    def __init__(self, inputs: int, growth: int, keep: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, growth, 3, padding=1)
        self.keep = keep

    def forward(self, x: Tensor) -> Tensor:
        """One more group of maps."""
        made = F.relu(self.conv(x))
        return torch.cat((x, made), dim=1) if self.keep else made


def dense_layers(inputs: int, growth: int, layers: int, keep_input: bool = True) -> nn.Sequential:
    """Layers that each add `growth` channels to what they see.

    (B, inputs, H, W) -> (B, inputs + layers * growth, H, W); without `keep_input`, as in SRDenseNet, the first layer's
    maps take the place of the input, so that layers * growth channels remain.
    """
    first = inputs if keep_input else 0
    return nn.Sequential(
        *[
            DenseLayer(inputs if layer == 0 else first + layer * growth, growth, keep_input or layer > 0)
            for layer in range(layers)
        ]
    )
