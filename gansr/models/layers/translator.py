"""The parts of UnpairedSR's residual translator, which makes LR and makes it clean."""

from typing import NamedTuple

from torch import nn

from gansr.models.layers.blocks.residual import plain_residual
from gansr.models.layers.chain import Chain


class TranslatorParts(NamedTuple):
    """Applied one after another: (B, inputs, H, W) -> (B, outputs, H/stride, W/stride), both rounded up."""

    head: nn.Sequential
    body: Chain
    tail: nn.Sequential


def translator(inputs: int, outputs: int, features: int, blocks: int, stride: int, zero_tail: bool) -> TranslatorParts:
    """One convolution, EDSR's residual blocks without any skip around them, and two convolutions.

    Under the names head, body and tail, weights have the names of the authors' code (`greatlog/UnpairedSR`,
    `archs/translator.py`).

    Args:
        inputs: channels
        outputs: channels
        features: channels between
        blocks: residual blocks
        stride: of the first convolution, whose kernel then has 2 * stride + 1 pixels a side
        zero_tail: does the last convolution begin with 0?
    """
    last = nn.Conv2d(features, outputs, 3, padding=1)
    if zero_tail:
        for weight in last.parameters():
            nn.init.zeros_(weight)
    return TranslatorParts(
        nn.Sequential(nn.Conv2d(inputs, features, 2 * stride + 1, stride, padding=stride)),
        Chain(*[plain_residual(features) for _ in range(blocks)], nn.Conv2d(features, features, 3, padding=1)),
        nn.Sequential(nn.Identity(), last),
    )
