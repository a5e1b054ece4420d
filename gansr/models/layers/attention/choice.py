"""Attention that residual blocks can have at the end of their branch, by name."""

from typing import Literal

from torch import nn

from gansr.models.layers.attention.channel import ChannelAttention
from gansr.models.layers.attention.non_local import NonLocal
from gansr.models.layers.attention.second_order import SecondOrderAttention

Attention = Literal["none", "channel", "second_order", "non_local"]
REDUCTION = 16
MOST_KEYS = 32


def attention(kind: Attention, features: int) -> list[nn.Module]:
    """Layers that keep the shape (B, features, H, W), to be put in a row; none of them for `none`.

    Args:
        kind: channel: by the means of channels (Zhang et al. 2018, RCAN); second_order: by their covariance (Dai et al.
            2019, SAN); non_local: each pixel from all that look like it (Wang et al. 2018), with half the channels
            inside. What a pixel is compared with is max-pooled to at most 32x32 places: exact for crops up to that
            size, and on larger maps the cost grows with the number of pixels and not with its square. At 128x128
            one such layer multiplies about as often as two 3x3 convolutions of 64 channels.
        features: channels; channel attention has a sixteenth of them in its hidden layer, and at least one
    """
    match kind:
        case "none":
            return []
        case "channel":
            return [ChannelAttention(features, min(REDUCTION, features))]
        case "second_order":
            return [SecondOrderAttention(features, min(REDUCTION, features))]
        case "non_local":
            return [NonLocal(features, max(features // 2, 1), most_keys=MOST_KEYS)]
