"""A network of one channel sees Y; what it makes of it comes back in colour."""

import copy

import pytest
import torch
from torch import nn

from gansr.imaging.colour import luma
from gansr.imaging.resize import enlarge
from gansr.models.luma import OnLuma
from gansr.models.wishes import accepts, scales

TO_YCBCR = (
    torch.tensor([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]).double() / 255
)
OFFSET = torch.tensor([16.0, 128.0, 128.0]).double() / 255


class Doubling(nn.Module):
    """Bicubic, and then a function of Y; with intermediate images of half the size."""

    scale, scales = 2, (2, 4)

    def __init__(self):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(1.0))

    def forward(self, lr, scale=None, intermediate=False):
        assert lr.shape[1] == 1
        large = self.gain * enlarge(lr, scale or 2).square() + 0.1
        return [lr + 0.2, large] if intermediate else large


def by_the_book(rgb, scale, function):
    """MATLAB's way: rgb2ycbcr, Y through the network, Cb and Cr by bicubic, ycbcr2rgb."""
    ycbcr = torch.einsum("ij,bjhw->bihw", TO_YCBCR, rgb) + OFFSET[:, None, None]
    y, chroma = function(ycbcr[:, :1]), enlarge(ycbcr[:, 1:], scale) if scale > 1 else ycbcr[:, 1:]
    whole = torch.cat([y, chroma], 1) - OFFSET[:, None, None]
    return torch.einsum("ij,bjhw->bihw", torch.linalg.inv(TO_YCBCR), whole)


def test_as_matlab_converts_there_and_back():
    image = torch.rand(2, 3, 5, 7, dtype=torch.float64)
    network = OnLuma(Doubling())
    expected = by_the_book(image, 2, lambda y: enlarge(y, 2).square() + 0.1)
    # BT.601's rounded coefficients add up to 112.000 but for the last digit: grey is not quite grey to them.
    torch.testing.assert_close(network(image), expected, atol=2e-5, rtol=0)


def test_wishes_are_handed_on():
    image = torch.rand(1, 3, 4, 4, dtype=torch.float64)
    network = OnLuma(Doubling())
    assert network(image, scale=4).shape == (1, 3, 16, 16)
    small, large = network(image, intermediate=True)
    torch.testing.assert_close(small, by_the_book(image, 1, lambda y: y + 0.2), atol=2e-5, rtol=0)
    assert torch.equal(large, network(image))
    assert accepts(network) == accepts(network.network) == {"scale", "intermediate"}
    assert scales(network) == (2, 4) and network.scale == 2
    assert accepts(nn.Identity()) == {"input"} and scales(nn.Identity()) == ()


def test_y_of_the_result_is_the_networks():
    image = torch.rand(1, 3, 6, 5, dtype=torch.float64)
    network = OnLuma(Doubling())
    torch.testing.assert_close(luma(network(image)), network.network(luma(image)))


def test_weights_have_the_bare_networks_names():
    network = OnLuma(nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)))
    bare = network.network
    assert network.state_dict().keys() == bare.state_dict().keys()
    changed = {name: torch.zeros_like(value) for name, value in bare.state_dict().items()}
    network.load_state_dict(changed)
    assert not any(value.any() for value in bare.state_dict().values())
    with pytest.raises(RuntimeError, match="Missing key"):
        network.load_state_dict({})
    assert copy.deepcopy(network).state_dict().keys() == bare.state_dict().keys()
    assert next(iter(nn.ModuleDict({"a": network}).state_dict())) == "a.0.weight"
