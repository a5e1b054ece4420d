import pytest
import torch
from torch.nn import functional as F

from gansr.models.generators.post_upsampling.rrdbnet import RRDBNet

spandrel = pytest.importorskip("spandrel")


def peer(network):
    """The same weights in spandrel's network, which finds all of the architecture but its growth of 32 by itself."""
    return spandrel.ModelLoader().load_from_state_dict(dict(network.state_dict()))


@pytest.mark.parametrize(("scale", "unshuffle"), [(1, True), (2, True), (4, True), (8, True), (1, False), (2, False)])
def test_agrees_with_spandrel(scale, unshuffle, fill, noise):
    network = fill(RRDBNet(scale, features=8, blocks=2, unshuffle=unshuffle)).eval()
    other = peer(network)
    assert other.scale == scale
    image = noise(2, 8, 12)
    with torch.no_grad():
        expected = other.model(image)
        torch.testing.assert_close(network(image), expected, rtol=1e-4, atol=1e-5)
        assert expected.std() > 0.1


def test_odd_sizes_are_padded_by_repetition(fill, noise):
    network = fill(RRDBNet(1, features=4, blocks=1, growth=2))
    image = noise(1, 6, 9)
    padded = F.pad(image, (0, 3, 0, 2), mode="replicate")
    torch.testing.assert_close(network(image), network(padded)[..., :6, :9])


def test_x3_enlarges_once(fill, noise):
    """With a convolution that copies, the step is nearest-neighbour enlargement alone."""
    network = fill(RRDBNet(3, features=4, blocks=1, growth=2))
    assert "conv_up1.weight" not in network.state_dict()
    torch.nn.init.dirac_(network.conv_up1_x3.weight)
    torch.nn.init.zeros_(network.conv_up1_x3.bias)
    seen = []
    network.conv_hr.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(noise(1, 2, 2))
    assert seen[0].shape[-2:] == (6, 6)
    assert (seen[0][..., :3, :3] == seen[0][..., :1, :1]).all()


@pytest.mark.parametrize(("scale", "parameters"), [(4, 16_697_987), (2, 16_697_987 + 9 * 9 * 64)])
def test_parameters(scale, parameters):
    with torch.device("meta"):
        assert sum(p.numel() for p in RRDBNet(scale).parameters()) == parameters


def test_dense_blocks_begin_small():
    torch.manual_seed(0)
    weight = RRDBNet(4, blocks=1).body[0].rdb1.conv1.weight
    assert weight.std().item() == pytest.approx(0.1 * (2 / (64 * 9)) ** 0.5, rel=0.02)


def test_unshuffle_changes_nothing_at_x4():
    assert RRDBNet(4, 4, 1, unshuffle=False).state_dict().keys() == RRDBNet(4, 4, 1).state_dict().keys()
