import pytest
import torch
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.foreign import translate
from gansr.models.generators.post_upsampling.rdn import RDN
from gansr.models.recognise import recognise

FACTORS = {2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}
SIZES = {"features": 8, "blocks": 3, "layers": 2, "growth": 4}


def reference(state, image, names, factors, blocks, layers):
    """The forward pass of yjn870/RDN-pytorch and EDSR-PyTorch, written out, with either's names."""

    def conv(x, name):
        weight = state[f"{name}.weight"]
        return F.conv2d(x, weight, state[f"{name}.bias"], padding=weight.shape[-1] // 2)

    first = conv(image, names["first"])
    x, maps = conv(first, names["second"]), []
    for block in range(blocks):
        entered = x
        for layer in range(layers):
            x = torch.cat([x, conv(x, names["layer"].format(block, layer)).relu()], 1)
        x = entered + conv(x, names["local"].format(block))
        maps.append(x)
    x = conv(conv(torch.cat(maps, 1), names["global"].format(0)), names["global"].format(1)) + first
    for step, factor in enumerate(factors):
        x = F.pixel_shuffle(conv(x, names["step"].format(2 * step)), factor)
    return conv(x, names["last"].format(2 * len(factors)))


YJN870 = {"first": "sfe1", "second": "sfe2", "layer": "rdbs.{}.layers.{}.conv", "local": "rdbs.{}.lff"}
YJN870 |= {"global": "gff.{}", "step": "upscale.{}", "last": "output"}
EDSR_PYTORCH = {"first": "SFENet1", "second": "SFENet2", "layer": "RDBs.{}.convs.{}.conv.0", "local": "RDBs.{}.LFF"}
EDSR_PYTORCH |= {"global": "GFF.{}", "step": "UPNet.{}", "last": "UPNet.{}"}


@pytest.mark.parametrize("scale", FACTORS)
def test_agrees_with_the_formulas(scale, noise):
    torch.manual_seed(0)
    network, image = RDN(scale, **SIZES), noise(2, 5, 3)
    with torch.no_grad():
        expected = reference(network.state_dict(), image, YJN870, FACTORS[scale], blocks=3, layers=2)
        torch.testing.assert_close(network(image), expected)
        assert expected.std() > 0.005


def ends(scale):
    steps = sum((9 * 64 + 1) * 64 * factor**2 for factor in FACTORS[scale])
    return 28 * 64 + (9 * 64 + 1) * 64 + steps + (9 * 64 + 1) * 3


@pytest.mark.parametrize(
    ("scale", "parameters"),
    # The same as yjn870/RDN-pytorch's and EDSR-PyTorch's. Tables of other papers say 22 M.
    [(2, 22_123_395), (3, 22_308_035), (4, 22_271_107)],
)
def test_parameters(scale, parameters):
    with torch.device("meta"):
        network = RDN(scale)
    assert sum(p.numel() for p in network.parameters()) == parameters
    block = sum((9 * (64 + 64 * layer) + 1) * 64 for layer in range(8)) + (64 + 8 * 64 + 1) * 64
    fusion = (16 * 64 + 1) * 64 + (9 * 64 + 1) * 64
    assert parameters == 16 * block + fusion + ends(scale)


def test_parameters_of_the_smaller_one():
    with torch.device("meta"):
        network = RDN(4, blocks=20, layers=6, growth=32)
    block = sum((9 * (64 + 32 * layer) + 1) * 32 for layer in range(6)) + (64 + 6 * 32 + 1) * 64
    fusion = (20 * 64 + 1) * 64 + (9 * 64 + 1) * 64
    assert sum(p.numel() for p in network.parameters()) == 20 * block + fusion + ends(4)


@pytest.mark.parametrize("scale", FACTORS)
def test_weights_tell_the_network(scale):
    sizes = SIZES | {"in_channels": 1, "out_channels": 3}
    found = recognise(RDN(scale, **sizes).state_dict())
    assert (found.type, found.scale, found.arguments) == ("rdn", scale, sizes)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_edsr_pytorchs_names_and_colours(scale, noise):
    """It works on 0 to 255, so that its biases are as large; its last convolution is one of the steps' numbers."""
    torch.manual_seed(0)
    network = RDN(scale, **SIZES | {"growth": 8})
    ours = network.state_dict()
    pairs = [(YJN870[part], EDSR_PYTORCH[part]) for part in ("first", "second")]
    pairs += [(YJN870["layer"].format(b, i), EDSR_PYTORCH["layer"].format(b, i)) for b in range(3) for i in range(2)]
    pairs += [(YJN870["local"].format(b), EDSR_PYTORCH["local"].format(b)) for b in range(3)]
    pairs += [(YJN870["global"].format(i), EDSR_PYTORCH["global"].format(i)) for i in range(2)]
    pairs += [(f"upscale.{2 * i}", f"UPNet.{2 * i}") for i in range(len(FACTORS[scale]))]
    pairs += [("output", f"UPNet.{2 * len(FACTORS[scale])}")]
    theirs = {f"{new}.weight": ours[f"{old}.weight"] for old, new in pairs}
    theirs |= {f"{new}.bias": 100 * ours[f"{old}.bias"] for old, new in pairs}
    assert len(theirs) == len(ours)

    image = noise(1, 4, 5)
    expected = reference(theirs, 255 * image, EDSR_PYTORCH, FACTORS[scale], blocks=3, layers=2) / 255
    translated, source = translate(theirs)
    assert source == "EDSR-PyTorch's RDN"
    found = recognise(translated)
    assert (found.type, found.scale) == ("rdn", scale)
    network.load_state_dict(translated)
    with torch.no_grad():
        torch.testing.assert_close(network(image), expected)


def test_mistakes_are_told():
    with pytest.raises(OptionsError, match=r"rdn: there is no network for scale 5\. Choices: 2, 3, 4, 8\."):
        RDN(5)
    with pytest.raises(OptionsError, match=r"rdn: growth is 0; it must be at least 1\."):
        RDN(2, growth=0)
