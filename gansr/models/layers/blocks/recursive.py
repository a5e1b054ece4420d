"""Weights that are used again and again, and images made on the way."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PreActivation(nn.Module):
    """Normalisation and ReLU before a convolution (He et al. 2016), which is given: recursions share theirs."""

    def __init__(self, features: int, normalised: bool = True) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(features) if normalised else nn.Identity()

    def forward(self, x: Tensor, convolution: nn.Module) -> Tensor:
        """(B, features, H, W) -> what the convolution makes of it."""
        return convolution(F.relu(self.norm(x)))


class Recursion(nn.Module):
    """One call of two shared convolutions, each with a normalisation of this call's own."""

    def __init__(self, features: int, normalised: bool = True) -> None:
        super().__init__()
        self.first = PreActivation(features, normalised)
        self.second = PreActivation(features, normalised)

    def forward(self, x: Tensor, conv1: nn.Module, conv2: nn.Module) -> Tensor:
        """(B, features, H, W) -> the same shape; what is added to it is the caller's to say."""
        return self.second(self.first(x, conv1), conv2)


class Ensemble(nn.Module):
    """A weighted sum of images, whose weights are learned; they begin as a mean."""

    def __init__(self, images: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((images,), 1 / images))

    def forward(self, images: Sequence[Tensor]) -> Tensor:
        """Images (B, C, H, W) -> one of them."""
        weighted = [weight * image for weight, image in zip(self.weight.unbind(), images, strict=True)]
        return sum(weighted[1:], weighted[0])  # not stacked: that would change the layout in memory
