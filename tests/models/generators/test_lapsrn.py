from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.imaging.colour import luma
from gansr.models.generators.progressive.lapsrn import LapSRN
from gansr.models.recognise import recognise
from gansr.models.weights import read

Y = {"in_channels": 1, "out_channels": 1}
MULTI_SCALE = {"shared": True, "depth": 5, "recursions": 8, "skip": "shared"}


def parameters(scale, **arguments):
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in LapSRN(scale, **Y, **arguments).parameters())


def y(path):
    """Y of BT.601 in studio range: (1, 1, H, W) in [0, 1]."""
    pixels = np.array(Image.open(path).convert("RGB"))
    return luma(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255)


def leaky(x):
    return torch.where(x > 0, x, 0.2 * x)


def doubled(x, weight, bias=None):
    """A transposed convolution of stride 2, as a convolution of the image with zeros between its pixels."""
    side, padding = weight.shape[-1], {3: 0, 4: 1}[weight.shape[-1]]
    spread = x.new_zeros(*x.shape[:2], 2 * x.shape[2] - 1, 2 * x.shape[3] - 1)
    spread[..., ::2, ::2] = x
    full = F.conv2d(F.pad(spread, (side - 1,) * 4), weight.flip(-2, -1).transpose(0, 1), bias)
    return full[..., padding : padding + 2 * x.shape[2], padding : padding + 2 * x.shape[3]]


def reference(weights, x, levels, depth, recursions=1, skip="none", shared=False):
    """The images of all levels, written down from init_LapSRN_model.m and init_MSLapSRN_model.m."""

    def conv(x, name):
        return F.conv2d(x, weights[f"{name}.weight"], weights.get(f"{name}.bias"), padding=1)

    image, images, features = x, [], conv(x, "conv_input")
    if not shared:
        features = leaky(features)
    for level in range(1, levels + 1):
        n = "" if shared else level
        up = f"convt_F{n}.0.cov_block.{2 * depth}"
        if shared:
            block = source = features
            for _ in range(recursions):
                inside = block
                for d in range(depth):
                    inside = conv(leaky(inside), f"convt_F.0.cov_block.{2 * d}")
                block = inside + {"none": 0, "distinct": block, "shared": source}[skip]
            features = doubled(leaky(block), weights[f"{up}.weight"], weights.get(f"{up}.bias"))
        else:
            for d in range(depth):
                features = leaky(conv(features, f"convt_F{n}.0.cov_block.{2 * d}"))
            features = leaky(doubled(features, weights[f"{up}.weight"], weights.get(f"{up}.bias")))
        image = doubled(image, weights[f"convt_I{n}.weight"]) + conv(features, f"convt_R{n}")
        images.append(image)
    return images


@pytest.mark.parametrize("kernel", [3, 4])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"shared": True, "recursions": 3, "skip": "shared"},
        {"shared": True, "recursions": 3, "skip": "distinct"},
        {"shared": True, "recursions": 2, "skip": "none"},
    ],
)
def test_images_of_all_levels(kernel, arguments, fill, noise):
    network = fill(LapSRN(8, features=4, depth=2, kernel=kernel, **arguments)).eval()
    image = noise(2, 3, 5)
    expected = reference(network.state_dict(), image, 3, 2, **arguments)
    with torch.no_grad():
        for found, wanted in zip(network(image, intermediate=True), expected, strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(network(image), expected[2], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(network(image, scale=4), expected[1], rtol=1e-4, atol=1e-5)
    assert expected[2].std() > 0.1


def test_doubling_begins_bilinear(noise):
    """With no details to add, each level is bilinear interpolation; at the border zeros come in."""
    network = LapSRN(4, features=4, depth=1)
    for parameter in (*network.convt_R1.parameters(), *network.convt_R2.parameters()):
        torch.nn.init.zeros_(parameter)
    image = noise(1, 6, 7)
    expected = F.interpolate(F.interpolate(image, scale_factor=2, mode="bilinear"), scale_factor=2, mode="bilinear")
    torch.testing.assert_close(network(image)[..., 3:-3, 3:-3], expected[..., 3:-3, 3:-3])


@pytest.mark.parametrize(
    ("scale", "number"),
    # The papers' 812 k at x4 counts no biases: 576 of the first layer, and in each level eleven
    # convolutions of 36 864, 576 of the prediction, 16 of the image's doubling.
    [(2, 576 + 11 * 36_864 + 592), (4, 812_768), (8, 576 + 3 * (11 * 36_864 + 592))],
)
def test_parameters(scale, number):
    levels = {2: 1, 4: 2, 8: 3}[scale]
    assert parameters(scale, bias=False) == number
    # The authors' LapSRN_x2.mat and LapSRN_x4.mat have 407 441 and 814 242.
    assert parameters(scale) == number + 64 + levels * (11 * 64 + 1)
    # pytorch-LapSRN's kernel of 4x4 where the authors have 3x3.
    assert parameters(scale, bias=False, kernel=4) == number + levels * 64 * 64 * (16 - 9)


@pytest.mark.parametrize("scale", [2, 8])
def test_shared_parameters_are_as_many_at_each_scale(scale):
    # The paper's 222 k counts no biases; with them 222 801, as in MSLapSRN_D5R8.mat.
    assert parameters(scale, **MULTI_SCALE, bias=False) == 222_352
    assert parameters(scale, **MULTI_SCALE) == 222_801


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("arguments", [{}, {"kernel": 4, "bias": False}, MULTI_SCALE, MULTI_SCALE | {"bias": False}])
def test_is_recognised(scale, arguments):
    found = recognise(LapSRN(scale, features=4, **arguments).state_dict())
    assert (found.type, found.scale) == ("lapsrn", None if "shared" in arguments else scale)
    assert arguments.items() <= found.arguments.items()
    assert found.arguments["features"] == 4


def test_shared_weights_fit_every_scale(fill, noise):
    large, small = fill(LapSRN(8, 4, 2, shared=True)), LapSRN(2, 4, 2, shared=True)
    small.load_state_dict(large.state_dict())
    torch.testing.assert_close(small(noise(1, 4, 4)), large(noise(1, 4, 4), scale=2))


def test_recomputes_each_call_of_the_block(fill, noise):
    network = fill(LapSRN(2, 4, 1, shared=True, recursions=3, skip="shared"))
    network.convt_F[0].chain.recompute = True
    calls = []
    network.convt_F[0].cov_block["0"].register_forward_pre_hook(lambda *_: calls.append(1))
    network(noise(1, 4, 4)).mean().backward()
    assert len(calls) == 2 * 3


def test_starts_as_the_authors_do():
    torch.manual_seed(0)
    network = LapSRN(2)
    assert network.conv_input.weight.std().item() == pytest.approx(0.001, rel=0.1)
    for layer in (*network.convt_F1[0].cov_block.values(), network.convt_R1):
        assert layer.weight.std().item() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.1)
        assert not layer.bias.any()


def test_half_precision_leaves_the_image_alone(fill, noise):
    network = fill(LapSRN(4, 4, 1))
    for parameter in (*network.convt_R1.parameters(), *network.convt_R2.parameters()):
        torch.nn.init.zeros_(parameter)
    with torch.autocast("cpu", torch.bfloat16):
        found = network(noise(1, 4, 4))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, network(noise(1, 4, 4)), rtol=1e-6, atol=1e-6)


def test_published_weights(shared: Path):
    """They are recognised, and enlarge: Set5's mean is 31.61 dB (31.60 says their source), this image's 33.77."""
    state = read(shared / "weights" / "lapsrn_x4_y.pt").state
    found = recognise(state)
    assert (found.type, found.scale, found.colour) == ("lapsrn", 4, "y")
    network = LapSRN(4, **found.arguments | Y)
    network.load_state_dict(state)
    lr, hr = (y(shared / "data" / "Set5" / name) for name in ("LRx4/birdx4.png", "HR/bird.png"))
    with torch.no_grad():
        error = ((255 * network(lr)).round() - (255 * hr).round())[..., 4:-4, 4:-4]
    assert 10 * torch.log10(255**2 / error.square().mean()).item() == pytest.approx(33.77, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scale": 3}, r"lapsrn: there is no network for scale 3\. Choices: 2, 4, 8\."),
        ({"depth": 0}, "lapsrn: depth is 0"),
        ({"recursions": 0}, "lapsrn: recursions is 0"),
        ({"in_channels": 1}, "in_channels is 1 and out_channels is 3"),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(OptionsError, match=message):
        LapSRN(**({"scale": 4} | arguments))


def test_asked_for_a_scale_it_has_not(noise):
    with pytest.raises(OptionsError, match=r"no network for scale 8\. Choices: 2, 4\."):
        LapSRN(4, 4, 1)(noise(1, 2, 2), scale=8)
