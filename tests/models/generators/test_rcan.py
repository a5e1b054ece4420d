import pytest
import torch
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.generators.attention.rcan import RCAN
from gansr.models.recognise import recognise

spandrel = pytest.importorskip("spandrel")

MEAN = torch.tensor([0.4488, 0.4371, 0.4040])[:, None, None]
FACTORS = {2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}


def reference(state, image, scale, groups, blocks):
    """The authors' forward pass, written out, for images in [0, 255]."""

    def conv(x, name):
        weight = state[f"{name}.weight"]
        return F.conv2d(x, weight, state[f"{name}.bias"], padding=weight.shape[-1] // 2)

    x = first = conv(image - 255 * MEAN, "head.0")
    for group in range(groups):
        entered = x
        for block in range(blocks):
            name = f"body.{group}.body.{block}.body"
            y = conv(conv(x, f"{name}.0").relu(), f"{name}.2")
            z = conv(y.mean((2, 3), keepdim=True), f"{name}.3.conv_du.0").relu()
            x = x + y * conv(z, f"{name}.3.conv_du.2").sigmoid()
        x = entered + conv(x, f"body.{group}.body.{blocks}")
    x = conv(x, f"body.{groups}") + first
    for step, factor in enumerate(FACTORS[scale]):
        x = F.pixel_shuffle(conv(x, f"tail.0.{2 * step}"), factor)
    return conv(x, "tail.1") + 255 * MEAN


@pytest.mark.parametrize("scale", FACTORS)
def test_agrees_with_the_formulas(scale, noise):
    torch.manual_seed(0)
    network, image = RCAN(scale, features=4, groups=2, blocks=3, reduction=2), noise(2, 5, 3)
    with torch.no_grad():
        for layer in (network.head[0], network.tail[1]):
            layer.weight.mul_(3)
        expected = reference(network.state_dict(), 255 * image, scale, 2, 3) / 255
        torch.testing.assert_close(network(image), expected, rtol=1e-4, atol=1e-5)
        assert (expected - MEAN).std() > 0.05


def test_agrees_with_spandrel(noise):
    network, image = RCAN(4, features=16, groups=2, blocks=2), noise(1, 6, 5)
    other = spandrel.ModelLoader().load_from_state_dict(dict(network.state_dict()))
    assert other.architecture.id == "RCAN"
    with torch.no_grad():
        torch.testing.assert_close(network(image), other.model(image), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("scale", "parameters"),
    # yulunzhang/RCAN counts 24 more in each, the two mean layers (3x3 weights and 3 biases): 15,444,667 at x2,
    # 15,629,307 at x3, 15,592,379 at x4.
    [(2, 15_444_643), (3, 15_629_283), (4, 15_592_355), (8, 15_740_067)],
)
def test_parameters(scale, parameters):
    with torch.device("meta"):
        network = RCAN(scale)
    assert sum(p.numel() for p in network.parameters()) == parameters
    square = 9 * 64**2 + 64
    attention = 64 * 4 + 4 + 4 * 64 + 64
    steps = sum((9 * 64 + 1) * 64 * factor**2 for factor in FACTORS[scale])
    trunk = 10 * (20 * (2 * square + attention) + square) + square
    assert parameters == trunk + steps + 28 * 64 + (9 * 64 + 1) * 3
    assert sum(v.numel() for v in network.state_dict().values()) == parameters + 24


@pytest.mark.parametrize("scale", FACTORS)
def test_weights_tell_the_network(scale):
    sizes = {"features": 8, "groups": 3, "blocks": 2, "reduction": 4, "in_channels": 1, "out_channels": 3}
    found = recognise(RCAN(scale, **sizes).state_dict())
    assert (found.type, found.scale, found.arguments) == ("rcan", scale, sizes)


def test_mistakes_are_told():
    with pytest.raises(OptionsError, match=r"rcan: there is no network for scale 5\. Choices: 2, 3, 4, 8\."):
        RCAN(5)
    with pytest.raises(OptionsError, match=r"rcan: groups is 0"):
        RCAN(2, groups=0)
    with pytest.raises(OptionsError, match=r"reduction is 16; expected 1 to 8 \(features\)"):
        RCAN(2, features=8)
