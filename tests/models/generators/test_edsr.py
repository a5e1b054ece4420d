import pytest
import torch
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.generators.post_upsampling.edsr import EDSR
from gansr.models.recognise import recognise

MEAN = torch.tensor([0.4488, 0.4371, 0.4040])[:, None, None]
FACTORS = {2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}


def reference(state, image, scale, blocks, residual_scale):
    """EDSR-PyTorch's forward pass, written out, for images in [0, 255]."""

    def conv(x, name):
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)

    x = first = conv(image - 255 * MEAN, "head.0")
    for block in range(blocks):
        x = x + residual_scale * conv(conv(x, f"body.{block}.body.0").relu(), f"body.{block}.body.2")
    x = conv(x, f"body.{blocks}") + first
    for step, factor in enumerate(FACTORS[scale]):
        x = F.pixel_shuffle(conv(x, f"tail.0.{2 * step}"), factor)
    return conv(x, "tail.1") + 255 * MEAN


@pytest.mark.parametrize("scale", FACTORS)
def test_agrees_with_the_formulas(scale, noise):
    torch.manual_seed(0)
    network, image = EDSR(scale, features=4, blocks=2, residual_scale=0.3), noise(2, 5, 3)
    with torch.no_grad():
        for layer in (network.head[0], network.tail[1]):
            layer.weight.mul_(3)  # so that the network's part is as large as the mean's
        expected = reference(network.state_dict(), 255 * image, scale, 2, 0.3) / 255
        torch.testing.assert_close(network(image), expected, rtol=1e-4, atol=1e-5)
        assert (expected - MEAN).std() > 0.05


@pytest.mark.parametrize(
    ("features", "blocks", "scale", "parameters"),
    # sanghyun-son/EDSR-PyTorch has 24 more numbers in each, the two mean layers (3x3 weights and 3 biases), which it
    # does not train. The paper says 43 M (table 1).
    [
        (64, 16, 2, 1_369_859),
        (64, 16, 3, 1_554_499),
        (64, 16, 4, 1_517_571),
        (256, 32, 2, 40_729_603),
        (256, 32, 3, 43_680_003),
        (256, 32, 4, 43_089_923),
    ],
)
def test_parameters(features, blocks, scale, parameters):
    with torch.device("meta"):
        network = EDSR(scale, features, blocks)
    assert sum(p.numel() for p in network.parameters()) == parameters
    square = 9 * features**2 + features
    steps = sum((9 * features + 1) * features * factor**2 for factor in FACTORS[scale])
    ends = (27 + 1) * features + (9 * features + 1) * 3
    assert parameters == (2 * blocks + 1) * square + steps + ends
    assert sum(v.numel() for v in network.state_dict().values()) == parameters + 24


@pytest.mark.parametrize(
    "arguments",
    [
        {"features": 8, "blocks": 3},
        {"features": 4, "blocks": 1, "in_channels": 1, "out_channels": 2},
        {"features": 256, "blocks": 1, "residual_scale": 0.1},
    ],
)
@pytest.mark.parametrize("scale", FACTORS)
def test_weights_tell_the_network(scale, arguments):
    with torch.device("meta"):
        state = EDSR(scale, **arguments).state_dict()
    defaults = {"residual_scale": 1.0, "in_channels": 3, "out_channels": 3}
    found = recognise(state)
    assert (found.type, found.scale, found.arguments) == ("edsr", scale, defaults | arguments)


def test_begins_without_a_checkerboard():
    """The sub-pixel steps enlarge like nearest-neighbour at first."""
    seen = EDSR(3, features=4, blocks=1).tail[0](torch.rand(1, 4, 2, 2))
    assert torch.equal(seen, seen[..., ::3, ::3].repeat_interleave(3, -1).repeat_interleave(3, -2))


def test_mistakes_are_told():
    with pytest.raises(OptionsError, match=r"edsr: there is no network for scale 5\. Choices: 2, 3, 4, 8\."):
        EDSR(5)
    with pytest.raises(OptionsError, match=r"edsr: blocks is 0; it must be at least 1\."):
        EDSR(2, blocks=0)
