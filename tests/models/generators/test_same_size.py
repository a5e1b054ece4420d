"""Networks that keep the size: where they begin, what their authors' weights are called, and how many there are."""

import pytest
import torch
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.degraders.cyclegan_resnet import CycleGANResNet as Degrader
from gansr.models.generators.same_size.cyclegan_resnet import CycleGANResNet
from gansr.models.generators.same_size.translator import Translator
from gansr.models.recognise import recognise


def count(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_published_numbers_of_parameters():
    with torch.device("meta"):
        assert count(CycleGANResNet(1)) == count(Degrader(1)) == 11_378_179
        assert count(CycleGANResNet(1, blocks=6)) == 7_837_699
        assert count(Translator(1)) == 631_299


def test_names_are_those_of_the_authors():
    """Reflection, normalisation and ReLU have numbers too, and no weights."""
    blocks = {f"model.{place}.conv_block.{layer}" for place in range(10, 19) for layer in (1, 5)}
    layers = {f"model.{place}" for place in (1, 4, 7, 19, 22, 26)} | blocks
    expected = {f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")}
    with torch.device("meta"):
        assert set(CycleGANResNet(1).state_dict()) == expected == set(Degrader(1).state_dict())
    body = {f"body.{place}.body.{layer}" for place in range(8) for layer in (0, 2)}
    expected = {f"{layer}.{kind}" for layer in {"head.0", "body.8", "tail.1"} | body for kind in ("weight", "bias")}
    assert set(Translator(1, features=2).state_dict()) == expected


def test_cyclegan_by_hand(fill, noise):
    """Of an image that needs no extension: layers by their names, one after another."""
    network = fill(CycleGANResNet(1, features=2, blocks=1)).double()
    state, image = network.state_dict(), noise(2, 12, 16).double()

    def conv(x, name, pad, mode="reflect", **how):
        x = F.pad(x, (pad,) * 4, mode=mode)
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], **how)

    def normalised(x):
        centred = x - x.mean((2, 3), keepdim=True)
        return centred / (centred.square().mean((2, 3), keepdim=True) + 1e-5).sqrt()

    x = normalised(conv(2 * image - 1, "model.1", 3)).relu()
    for place in (4, 7):
        x = normalised(conv(x, f"model.{place}", 1, "constant", stride=2)).relu()
    inner = normalised(conv(x, "model.10.conv_block.1", 1)).relu()
    x = x + normalised(conv(inner, "model.10.conv_block.5", 1))
    for place in (11, 14):
        weight, bias = state[f"model.{place}.weight"], state[f"model.{place}.bias"]
        x = normalised(F.conv_transpose2d(x, weight, bias, stride=2, padding=1, output_padding=1)).relu()
    expected = (conv(x, "model.18", 3).tanh() + 1) / 2
    torch.testing.assert_close(network(image), expected)


def test_cyclegan_begins_with_deviation_0_02_and_extends_by_mirroring(noise):
    torch.manual_seed(0)
    network = CycleGANResNet(1, features=16, blocks=1)
    assert network.state_dict()["model.10.conv_block.1.weight"].std().item() == pytest.approx(0.02, rel=0.05)
    assert not network.state_dict()["model.11.bias"].any()
    image = noise(1, 9, 10)
    mirrored = torch.cat([image, image[..., [-1, -2, -3], :]], -2)
    mirrored = torch.cat([mirrored, mirrored[..., [-1, -2]]], -1)
    torch.testing.assert_close(network(image), network(mirrored)[..., :9, :10])


def test_resizing_leaves_no_checkerboard():
    """With equal weights, a constant map must come out constant inside; a transposed convolution of 3 leaves a grid."""
    for upsampling, even in (("resize", True), ("transposed", False)):
        network = CycleGANResNet(1, features=2, blocks=1, upsampling=upsampling)
        up = network.model[11]
        for parameter in up.parameters():
            torch.nn.init.constant_(parameter, 0.1)
        inside = up(torch.ones(1, 8, 6, 6))[..., 3:-3, 3:-3]
        assert bool((inside == inside[..., :1, :1]).all()) is even
    assert recognise(network.state_dict()).arguments["upsampling"] == "transposed"
    assert (
        recognise(CycleGANResNet(1, upsampling="resize", features=2).state_dict()).arguments["upsampling"] == "resize"
    )


def test_a_translator_begins_as_the_identity(noise):
    image = noise(2, 5, 7)
    assert torch.equal(Translator(1, features=4, blocks=1)(image), image)
    assert not torch.equal(Translator(1, features=4, blocks=1, zero_tail=False)(image), image)


def test_a_translator_by_hand(fill, noise):
    network, image = fill(Translator(1, features=4, blocks=2)).double(), noise(1, 5, 7).double()
    state = network.state_dict()

    def conv(x, name):
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)

    x = conv(image, "head.0")
    for block in range(2):
        x = x + conv(conv(x, f"body.{block}.body.0").relu(), f"body.{block}.body.2")
    torch.testing.assert_close(network(image), image + conv(conv(x, "body.2"), "tail.1"))


def test_a_residual_needs_equal_channels():
    with pytest.raises(OptionsError, match="translator: in_channels is 3 and out_channels is 1"):
        Translator(1, out_channels=1)
