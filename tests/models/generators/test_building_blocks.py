"""EDSR, SRResNet and RRDBNet of other building blocks than their papers'."""

from typing import get_args

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.generators import GENERATORS
from gansr.models.layers.attention.choice import Attention
from gansr.models.layers.convolutions import Convolution
from gansr.models.layers.upsampling import Upsampling
from gansr.models.recognise import recognise

PAPERS = {
    "edsr": {"upsampling": "sub_pixel", "convolution": "standard", "attention": "none"},
    "srresnet": {"upsampling": "sub_pixel", "convolution": "standard", "attention": "none"},
    "rrdbnet": {"upsampling": "nearest", "convolution": "standard", "attention": "none"},
}
CHOICES = {
    "upsampling": get_args(Upsampling),
    "convolution": get_args(Convolution),
    "attention": get_args(Attention),
}
CASES = [
    (name, {argument: choice})
    for name, paper in PAPERS.items()
    for argument, choices in CHOICES.items()
    for choice in choices
    if choice != paper[argument]
]
ALL = {"upsampling": "transposed", "convolution": "separable", "attention": "channel"}


def small(name, scale=2, **arguments):
    torch.manual_seed(0)
    return GENERATORS[name](scale, features=8, blocks=2, **arguments)


@torch.no_grad()
def awake(network):
    """No small hidden layer of attention is all below zero, where ReLU has no gradient."""
    for name, parameter in network.named_parameters():
        if name.endswith("conv_du.0.weight"):
            parameter.mul_(1e-3)
        elif name.endswith("conv_du.0.bias"):
            parameter.fill_(1)
    return network


@pytest.mark.parametrize("name", PAPERS)
def test_the_papers_blocks_are_the_default(name):
    plain, spelled = small(name), small(name, **PAPERS[name])
    state = spelled.state_dict()
    assert all(torch.equal(tensor, state[key]) for key, tensor in plain.state_dict().items())
    assert plain.state_dict().keys() == state.keys()


@pytest.mark.parametrize(("name", "arguments"), [*CASES, *[(name, ALL) for name in PAPERS]])
def test_any_size_and_every_parameter(name, arguments, noise, fill):
    for scale in (2, 3):
        network = small(name, scale, **arguments)
        for size in ((5, 7), (1, 1)):
            assert network.eval()(noise(1, *size)).shape == (1, 3, scale * size[0], scale * size[1])
        awake(fill(network)).train()(noise(2, 6, 6)).square().mean().backward()
        unused = {key for key, p in network.named_parameters() if p.grad is None or not p.grad.any()}
        # What is compared with all keys alike shifts no softmax.
        assert {key for key in unused if not key.endswith("theta.bias") and not key.endswith("phi.bias")} == set()


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_another_block_makes_other_images(name, arguments, noise, fill):
    """Or has other weights; dilated convolutions and the kinds of interpolation have the same."""
    plain, other = fill(small(name)).eval(), fill(small(name, **arguments)).eval()
    if plain.state_dict().keys() == other.state_dict().keys():
        with torch.no_grad():
            assert not torch.allclose(plain(noise(1, 6, 6)), other(noise(1, 6, 6)), atol=1e-3)


@pytest.mark.parametrize("name", PAPERS)
def test_sizes_of_the_trunk(name):
    """Grouped convolutions have a quarter of the weights, separable ones about a ninth."""

    def weights(**arguments):
        network = small(name, **arguments)
        layers = [layer for layer in network.body.modules() if isinstance(layer, nn.Conv2d)]
        # What ends EDSR's trunk is a convolution of its own, which no option changes.
        layers = [layer for layer in layers if layer is not list(network.body)[-1]]
        return sum(layer.weight.numel() for layer in layers)

    standard = weights()
    assert weights(convolution="dilated") == standard
    assert weights(convolution="grouped") == standard / 4
    assert weights(convolution="separable") < standard / 2


def test_attention_ends_each_block_of_rrdbnet(noise):
    network = small("rrdbnet", attention="channel")
    block = network.body[0]
    x = torch.rand(1, 8, 4, 4)
    inner = block.rdb3(block.rdb2(block.rdb1(x)))
    assert torch.equal(block(x), x + 0.2 * block.attention(inner))
    assert [key for key in network.state_dict() if key.startswith("body.1.attention")] == [
        f"body.1.attention.0.conv_du.{number}.{kind}" for number in (0, 2) for kind in ("weight", "bias")
    ]


@pytest.mark.parametrize("kind", get_args(Upsampling))
def test_each_way_to_enlarge_in_rrdbnet(kind):
    """Against what PyTorch calls it, at x3."""
    network = small("rrdbnet", 3, upsampling=kind)
    layer, seen = network.conv_up1_x3, []
    network.conv_hr.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x = torch.rand(1, 8, 4, 4)
    network.conv_body.register_forward_hook(lambda *_: x)  # what the step sees is the first map and this
    first = []
    network.conv_first.register_forward_hook(lambda _, __, output: first.append(output.clone()))
    with torch.no_grad():
        network(torch.rand(1, 3, 4, 4))
        x = first[0] + x
        match kind:
            case "sub_pixel":
                expected = F.pixel_shuffle(layer(x), 3)
            case "transposed":
                expected = F.conv_transpose2d(x, layer.weight, layer.bias, 3, padding=2, output_padding=1)
            case "nearest":
                expected = layer(x.repeat_interleave(3, -1).repeat_interleave(3, -2))
            case _:
                larger = F.interpolate(x, scale_factor=3, mode=kind, align_corners=False, antialias=kind == "bicubic")
                expected = layer(larger)
    torch.testing.assert_close(seen[0], F.leaky_relu(expected, 0.2))


def test_srresnets_steps_begin_without_a_checkerboard():
    step = small("srresnet", 3).upsampling[0]
    seen = step[:2](torch.rand(1, 8, 2, 2))
    assert torch.equal(seen, seen[..., ::3, ::3].repeat_interleave(3, -1).repeat_interleave(3, -2))


def test_dense_blocks_of_separable_convolutions_begin_small():
    torch.manual_seed(0)
    conv = GENERATORS["rrdbnet"](4, blocks=1, convolution="separable").body[0].rdb1.conv1
    assert conv[1].weight.std().item() == pytest.approx(0.1 * (2 / 64) ** 0.5, rel=0.05)


@pytest.mark.parametrize("name", PAPERS)
@pytest.mark.parametrize(
    "arguments", [{"attention": "channel"}, {"convolution": "separable"}, {"upsampling": "transposed"}]
)
def test_weights_of_other_blocks_are_not_taken_for_the_papers(name, arguments):
    assert recognise(small(name, **arguments).state_dict()) is None


@pytest.mark.parametrize("name", PAPERS)
def test_groups_divide_the_channels(name):
    with pytest.raises(OptionsError, match="convolution: grouped: channels come in 4 groups, but there are 6 and"):
        GENERATORS[name](2, features=6, convolution="grouped")
