"""DRCN, DRRN, MemNet and DSRN: sizes, equations written out, and files of other projects."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.imaging.resize import enlarge
from gansr.models.foreign import translate
from gansr.models.generators import GENERATORS
from gansr.models.layers.blocks.recursive import Ensemble
from gansr.models.recognise import recognise

GREY = {"in_channels": 1, "out_channels": 1}


def sizes(name, scale, **arguments):
    """Weights of convolutions, and parameters in all."""
    with torch.device("meta"):
        parameters = list(GENERATORS[name](scale, **arguments).parameters())
    return sum(p.numel() for p in parameters if p.ndim == 4), sum(p.numel() for p in parameters)


@pytest.mark.parametrize(
    ("name", "arguments", "counts"),
    [
        # Later papers give 1,774 k: weights without biases (1,025) and the 16 of the ensemble.
        ("drcn", GREY, (1_774_080, 1_774_080 + 1_025 + 16)),
        # Tai et al. 2017 (CVPR): 297 k for B1U9 and B1U25, weights alone; biases are 385, and each of the 2U + 2
        # normalisations has two numbers for each of 128 channels, the first for one.
        ("drrn", GREY, (297_216, 297_216 + 385 + 2 * (128 * 51 + 1))),
        ("drrn", GREY | {"units": 9}, (297_216, 297_216 + 385 + 2 * (128 * 19 + 1))),
        ("drrn", GREY | {"normalised": False, "bias": False}, (297_216, 297_216)),
        # Tai et al. 2017 (ICCV): 677 k; 18,505 more are biases, normalisations and the ensemble.
        ("memnet", GREY, (676_992, 695_497)),
        # The layers of the authors' model_recurrent_s2_u128_avg_t7.py (x2, RGB). 1.2 M, as surveys have it, it is not.
        ("dsrn", {}, (731_200, 732_035)),
    ],
)
def test_sizes(name, arguments, counts):
    assert sizes(name, 2, **arguments) == counts


def conv(w, name, x):
    kernel = w[f"{name}.weight"]
    return F.conv2d(x, kernel, w.get(f"{name}.bias"), padding=kernel.shape[-1] // 2)


def normalised(w, name, x):
    """Normalisation as in evaluation, then ReLU."""
    mean, variance = (w[f"{name}.norm.running_{kind}"][:, None, None] for kind in ("mean", "var"))
    weight, bias = (w[f"{name}.norm.{kind}"][:, None, None] for kind in ("weight", "bias"))
    return ((x - mean) / (variance + 1e-5).sqrt() * weight + bias).clamp_min(0)


def test_drcn_written_out(noise, fill):
    network = fill(GENERATORS["drcn"](2, features=5, recursions=3)).eval()
    w, large = network.state_dict(), enlarge(noise(2, 4, 5), 2)
    h = conv(w, "embedding.2", conv(w, "embedding.0", large).relu()).relu()
    images = []
    for _ in range(3):
        h = conv(w, "inference.0.0", h).relu()
        images.append(large + conv(w, "reconstruction.0.2", conv(w, "reconstruction.0.0", h).relu()))
    expected = sum(weight * image for weight, image in zip(w["ensemble.weight"], images, strict=True))
    torch.testing.assert_close(network(noise(2, 4, 5)), expected)
    for found, image in zip(network(noise(2, 4, 5), intermediate=True), [*images, expected], strict=True):
        torch.testing.assert_close(found, image)


def test_drcn_begins_as_the_identity(noise):
    """The first call and the last make the same of an embedding, which is not negative."""
    network = GENERATORS["drcn"](2, features=5, recursions=4)
    first, *_, last, mean = network(noise(1, 4, 5), intermediate=True)
    torch.testing.assert_close(first, last)
    torch.testing.assert_close(mean, last)


@pytest.mark.parametrize("blocks", [1, 2])
def test_drrn_written_out(noise, fill, blocks):
    network = fill(GENERATORS["drrn"](3, features=5, blocks=blocks, units=3)).eval()
    w, large = network.state_dict(), enlarge(noise(2, 4, 5), 3)
    x = large
    for block in (f"blocks.{number}" for number in range(blocks)):
        x = first = conv(w, f"{block}.input", normalised(w, f"{block}.activation", x))
        for unit in (f"{block}.units.{number}" for number in range(3)):
            y = conv(w, f"{block}.conv1", normalised(w, f"{unit}.first", x))
            x = first + conv(w, f"{block}.conv2", normalised(w, f"{unit}.second", y))
    expected = large + conv(w, "output", normalised(w, "activation", x))
    torch.testing.assert_close(network(noise(2, 4, 5)), expected, rtol=1e-4, atol=1e-4)


def test_memnet_written_out(noise, fill):
    network = fill(GENERATORS["memnet"](2, features=4, blocks=3, recursions=2)).eval()
    w, large = network.state_dict(), enlarge(noise(2, 4, 5), 2)
    x = conv(w, "extraction", normalised(w, "activation", large))
    long, images = [x], []
    for block in (f"memory.{number}" for number in range(3)):
        short = []
        for call in (f"{block}.calls.{number}" for number in range(2)):
            y = conv(w, f"{block}.conv1", normalised(w, f"{call}.first", x))
            x = x + conv(w, f"{block}.conv2", normalised(w, f"{call}.second", y))
            short.append(x)
        x = conv(w, f"{block}.gate", normalised(w, f"{block}.activation", torch.cat([*long, *short], 1)))
        long.append(x)
        images.append(large + conv(w, "reconstruction", normalised(w, f"endings.{len(images)}", x)))
    expected = sum(weight * image for weight, image in zip(w["ensemble.weight"], images, strict=True))
    torch.testing.assert_close(network(noise(2, 4, 5)), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(network(noise(2, 4, 5), intermediate=True)[1], images[1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scale", [2, 3])
def test_dsrn_written_out(noise, fill, scale):
    network = fill(GENERATORS["dsrn"](scale, features=4, steps=4)).eval()
    w = network.state_dict()

    def residual(name, x):
        return x + conv(w, f"{name}.0.body.2", conv(w, f"{name}.0.body.0", x).relu())

    small = conv(w, "input.2", conv(w, "input.0", noise(2, 4, 5)).relu()).relu()
    states = [(small, None)]
    for _ in range(3):
        small, large = states[-1]
        up = F.conv_transpose2d(small, w["up.weight"], w["up.bias"], stride=scale)
        down = 0 if large is None else large.unfold(2, scale, scale).unfold(3, scale, scale).mean((-2, -1))
        again = 0 if large is None else residual("large", large)
        states.append(((residual("small", small) + down).relu(), (up + again).relu()))
    enlarged = enlarge(noise(2, 4, 5), scale)
    expected = enlarged + conv(w, "output", sum(large for _, large in states[1:]) / 3)
    torch.testing.assert_close(network(noise(2, 4, 5)), expected, rtol=1e-4, atol=1e-4)
    *each, last = network(noise(2, 4, 5), intermediate=True)
    for found, (_, large) in zip(each, states[1:], strict=True):
        torch.testing.assert_close(found, enlarged + conv(w, "output", large), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(last, expected, rtol=1e-4, atol=1e-4)


def test_an_ensemble_begins_as_a_mean():
    images = [torch.full((1, 1, 2, 2), float(level)) for level in (0, 1, 5)]
    assert torch.allclose(Ensemble(3)(images), torch.full((1, 1, 2, 2), 2.0))


def test_drrn_pytorchs_names(noise, fill):
    """Without normalisation: its drrn.py, written out with functions. ReLU works in place there, on `first` too."""
    ours = fill(GENERATORS["drrn"](2, features=6, normalised=False, bias=False, **GREY)).eval()
    theirs = {name.removeprefix("blocks.0."): value for name, value in ours.state_dict().items()}
    assert set(theirs) == {"input.weight", "conv1.weight", "conv2.weight", "output.weight"}
    found, source = translate(theirs)
    assert source == "DRRN-pytorch" and found.keys() == ours.state_dict().keys()
    assert recognise(found).type == "drrn" and recognise(found).arguments["units"] == 25
    x = enlarge(noise(1, 3, 4)[:, :1], 2)
    y = first = conv(theirs, "input", x.relu())
    for _ in range(25):
        y = first + conv(theirs, "conv2", conv(theirs, "conv1", y.relu_()).relu_())
    expected = x + conv(theirs, "output", y.relu())
    torch.testing.assert_close(ours(noise(1, 3, 4)[:, :1]), expected, rtol=1e-3, atol=1e-3)


def test_yjn870s_names_of_drrn(noise, fill):
    """Its models.py, with two blocks, written out in the same way: the first ReLU of a block changes `h0` too."""
    ours = fill(GENERATORS["drrn"](2, features=6, blocks=2, normalised=False, bias=False, **GREY)).eval()
    layers = {"input": "h0.module.1", "conv1": "ru.module.0.module.1", "conv2": "ru.module.1.module.1"}
    names = {f"blocks.{b}.{old}.weight": f"rbs.{b}.{new}.weight" for b in (0, 1) for old, new in layers.items()}
    names["output.weight"] = "rec.module.1.weight"
    theirs = {names[name]: value for name, value in ours.state_dict().items()}
    found, source = translate(theirs)
    assert source == "yjn870's DRRN" and found.keys() == ours.state_dict().keys()
    assert recognise(found).type == "drrn" and recognise(found).arguments["blocks"] == 2
    x = large = enlarge(noise(1, 3, 4)[:, :1], 2)
    for block in ("rbs.0", "rbs.1"):
        x = h0 = conv(theirs, f"{block}.h0.module.1", x.relu())
        for _ in range(25):
            inner = conv(theirs, f"{block}.ru.module.0.module.1", x.relu_())
            x = h0 + conv(theirs, f"{block}.ru.module.1.module.1", inner.relu_())
    expected = large + conv(theirs, "rec.module.1", x.relu())
    torch.testing.assert_close(ours(noise(1, 3, 4)[:, :1]), expected, rtol=1e-3, atol=1e-3)


def test_messages():
    with pytest.raises(OptionsError, match=r"dsrn: steps is 2; expected at least 3"):
        GENERATORS["dsrn"](2, steps=2)
    with pytest.raises(OptionsError, match=r"dsrn: features is 5; expected an even number"):
        GENERATORS["dsrn"](2, features=5)
    for name in ("drcn", "drrn", "memnet", "dsrn"):
        with pytest.raises(OptionsError, match=rf"{name}: in_channels is 1 and out_channels is 3"):
            GENERATORS[name](2, in_channels=1)


def test_recursions_share_their_convolutions():
    """The gradient of a shared kernel is the sum over its calls."""
    network = GENERATORS["drrn"](2, features=4, units=3)
    assert sum(isinstance(layer, nn.Conv2d) for layer in network.modules()) == 4
