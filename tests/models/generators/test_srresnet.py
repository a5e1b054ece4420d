import pytest
import torch

from gansr.models.generators.post_upsampling.srresnet import SRResNet


@pytest.mark.parametrize(
    ("scale", "steps"),
    # Each x2 step: 64 -> 256 channels, and one slope; the x3 step: 64 -> 576.
    [(2, 147_712 + 1), (3, 332_352 + 1), (4, 2 * 147_713), (8, 3 * 147_713)],
)
def test_parameters_counted_by_hand(scale, steps):
    head = 3 * 64 * 81 + 64 + 1
    block = 2 * (64 * 64 * 9 + 2 * 64) + 1
    body_end = 64 * 64 * 9 + 2 * 64
    tail = 64 * 3 * 81 + 3
    with torch.device("meta"):
        network = SRResNet(scale)
    assert sum(p.numel() for p in network.parameters()) == head + 16 * block + body_end + steps + tail


def test_global_skip(noise):
    """With the body's end silenced, the head's map passes on unchanged."""
    network = SRResNet(2, features=4, blocks=1).eval()
    torch.nn.init.zeros_(network.body_end[1].weight)
    image = noise(1, 5, 5)
    expected = network.tail(network.upsampling(network.head(image)))
    torch.testing.assert_close(network(image), expected)


def test_output_is_linear(noise):
    network = SRResNet(2, features=4, blocks=1).eval()
    torch.nn.init.constant_(network.tail.bias, 7.0)
    assert network(noise(1, 4, 4)).min() > 2
