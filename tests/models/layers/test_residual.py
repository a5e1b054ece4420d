import torch
from torch import nn

from gansr.models.layers.attention.channel import ChannelAttention
from gansr.models.layers.blocks.residual import Residual, normalised_residual, plain_residual


def test_what_the_branch_makes_is_scaled_and_added():
    x = torch.rand(1, 2, 3, 3)
    doubled = nn.Conv2d(2, 2, 1, bias=False)
    doubled.weight.data = 2 * torch.eye(2)[..., None, None]
    assert torch.equal(Residual(doubled)(x), 3 * x)
    assert torch.allclose(Residual(doubled, scale=0.25)(x), 1.5 * x)


def test_parts_have_the_names_that_they_are_given():
    first, second = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1)
    x = torch.rand(1, 2, 3, 3)
    named = Residual(conv1=first, relu=nn.ReLU(), conv2=second)
    assert list(named.state_dict()) == ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"]
    assert torch.equal(named(x), x + second(first(x).relu()))
    assert list(Residual(first).state_dict()) == ["body.0.weight", "body.0.bias"]


def test_blocks_have_their_papers_names():
    weights = [name for name in plain_residual(4).state_dict() if name.endswith("weight")]
    assert weights == ["body.0.weight", "body.2.weight"]
    weights = [name for name in normalised_residual(4).state_dict() if name.endswith("weight")]
    assert weights == [f"layers.{number}.weight" for number in range(5)]
    assert "layers.0.bias" not in normalised_residual(4).state_dict()


def test_attention_ends_the_branch():
    torch.manual_seed(0)
    blocks = plain_residual(8, then=[ChannelAttention(8, 4)]), normalised_residual(8, attended="channel")
    for block in blocks:
        check_attention(block.eval(), torch.rand(1, 8, 4, 4))


def check_attention(block, x):
    (branch,) = block.children()
    attention = branch[-1]
    seen = branch[:-1](x)
    assert torch.equal(block(x), x + attention(seen))


def test_kinds_of_convolutions_keep_the_names_or_nest_them():
    for kind in ("dilated", "grouped"):
        assert plain_residual(4, convolutions=kind).state_dict().keys() == plain_residual(4).state_dict().keys()
    assert "body.0.1.weight" in plain_residual(4, convolutions="separable").state_dict()
    biases = [name for name in normalised_residual(4, "separable").state_dict() if name.endswith("bias")]
    assert biases == ["layers.1.bias", "layers.4.bias"]  # of the normalisations
