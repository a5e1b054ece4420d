"""What holds for every discriminator."""

import pytest
import torch
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.discriminators import DISCRIMINATORS

NORMS = ("batch", "instance", "spectral", "none")
CASES = [(name, {"norm": norm}) for name in ("vgg_style", "patch") for norm in NORMS] + [
    ("unet", {}),
    ("projected", {"network_weights": "random", "network": "resnet10t"}),
    ("dsgan", {}),
    ("spectral_residual", {}),
]


def logits_shape(name, batch, height, width):
    return {
        "vgg_style": (batch, 1),
        "patch": (batch, 1, height // 8 - 2, width // 8 - 2),
        "unet": (batch, 1, height, width),
        "projected": (batch, 4, max(-(-height // 32), 1), max(-(-width // 32), 1)),
        "dsgan": (batch, 1, height, width),
        "spectral_residual": (batch, 1),
    }[name]


@pytest.mark.parametrize(("name", "arguments"), CASES)
@pytest.mark.parametrize(("batch", "height", "width"), [(2, 64, 64), (1, 24, 27), (2, 37, 90)])
def test_logits(name, arguments, batch, height, width, noise):
    if name == "spectral_residual" and height != width:
        pytest.skip("it takes images of one size: test_spectral_residual.py")
    network = DISCRIMINATORS[name](2, **arguments)
    assert network(noise(batch, height, width)).shape == logits_shape(name, batch, height, width)


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_meta_device(name, arguments):
    with torch.device("meta"):
        network = DISCRIMINATORS[name](**arguments)
        shape = network(torch.empty(2, 3, 64, 64)).shape
    assert shape == logits_shape(name, 2, 64, 64)
    assert all(tensor.is_meta for tensor in network.state_dict().values())


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_penalty_on_the_gradient_can_be_learned_from(name, arguments, noise):
    """R1 differentiates twice: in-place activations must not have destroyed what that needs."""
    network = DISCRIMINATORS[name](2, **arguments)
    image = noise(2, 64, 64).requires_grad_()
    (gradient,) = torch.autograd.grad(network(image).sum(), image, create_graph=True)
    gradient.square().sum().backward()
    weight = next(p for p in network.parameters() if p.ndim == 4 and p.requires_grad)
    assert weight.grad is not None and weight.grad.any()


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_two_forwards_before_one_backward(name, arguments, noise):
    """Real and generated images are judged one after the other, then one loss is differentiated."""
    network = DISCRIMINATORS[name](2, **arguments)
    (network(noise(2, 64, 64)).mean() - network(1 - noise(2, 64, 64)).mean()).backward()
    assert all((parameter.grad is not None) == parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_compiles_as_one_graph(name, arguments, noise):
    network, image = DISCRIMINATORS[name](2, **arguments), noise(2, 64, 64)
    for _ in range(3):
        network(image)  # so that spectral norms are those of the weights
    network.eval()
    compiled = torch.compile(network, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(image), network(image))


@pytest.mark.parametrize("name", ["vgg_style", "patch"])
def test_spectral_bounds_every_weight(name, noise):
    network, image = DISCRIMINATORS[name](2, norm="spectral"), noise(2, 64, 64)
    weighty = [m for m in network.modules() if isinstance(m, (torch.nn.Conv2d, torch.nn.Linear))]
    for layer in weighty:
        layer.weight_orig.data *= 50
    for _ in range(100):
        network(image)
    for layer in weighty:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_norms_have_their_own_parameters():
    for name in ("vgg_style", "patch"):
        kinds = {norm: {type(m).__name__ for m in DISCRIMINATORS[name](2, norm=norm).modules()} for norm in NORMS}
        assert "BatchNorm2d" in kinds["batch"] and "InstanceNorm2d" in kinds["instance"]
        assert not any("Norm" in kind for norm in ("spectral", "none") for kind in kinds[norm])


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_numbers_are_at_least_one(name):
    with pytest.raises(OptionsError, match=f"{name}: features is 0"):
        DISCRIMINATORS[name](features=0)


@pytest.mark.parametrize("name", ["vgg_style", "patch", "unet", "dsgan", "spectral_residual"])
def test_more_channels_than_rgb(name):
    """Three bands of wavelets have nine."""
    network = DISCRIMINATORS[name](2, in_channels=9)
    assert network(torch.rand(2, 9, 64, 64)).shape == logits_shape(name, 2, 64, 64)


MAPS = {
    "vgg_style": [(2, 64), (2, 32), (4, 32), (4, 16), (8, 16), (8, 8), (16, 8), (16, 4), (16, 4), (16, 2)],
    "patch": [(2, 32), (4, 16), (8, 8), (16, 7)],
    "unet": [(2, 64), (4, 32), (8, 16), (16, 8), (8, 16), (4, 32), (2, 64), (2, 64), (2, 64)],
    "dsgan": [(2, 64), (4, 64), (8, 64)],
    "spectral_residual": [(2, 64), (2, 64), (4, 32), (4, 16), (8, 8), (8, 4)],
    "projected": [(4, 8), (8, 4), (16, 2), (2, 2), (8, 4), (16, 2), (2, 2), (16, 2), (2, 2), (2, 2)],
}
"""Channels and side of each activation for images of 64 pixels."""


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_taps(name, arguments, noise):
    """Activations as they are, in order; and logits are the same whether anyone looks at them or not."""
    torch.manual_seed(0)
    network, image = DISCRIMINATORS[name](2, **arguments).eval(), noise(2, 64, 64)
    taps = []
    logits = network(image, taps)
    assert torch.equal(logits, network(image))
    assert [(one.shape[1], one.shape[2]) for one in taps] == MAPS[name]
    assert all(one.shape[0] == 2 and one.shape[2] == one.shape[3] for one in taps)
    for one in taps:  # LeakyReLU leaves a fifth of what is negative, so a map that it has not passed is another
        assert (one < 0).any() and (one > 0).any()


@pytest.mark.parametrize(("name", "arguments"), [case for case in CASES if case[0] != "spectral_residual"])
def test_taps_survive_what_works_in_place(name, arguments, noise, monkeypatch):
    """Values and gradients are those of copies that were made behind each activation, before anything else."""
    network = DISCRIMINATORS[name](2, **arguments).double().eval()

    def with_gradient(maps, image):
        sum(one.square().mean() for one in maps).backward()
        return [*(one.detach() for one in maps), image.grad]

    image, taps = noise(1, 64, 64).double().requires_grad_(), []
    network(image, taps)
    found = with_gradient(taps, image)

    copies, plain = [], F.leaky_relu

    def copied(x, slope, inplace=False):
        x = plain(x, slope)
        copies.append(x.clone())
        return x

    monkeypatch.setattr(F, "leaky_relu", copied)
    image = noise(1, 64, 64).double().requires_grad_()
    network(image)
    expected = with_gradient([one for one in copies if one.ndim == 4], image)
    assert found[-1].any()
    torch.testing.assert_close(found, expected)
