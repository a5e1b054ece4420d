"""Names and forward passes of other projects, written out by hand from their code."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gansr.models.foreign import translate
from gansr.models.generators.iterative.dbpn import DBPN
from gansr.models.generators.progressive.lapsrn import LapSRN
from gansr.models.layers.resizing import bicubic
from gansr.models.recognise import recognise

Y = {"in_channels": 1, "out_channels": 1}


@pytest.fixture
def image():
    return torch.rand(1, 1, 4, 5, generator=torch.Generator().manual_seed(1))


def weights_of(layers, fill):
    """Values for a table of layers, by name as in a state dict."""
    return fill(nn.ModuleDict({name.replace(".", "/"): layer for name, layer in layers.items()})).state_dict()


def plain(state):
    return {name.replace("/", "."): value for name, value in state.items()}


def loaded(state, network):
    """The network with the translated weights, all of which must arrive."""
    translated, source = translate(state)
    network.load_state_dict(translated)
    return network.eval(), source


def test_lapsrn_pytorch(fill, image):
    """Lornatang/LapSRN-PyTorch: some layers have biases, the image's doubling too, and the ten convolutions none."""
    layers: dict[str, nn.Module] = {"conv1.0": nn.Conv2d(1, 64, 3)}
    for first in (1, 4, 7):
        name = f"laplacian_pyramid_conv{first}"
        layers |= {f"{name}.{n}.cl.0": nn.Conv2d(64, 64, 3, bias=False) for n in range(10)}
        layers[f"{name}.10"] = nn.ConvTranspose2d(64, 64, 4)
        layers[f"laplacian_pyramid_conv{first + 1}"] = nn.ConvTranspose2d(1, 1, 4)
        layers[f"laplacian_pyramid_conv{first + 2}"] = nn.Conv2d(64, 1, 3)
    state = plain(weights_of(layers, fill))

    def layer(x, name, move=F.conv2d, **arguments):
        return move(x, state[f"{name}.weight"], state.get(f"{name}.bias"), padding=1, **arguments)

    up, x = {"move": F.conv_transpose2d, "stride": 2}, F.leaky_relu(layer(image, "conv1.0"), 0.2)
    expected = image
    for first in (1, 4, 7):
        for n in range(10):
            x = F.leaky_relu(layer(x, f"laplacian_pyramid_conv{first}.{n}.cl.0"), 0.2)
        x = F.leaky_relu(layer(x, f"laplacian_pyramid_conv{first}.10", **up), 0.2)
        expected = layer(expected, f"laplacian_pyramid_conv{first + 1}", **up)
        expected = expected + layer(x, f"laplacian_pyramid_conv{first + 2}")
    network, source = loaded(state, LapSRN(8, kernel=4, **Y))
    assert source == "LapSRN-PyTorch"
    found = recognise(translate(state)[0])
    assert (found.type, found.scale, found.arguments["kernel"]) == ("lapsrn", 8, 4)
    with torch.no_grad():
        torch.testing.assert_close(network(image), expected, rtol=1e-4, atol=1e-3)


def test_mslapsrn_pytorch(fill, image):
    """lorenzomammana/MSLapSRN-pytorch, without the clamping of each level's image."""
    layers: dict[str, nn.Module] = {"conv_input": nn.Conv2d(1, 64, 3), "transpose": nn.ConvTranspose2d(64, 64, 3)}
    layers |= {"scale_img": nn.ConvTranspose2d(1, 1, 4, bias=False), "predict": nn.Conv2d(64, 1, 3)}
    layers |= {f"features.recursive_block.block.conv_{n}": nn.Conv2d(64, 64, 3) for n in range(3)}
    state = plain(weights_of(layers, fill))

    def layer(x, name, move=F.conv2d, **arguments):
        return move(x, state[f"{name}.weight"], state.get(f"{name}.bias"), **arguments)

    x, expected = layer(image, "conv_input", padding=1), image
    for _ in range(2):
        source = x
        for _ in range(4):
            inside = x
            for n in range(3):
                inside = layer(F.leaky_relu(inside, 0.2), f"features.recursive_block.block.conv_{n}", padding=1)
            x = inside + source
        x = layer(F.leaky_relu(x, 0.2), "transpose", F.conv_transpose2d, stride=2)[..., :-1, :-1]
        expected = layer(expected, "scale_img", F.conv_transpose2d, stride=2)[..., 1:-1, 1:-1]
        expected = expected + layer(x, "predict", padding=1)
    network, name = loaded(state, LapSRN(4, depth=3, recursions=4, skip="shared", shared=True, **Y))
    assert name == "MSLapSRN-pytorch"
    assert recognise(translate(state)[0]).arguments["depth"] == 3
    with torch.no_grad():
        found = network(image)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())


def test_pytorch_lapsrn_has_our_names(fill):
    """twtygqyy/pytorch-LapSRN."""
    names = {"conv_input.weight"}
    for level in (1, 2):
        names |= {f"convt_I{level}.weight", f"convt_R{level}.weight"}
        names |= {f"convt_F{level}.0.cov_block.{2 * n}.weight" for n in range(11)}
    with torch.device("meta"):
        assert LapSRN(4, kernel=4, bias=False, **Y).state_dict().keys() == names


def dbpn_pytorch(state):
    """Lornatang/DBPN-PyTorch's forward pass on (B, 3, H, W), at x2."""

    def layer(x, name, up=False):
        weight, bias = state[f"{name}.0.weight"], state[f"{name}.0.bias"]
        padding = {6: 2, 3: 1, 1: 0}[weight.shape[-1]]
        stride = 2 if weight.shape[-1] == 6 else 1
        move = F.conv_transpose2d if up else F.conv2d
        return F.prelu(move(x, weight, bias, stride, padding), state[f"{name}.1.weight"])

    def unit(name, *inputs):
        x, up = torch.cat(inputs, 1), "up_block" in name
        if name.startswith("deep"):
            x = layer(x, f"{name}.deep_conv")
        first = layer(x, f"{name}.conv1", up)
        back = layer(first, f"{name}.conv2", not up)
        return layer(back - x, f"{name}.conv3", up) + first

    def forward(lr):
        x, results = layer(layer(lr, "conv1"), "conv2"), []
        for _ in range(3):
            highs = [unit("up_block1", x)]
            lows = [unit("down_block1", *highs)]
            highs.insert(0, unit("up_block2", *lows))
            for n in range(1, 6):
                lows.insert(0, unit(f"deep_down_block{n}", *highs))
                highs.insert(0, unit(f"deep_up_block{n}", *lows))
            results.append(highs[0])
            x = lows[0]
        return F.conv2d(torch.cat(results, 1), state["conv3.weight"], state["conv3.bias"], padding=1)

    return forward


def test_dbpn_pytorch(fill):
    def entries(name, conv):
        return {f"{name}.0": conv, f"{name}.1": nn.PReLU()}

    def unit(name, inputs=1):
        up = "up_block" in name
        kinds = [nn.ConvTranspose2d if up else nn.Conv2d, nn.Conv2d if up else nn.ConvTranspose2d]
        found = {} if inputs == 1 else entries(f"{name}.deep_conv", nn.Conv2d(64 * inputs, 64, 1))
        for number in (1, 2, 3):
            found |= entries(f"{name}.conv{number}", kinds[number == 2](64, 64, 6))
        return found

    layers = entries("conv1", nn.Conv2d(3, 256, 3)) | entries("conv2", nn.Conv2d(256, 64, 1))
    layers |= unit("up_block1") | unit("down_block1") | unit("up_block2") | {"conv3": nn.Conv2d(192, 3, 3)}
    for n in range(1, 6):
        layers |= unit(f"deep_down_block{n}", n + 1) | unit(f"deep_up_block{n}", n + 1)
    state = plain(weights_of(layers, fill))
    for name in state:  # twenty units in a row would overflow otherwise
        if state[name].ndim == 1:
            state[name] = 0.1 * state[name]
    translated, source = translate(state)
    found = recognise(translated)
    assert source == "DBPN-PyTorch"
    assert (found.type, found.scale) == ("dbpn", 2)
    assert (found.arguments["passes"], found.arguments["stages"], found.arguments["residual"]) == (3, 7, True)
    network, _ = loaded(state, DBPN(2, **found.arguments))
    lr = torch.rand(1, 3, 3, 4, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = dbpn_pytorch(state)(lr) + bicubic(lr, 2)
        torch.testing.assert_close(network(lr), expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())
