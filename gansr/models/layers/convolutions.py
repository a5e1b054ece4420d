"""Kinds of 3x3 convolutions that trunks can be built of."""

from typing import Literal

from torch import nn

from gansr.errors import OptionsError

Convolution = Literal["standard", "dilated", "grouped", "separable"]
GROUPS = 4


def convolution(
    inputs: int, outputs: int, kernel: int = 3, kind: Convolution = "standard", bias: bool = True
) -> nn.Module:
    """A convolution that keeps the size: (B, inputs, H, W) -> (B, outputs, H, W).

    Args:
        inputs: channels
        outputs: channels
        kernel: side of the kernel in pixels, odd
        kind: standard; dilated: every second pixel, so a kernel of 3 reaches over 5 (Yu and Koltun 2016);
            grouped: four groups of channels that do not see each other (Xie et al. 2017), a quarter of the weights;
            separable: each channel alone, then all of them at each pixel (Howard et al. 2017)
        bias: false where normalisation follows

    Raises:
        OptionsError: grouped, and a number of channels that four does not divide.
    """
    match kind:
        case "standard":
            return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)
        case "dilated":
            return nn.Conv2d(inputs, outputs, kernel, padding=kernel - 1, dilation=2, bias=bias)
        case "grouped":
            if inputs % GROUPS or outputs % GROUPS:
                raise OptionsError(
                    f"convolution: grouped: channels come in {GROUPS} groups, but there are {inputs} and {outputs}."
                )
            return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=GROUPS, bias=bias)
        case "separable":
            return nn.Sequential(
                nn.Conv2d(inputs, inputs, kernel, padding=kernel // 2, groups=inputs, bias=bias),
                nn.Conv2d(inputs, outputs, 1, bias=bias),
            )
