from typing import get_args

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gansr.models.layers.attention.channel import ChannelAttention
from gansr.models.layers.attention.choice import Attention, attention
from gansr.models.layers.attention.non_local import NonLocal
from gansr.models.layers.attention.second_order import SecondOrderAttention

KINDS = get_args(Attention)


def test_kinds():
    kinds = [[type(layer) for layer in attention(kind, 32)] for kind in KINDS]
    assert kinds == [[], [ChannelAttention], [SecondOrderAttention], [NonLocal]]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("features", [1, 4, 64])
@pytest.mark.parametrize("size", [(1, 1), (1, 3), (33, 5)])
def test_shape_and_layout_are_kept(kind, features, size):
    layers = nn.Sequential(*attention(kind, features)).to(memory_format=torch.channels_last)
    x = torch.rand(2, features, *size).to(memory_format=torch.channels_last)
    result = layers(x)
    assert result.shape == x.shape
    assert result.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("kind", KINDS)
def test_halves_and_shapes_alone(kind):
    x = torch.rand(1, 8, 5, 6)
    for dtype in (torch.float16, torch.bfloat16):
        assert nn.Sequential(*attention(kind, 8)).to(dtype)(x.to(dtype)).dtype == dtype
    assert nn.Sequential(*attention(kind, 8)).to("meta")(x.to("meta")).shape == x.shape


@pytest.mark.parametrize(("side", "keys"), [(16, 16), (32, 32), (33, 17), (64, 32), (128, 32)])
def test_non_local_attention_compares_with_a_bounded_number(side, keys, monkeypatch):
    seen = []
    monkeypatch.setattr(
        F, "scaled_dot_product_attention", lambda q, k, v, scale: seen.append((q.shape[2], k.shape[2])) or q
    )
    nn.Sequential(*attention("non_local", 4))(torch.rand(1, 4, side, side))
    assert seen == [(side**2, keys**2)]
