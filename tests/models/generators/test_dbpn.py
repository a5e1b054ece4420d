import pytest
import torch
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.generators.iterative.dbpn import DBPN
from gansr.models.layers.resizing import bicubic
from gansr.models.recognise import recognise

PLAIN = {"dense": False, "features": 32, "first_features": 128, "last_kernel": 1, "in_channels": 1, "out_channels": 1}
SMALL = {"features": 3, "first_features": 5}


def parameters(scale, **arguments):
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in DBPN(scale, **arguments).parameters())


class Reference:
    """The authors' code, written down from base_networks.py, dbpn.py and dbpn_iterative.py."""

    def __init__(self, weights, scale):
        self.weights, self.scale = weights, scale

    def layer(self, x, name, stride=1, padding=0):
        kind = "deconv" if f"{name}.deconv.weight" in self.weights else "conv"
        weight, bias = (self.weights[f"{name}.{kind}.{part}"] for part in ("weight", "bias"))
        move = F.conv_transpose2d if kind == "deconv" else F.conv2d
        slope = self.weights.get(f"{name}.act.weight", torch.ones(1))
        return F.prelu(move(x, weight, bias, stride, padding), slope)

    def unit(self, x, name):
        if f"{name}.conv.conv.weight" in self.weights:
            x = self.layer(x, f"{name}.conv")
        way = name.rstrip("0123456789")
        first = self.layer(x, f"{name}.{way}_conv1", self.scale, 2)
        back = self.layer(first, f"{name}.{way}_conv2", self.scale, 2)
        return self.layer(back - x, f"{name}.{way}_conv3", self.scale, 2) + first

    def dense(self, low):
        """D-DBPN's four stages: the concatenated large maps, and the last small ones."""
        h1 = self.unit(low, "up1")
        l1 = self.unit(h1, "down1")
        high = torch.cat((self.unit(l1, "up2"), h1), 1)
        low = torch.cat((self.unit(high, "down2"), l1), 1)
        high = torch.cat((self.unit(low, "up3"), high), 1)
        newest = self.unit(high, "down3")
        high = torch.cat((self.unit(torch.cat((newest, low), 1), "up4"), high), 1)
        return high, newest

    def first(self, lr):
        return self.layer(self.layer(lr, "feat0", padding=1), "feat1")

    def last(self, high):
        return self.layer(high, "output_conv", padding=self.weights["output_conv.conv.weight"].shape[-1] // 2)


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_dense(scale, fill, noise):
    network = fill(DBPN(scale, **SMALL, stages=4)).eval()
    reference = Reference(network.state_dict(), scale)
    with torch.no_grad():
        expected = reference.last(reference.dense(reference.first(noise(2, 3, 4)))[0])
        torch.testing.assert_close(network(noise(2, 3, 4)), expected, rtol=1e-4, atol=1e-4)
    assert expected.std() > 0.1


def test_plain(fill, noise):
    network = fill(DBPN(2, **SMALL, stages=3, dense=False, last_kernel=1)).eval()
    reference = Reference(network.state_dict(), 2)
    with torch.no_grad():
        h1 = reference.unit(reference.first(noise(2, 3, 4)), "up1")
        h2 = reference.unit(reference.unit(h1, "down1"), "up2")
        h3 = reference.unit(reference.unit(h2, "down2"), "up3")
        expected = reference.last(torch.cat((h3, h2, h1), 1))
        torch.testing.assert_close(network(noise(2, 3, 4)), expected, rtol=1e-4, atol=1e-4)


def test_several_passes(fill, noise):
    network = fill(DBPN(2, **SMALL, stages=4, passes=3, residual=True)).eval()
    reference = Reference(network.state_dict(), 2)
    with torch.no_grad():
        low, results = reference.first(noise(2, 3, 4)), []
        for _ in range(3):
            high, low = reference.dense(low)
            results.append(high[:, :3])
        expected = reference.last(torch.cat(results, 1)) + bicubic(noise(2, 3, 4), 2)
        torch.testing.assert_close(network(noise(2, 3, 4)), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("scale", "number"),
    # The paper has 10 M at x4 and 23 M at x8; sizes are those of dbpn.py.
    [(2, 5_953_526), (4, 10_426_358), (8, 23_205_878)],
)
def test_parameters(scale, number):
    kernel, features = scale + 4, 64
    layer = features * features * kernel**2 + features + 1
    merging = sum(inputs * features * features + features + 1 for inputs in (*range(2, 7), *range(2, 7)))
    edges = 3 * 9 * 256 + 256 + 1 + 256 * 64 + 64 + 1 + 7 * 64 * 9 * 3 + 3
    assert parameters(scale) == 13 * 3 * layer + merging + edges == number
    assert parameters(scale, passes=3) == number - 4 * 64 * 9 * 3


def test_plain_networks_have_the_papers_layers():
    """12, 24 and 36 convolutions with 2, 4 and 6 stages (Haris et al. 2018, section 4.2)."""
    for stages, layers in ((2, 12), (4, 24), (6, 36)):
        with torch.device("meta"):
            network = DBPN(4, stages=stages, **PLAIN)
        found = [m for m in network.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.ConvTranspose2d))]
        assert len(found) == layers


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"stages": 10},
        {"stages": 3, **PLAIN},
        {"stages": 3, "passes": 2, "residual": True},
        {"in_channels": 1},
    ],
)
def test_is_recognised(scale, arguments):
    given = SMALL | {"stages": 7} | arguments
    with torch.device("meta"):
        state = DBPN(scale, **given).state_dict()
    found, described = recognise(state), DBPN.describe({name: tuple(value.shape) for name, value in state.items()})
    assert (found.type, found.scale) == ("dbpn", scale)
    assert described[0] == scale
    assert given.items() <= described[1].items()


def test_names_are_the_authors():
    with torch.device("meta"):
        names = DBPN(4).state_dict().keys()
    layers = ("up1.up_conv1.deconv", "up1.up_conv2.conv", "down1.down_conv2.deconv", "down2.conv.conv", "up7.conv.conv")
    activations = ("feat0.act", "up1.up_conv3.act", "up3.conv.act", "down6.down_conv3.act")
    assert {f"{layer}.{kind}" for layer in (*layers, "output_conv.conv") for kind in ("weight", "bias")} <= set(names)
    assert {f"{activation}.weight" for activation in activations} <= set(names)
    assert not any(name.startswith(("up2.conv.", "down1.conv.", "down7", "chain")) for name in names)


def test_recomputes_units(fill, noise):
    network = fill(DBPN(2, **SMALL, stages=2))
    network.chain.recompute = True
    calls = []
    network.down1.register_forward_pre_hook(lambda *_: calls.append(1))
    network(noise(1, 4, 4)).mean().backward()
    assert len(calls) == 2


def test_starts_with_he_and_no_biases():
    torch.manual_seed(0)
    network = DBPN(2, stages=2)
    for layer in (network.feat0.conv, network.up1.up_conv1.deconv, network.down1.down_conv1.conv):
        assert layer.weight.std().item() == pytest.approx((2 / layer.weight[0].numel()) ** 0.5, rel=0.1)
        assert not layer.bias.any()
    assert not network.output_conv.conv.bias.any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 3}, r"dbpn: there is no network for scale 3\. Choices: 2, 4, 8\."),
        ({"stages": 0}, "dbpn: stages is 0"),
        ({"first_features": 0}, "dbpn: first_features is 0"),
        ({"passes": 0}, "dbpn: passes is 0"),
        ({"passes": 2, "stages": 1}, "stages is 1, so there are no small maps for passes: expected at least 2"),
        ({"residual": True, "in_channels": 1}, "in_channels is 1 and out_channels is 3"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(OptionsError, match=message):
        DBPN(**({"scale": 4} | arguments))
