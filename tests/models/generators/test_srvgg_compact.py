import pytest
import torch
from torch.nn import functional as F

from gansr.models.generators.post_upsampling.srvgg_compact import SRVGGNetCompact

spandrel = pytest.importorskip("spandrel")


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_agrees_with_spandrel(scale, fill, noise):
    network = fill(SRVGGNetCompact(scale, features=8, convolutions=3))
    other = spandrel.ModelLoader().load_from_state_dict(dict(network.state_dict()))
    assert other.scale == scale
    image = noise(2, 5, 6)
    with torch.no_grad():
        torch.testing.assert_close(network(image), other.model(image), rtol=1e-4, atol=1e-5)


def test_parameters_counted_by_hand():
    first, last = 3 * 64 * 9 + 64 + 64, 64 * 48 * 9 + 48
    middle = 16 * (64 * 64 * 9 + 64 + 64)
    with torch.device("meta"):
        assert sum(p.numel() for p in SRVGGNetCompact(4).parameters()) == first + middle + last == 621_424


@pytest.mark.parametrize(("activation", "slope"), [("relu", 0.0), ("leaky_relu", 0.1), ("prelu", 0.25)])
def test_activations(activation, slope):
    network = SRVGGNetCompact(2, features=4, convolutions=1, activation=activation)
    negative = torch.full((1, 4, 1, 1), -2.0)
    torch.testing.assert_close(network.body[1](negative.clone()), slope * negative)


def test_silent_network_is_nearest(noise):
    network = SRVGGNetCompact(3, features=4, convolutions=1)
    torch.nn.init.zeros_(network.body[-1].weight)
    torch.nn.init.zeros_(network.body[-1].bias)
    image = noise(1, 4, 5)
    torch.testing.assert_close(network(image), F.interpolate(image, scale_factor=3, mode="nearest"))
