"""Steps that enlarge maps inside a network, by a whole factor."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.models.layers.resizing import FACTORS

Upsampling = Literal["sub_pixel", "transposed", "nearest", "bilinear", "bicubic"]


def enlarging(features: int, factor: int, kind: Upsampling = "sub_pixel") -> list[nn.Module]:
    """Layers that enlarge (B, features, H, W) to (B, features, factor * H, factor * W), to be put in a row.

    Args:
        features: channels
        factor: of the enlargement
        kind: sub_pixel: factor^2 times the channels, moved into space (Shi et al. 2016), initialised so that it
            begins as nearest-neighbour enlargement, without a checkerboard (ICNR, Aitken et al. 2017);
            transposed: a transposed convolution with a kernel twice the factor, which the factor divides: no
            pixel gets more terms than another (Odena et al. 2016); nearest, bilinear, bicubic: interpolation,
            then a convolution
    """
    match kind:
        case "sub_pixel":
            layer = nn.Conv2d(features, features * factor**2, 3, padding=1)
            icnr_(layer, factor)
            return [layer, nn.PixelShuffle(factor)]
        case "transposed":
            # An even factor centres with padding factor/2; an odd one needs one pixel of output padding.
            padding, extra = (factor + 1) // 2, factor % 2
            return [nn.ConvTranspose2d(features, features, 2 * factor, factor, padding, output_padding=extra)]
        case _:
            return [Interpolation(factor, kind), nn.Conv2d(features, features, 3, padding=1)]


def enlarge(x: Tensor, layer: nn.Module, factor: int, kind: Upsampling) -> Tensor:
    """What a step of `enlarging` does, by the one of its layers that has weights.

    For networks that have a name for that layer and none for another.
    """
    match kind:
        case "sub_pixel":
            return F.pixel_shuffle(layer(x), factor)
        case "transposed":
            return layer(x)
        case _:
            return layer(interpolate(x, factor, kind))


class Upsampler(nn.Sequential):
    """The steps of x2, or the one of x3, that reach a scale, in a row (Lim et al. 2017, EDSR).

    (B, features, H, W) -> (B, features, scale * H, scale * W). With `sub_pixel` the convolutions are numbers 0, 2, 4,
    as in the authors' code.
    """

    def __init__(self, features: int, scale: int, kind: Upsampling = "sub_pixel") -> None:
        steps = FACTORS[scale] if scale > 1 else ()
        super().__init__(*[layer for factor in steps for layer in enlarging(features, factor, kind)])


class Interpolation(nn.Module):
    """Enlarges maps without weights: nearest, bilinear, or MATLAB's bicubic kernel."""

    def __init__(self, factor: int, kind: Literal["nearest", "bilinear", "bicubic"]) -> None:
        super().__init__()
        self.factor = factor
        self.kind: Literal["nearest", "bilinear", "bicubic"] = kind

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, factor * H, factor * W)."""
        return interpolate(x, self.factor, self.kind)


def interpolate(x: Tensor, factor: int, kind: Literal["nearest", "bilinear", "bicubic"]) -> Tensor:
    """(B, C, H, W) -> (B, C, factor * H, factor * W)."""
    if kind == "nearest":
        return F.interpolate(x, scale_factor=factor, mode="nearest")
    size = [factor * side for side in x.shape[-2:]]
    if kind == "bilinear":
        return F.interpolate(x, size=size, mode=kind, align_corners=False)
    # MATLAB's kernel is the one of PyTorch's antialiasing, which there is no half of on CPUs.
    exact = x.to(torch.promote_types(x.dtype, torch.float32))
    return F.interpolate(exact, size=size, mode=kind, align_corners=False, antialias=True).to(x.dtype)


@torch.no_grad()
def icnr_(layer: nn.Conv2d, factor: int) -> None:
    """Give the factor^2 channels that will become one block of pixels the same weights (ICNR, Aitken et al. 2017).

    The weights keep the distribution they were drawn from.
    """
    for values in layer.parameters():
        values.copy_(values[:: factor**2].repeat_interleave(factor**2, dim=0))
