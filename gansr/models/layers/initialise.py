"""How the weights of convolutions begin."""

import torch
from torch import nn


@torch.no_grad()
def kaiming_(*convolutions: nn.Conv2d, scale: float) -> None:
    """Draw the weights from He's normal distribution, times `scale`, and set the biases to zero.

    A small scale lets a residual block begin close to the identity (Wang et al. 2018, ESRGAN, section 3.1).
    """
    for convolution in convolutions:
        nn.init.kaiming_normal_(convolution.weight)
        convolution.weight.mul_(scale)
        if convolution.bias is not None:
            nn.init.zeros_(convolution.bias)


def he_(network: nn.Module) -> None:
    """Draw the weights of all convolutions from He's normal distribution, and set their biases to zero."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
