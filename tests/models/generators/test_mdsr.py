import pytest
import torch
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.generators.post_upsampling.mdsr import MDSR
from gansr.models.recognise import recognise

MEAN = torch.tensor([0.4488, 0.4371, 0.4040])[:, None, None]
FACTORS = {2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}


def reference(state, image, path, factors, blocks):
    """EDSR-PyTorch's forward pass of MDSR, written out, for images in [0, 255]."""

    def conv(x, name):
        weight = state[f"{name}.weight"]
        return F.conv2d(x, weight, state[f"{name}.bias"], padding=weight.shape[-1] // 2)

    def block(x, name):
        return x + conv(conv(x, f"{name}.body.0").relu(), f"{name}.body.2")

    x = conv(image - 255 * MEAN, "head.0")
    x = first = block(block(x, f"pre_process.{path}.0"), f"pre_process.{path}.1")
    for number in range(blocks):
        x = block(x, f"body.{number}")
    x = conv(x, f"body.{blocks}") + first
    for step, factor in enumerate(factors):
        x = F.pixel_shuffle(conv(x, f"upsample.{path}.{2 * step}"), factor)
    return conv(x, "tail.0") + 255 * MEAN


@pytest.mark.parametrize("scales", [(2, 3, 4), (8, 2)])
def test_agrees_with_the_formulas(scales, noise):
    torch.manual_seed(0)
    network, image = MDSR(scales[-1], features=4, blocks=2, scales=scales), noise(2, 5, 3)
    with torch.no_grad():
        for layer in (network.head[0], network.tail[0]):
            layer.weight.mul_(3)
        for path, scale in enumerate(scales):
            expected = reference(network.state_dict(), 255 * image, path, FACTORS[scale], 2) / 255
            torch.testing.assert_close(network(image, scale), expected, rtol=1e-4, atol=1e-5)
            assert (expected - MEAN).std() > 0.05
        assert torch.equal(network(image), network(image, scales[-1]))


@pytest.mark.parametrize(("blocks", "parameters"), [(80, 7_953_987), (16, 3_227_203)])
def test_parameters(blocks, parameters):
    """The paper says 8.0 M (table 1), the authors' code 3.2 M for its baseline."""
    with torch.device("meta"):
        network = MDSR(4, blocks=blocks)
    assert sum(p.numel() for p in network.parameters()) == parameters
    square, wide = 9 * 64**2 + 64, 25 * 64**2 + 64
    steps = (9 * 64 + 1) * 64 * (4 + 9 + 4 + 4)
    assert parameters == 3 * 4 * wide + (2 * blocks + 1) * square + steps + 28 * 64 + (9 * 64 + 1) * 3


@pytest.mark.parametrize(
    ("scales", "told"), [((2, 3, 4), None), ((3,), 3), ((2,), 2), ((4, 8, 2), None), ((3, 4), None)]
)
def test_weights_tell_the_network(scales, told):
    state = MDSR(scales[0], features=4, blocks=3, scales=scales, out_channels=1).state_dict()
    found = recognise(state)
    assert (found.type, found.scale) == ("mdsr", told)
    assert found.arguments == {"features": 4, "blocks": 3, "scales": scales, "in_channels": 3, "out_channels": 1}


def test_a_scale_trains_its_own_parts_and_the_trunk(noise):
    network = MDSR(2, features=4, blocks=1)
    network(noise(1, 4, 4), 3).mean().backward()
    touched = {".".join(name.split(".")[:2]) for name, p in network.named_parameters() if p.grad is not None}
    assert touched == {"head.0", "pre_process.1", "body.0", "body.1", "upsample.1", "tail.0"}


def test_mistakes_are_told(noise):
    with pytest.raises(OptionsError, match=r"mdsr: there is no network for scale 5\. Choices: 2, 3, 4, 8\."):
        MDSR(5)
    with pytest.raises(OptionsError, match=r"scale 6\. Choices: 2, 3, 4, 8\."):
        MDSR(2, scales=(2, 6))
    sentence = r"mdsr: scales is \[{}\]; expected different scales, and {} among them\."
    with pytest.raises(OptionsError, match=sentence.format("2, 3, 4", 8)):
        MDSR(8)
    with pytest.raises(OptionsError, match=sentence.format("2, 2", 2)):
        MDSR(2, scales=(2, 2))
    with pytest.raises(OptionsError, match=sentence.format("", 2)):
        MDSR(2, scales=())
    with pytest.raises(OptionsError, match=r"mdsr: features is 0"):
        MDSR(2, features=0)
    with pytest.raises(OptionsError, match=r"mdsr: there is no network for scale 8\. Choices: 2, 3\."):
        MDSR(2, features=4, blocks=1, scales=(3, 2))(noise(1, 2, 2), 8)
