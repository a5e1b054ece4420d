"""A convolution and what keeps its outputs, or its weights, in bounds."""

from typing import Literal

from torch import nn
from torch.nn.utils import spectral_norm

Norm = Literal["batch", "instance", "spectral", "none"]
LAYERS = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d, "none": nn.Identity}


def convolution(inputs: int, outputs: int, kernel: int, stride: int, norm: Norm) -> tuple[nn.Conv2d, nn.Module]:
    """A convolution padded by 1, and the layer that normalises its output (the identity where none does).

    Only batch normalisation, which shifts by itself, goes without the convolution's bias. Spectral
    normalisation is the one that works by hooks: its names (`weight_orig`, `weight_u`, `weight_v`) are those
    of the published discriminators.
    """
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding=1, bias=norm != "batch")
    if norm == "spectral":
        return spectral_norm(layer), nn.Identity()
    return layer, LAYERS[norm](outputs)


def unnormalised(norm: Norm) -> Norm:
    """What a first or last layer takes: no layer after it, but spectral normalisation bounds every weight."""
    return "spectral" if norm == "spectral" else "none"
