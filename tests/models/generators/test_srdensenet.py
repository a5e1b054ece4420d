import math

import pytest
import torch
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.foreign import translate
from gansr.models.generators.post_upsampling.srdensenet import SRDenseNet
from gansr.models.recognise import recognise


@pytest.mark.parametrize(
    ("scale", "channels", "count"),
    # Weights and biases of yjn870's SRDenseNet-pytorch at x4, whose arithmetic the next test repeats.
    [(4, 1, 2_659_585), (4, 3, 2_666_499)],
)
def test_sizes(scale, channels, count):
    with torch.device("meta"):
        network = SRDenseNet(scale, in_channels=channels, out_channels=channels)
    assert sum(p.numel() for p in network.parameters()) == count


def test_size_layer_by_layer():
    first = 128 * 9 + 128
    dense = sum(
        (128 * block * 9 * 16 + 16) + sum(16 * layer * 9 * 16 + 16 for layer in range(1, 8)) for block in range(1, 9)
    )
    bottleneck, deconvolutions, last = 1152 * 256 + 256, 2 * (256 * 256 * 9 + 256), 256 * 9 + 1
    assert first + dense + bottleneck + deconvolutions + last == 2_659_585


def test_layers_in_all_are_69():
    """Tong et al. 2017: one first, 64 in blocks, the bottleneck, two deconvolutions, the last."""
    with torch.device("meta"):
        assert sum(p.ndim == 4 for p in SRDenseNet(4).parameters()) == 69


@pytest.mark.parametrize("variant", ["all", "high_low", "high"])
def test_what_the_bottleneck_sees(variant, noise, fill):
    network = fill(SRDenseNet(2, growth=2, blocks=3, layers=2, bottleneck=5, variant=variant)).eval()
    w = network.state_dict()

    def conv(name, x):
        kernel = w[f"{name}.weight"]
        return F.conv2d(x, kernel, w[f"{name}.bias"], padding=kernel.shape[-1] // 2)

    x = first = conv("conv.conv", noise(2, 4, 5)).relu()
    for block in range(3):
        one = conv(f"dense_blocks.{block}.block.0.conv", x).relu()
        made = torch.cat([one, conv(f"dense_blocks.{block}.block.1.conv", one).relu()], 1)
        x = torch.cat([x, made], 1) if variant == "all" else made
    x = torch.cat([first, x], 1) if variant == "high_low" else x
    y = conv("bottleneck.0", x).relu()
    y = F.conv_transpose2d(y, w["deconv.0.weight"], w["deconv.0.bias"], stride=2)[..., 1:9, 1:11].relu()
    torch.testing.assert_close(network(noise(2, 4, 5)), conv("reconstruction", y), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("variant", ["all", "high_low", "high"])
def test_described(scale, variant):
    arguments = {"growth": 2, "blocks": 3, "layers": 4, "bottleneck": 6, "variant": variant, "linear": scale > 3}
    shapes = {name: tuple(v.shape) for name, v in SRDenseNet(scale, **arguments).state_dict().items()}
    assert SRDenseNet.describe(shapes) == (scale, arguments | {"in_channels": 3, "out_channels": 3})


def drawn(shapes):
    """Weights as He would draw them, and biases."""
    random = torch.Generator().manual_seed(0)
    deviation = {name: 0.1 if len(shape) == 1 else (2 / math.prod(shape[1:])) ** 0.5 for name, shape in shapes.items()}
    return {name: deviation[name] * torch.randn(shape, generator=random) for name, shape in shapes.items()}


def theirs(blocks, layers, growth, bottleneck, enlarging):
    """Shapes of Lornatang's network, whose deconvolutions have these names and factors."""
    width = growth * layers
    kernels = {"conv1.0": (width, 1, 3, 3)}
    for block in range(1, blocks + 1):
        for layer in range(1, layers + 1):
            seen = width * block if layer == 1 else growth * (layer - 1)
            kernels[f"dcb{block}.0.conv{layer}"] = (growth, seen, 3, 3)
    kernels["conv2"] = (bottleneck, width * (blocks + 1), 1, 1)
    kernels |= {name: (bottleneck, bottleneck, factor, factor) for name, factor in enlarging.items()}
    kernels["conv3"] = (1, bottleneck, 3, 3)
    weights = {f"{name}.weight": shape for name, shape in kernels.items()}
    return weights | {f"{name}.bias": shape[:1] for name, shape in kernels.items()}


def reference(w, x, enlarging):
    """Its forward pass, written out: the newest maps come first, and the bottleneck's result is enlarged as it is."""

    def conv(name, x):
        kernel = w[f"{name}.weight"]
        return F.conv2d(x, kernel, w[f"{name}.bias"], padding=kernel.shape[-1] // 2)

    seen = conv("conv1.0", x).relu()
    for block in (1, 2, 3):
        made = conv(f"dcb{block}.0.conv1", seen).relu()
        for layer in (2, 3, 4):
            made = torch.cat([made, conv(f"dcb{block}.0.conv{layer}", made).relu()], 1)
        seen = torch.cat([made, seen], 1)
    y = conv("conv2", seen)
    for name, factor in enlarging.items():
        y = F.conv_transpose2d(y, w[f"{name}.weight"], w[f"{name}.bias"], stride=factor).relu()
    return conv("conv3", y)


@pytest.mark.parametrize("factors", [(2,), (3,), (2, 2), (2, 2, 2), "as it was first"])
def test_lornatangs_files(factors, noise):
    if factors == "as it was first":
        enlarging = {"upsampling.0": 2, "upsampling.2": 2}
    else:
        enlarging = {f"upsampling.{step}.upsample_block.0": factor for step, factor in enumerate(factors)}
    state = drawn(theirs(3, 4, 2, 5, enlarging))
    found, source = translate(state)
    assert source == "Lornatang's SRDenseNet"
    known = recognise(found)
    assert known.type == "srdensenet" and known.colour == "y" and known.scale == math.prod(enlarging.values())
    assert known.arguments["linear"] and known.arguments["blocks"] == 3
    network = SRDenseNet(known.scale, **known.arguments, in_channels=1, out_channels=1)
    network.load_state_dict(found)
    image = noise(2, 4, 5)[:, :1]
    torch.testing.assert_close(network(image), reference(state, image, enlarging), rtol=1e-4, atol=1e-5)


def test_messages():
    with pytest.raises(OptionsError, match=r"srdensenet: there is no network for scale 5\. Choices: 2, 3, 4, 8\."):
        SRDenseNet(5)
    with pytest.raises(OptionsError, match=r"srdensenet: growth is 0; it must be at least 1\."):
        SRDenseNet(2, growth=0)
