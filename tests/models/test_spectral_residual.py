"""The discriminator of Bulat et al. and SCGAN: sizes, and the order of its layers."""

import pytest
import torch
from torch.nn import functional as F

from gansr.errors import OptionsError
from gansr.models.discriminators.dsgan import DSGAN
from gansr.models.discriminators.spectral_residual import SpectralResidual


@pytest.mark.parametrize(("size", "count"), [(64, 15_456_641), (16, 15_390_849)])
def test_parameters_are_those_of_the_published_code(size, count):
    """Blocks of which a convolution of 1x1 adapts channels have more where they halve too: at 64 pixels."""
    with torch.device("meta"):
        assert sum(p.numel() for p in SpectralResidual(input_size=size).parameters()) == count
        assert sum(p.numel() for p in DSGAN().parameters()) == 1_030_273


@pytest.mark.parametrize("pooling", ["average", "max"])
@pytest.mark.parametrize("size", [8, 16, 32])
def test_by_hand(size, pooling):
    torch.manual_seed(0)
    network = SpectralResidual(2, input_size=size, pooling=pooling).double().eval()
    image = torch.rand(2, 3, size, size, dtype=torch.float64)
    for _ in range(30):
        network(image)
    halve = {"average": F.avg_pool2d, "max": F.max_pool2d}[pooling]
    x = image * 2 - 1
    for place, block in enumerate(network.residual_blocks):
        inner = F.conv2d(x.clamp_min(0), block.conv1.weight, padding=1).clamp_min(0)
        if place >= 6 - {8: 1, 16: 2, 32: 3}[size]:
            inner, x = halve(inner, 2), halve(x, 2)
        inner = F.conv2d(inner, block.conv2.weight, padding=1)
        skip = getattr(block.skip, "weight", None)
        x = inner + (x if skip is None else F.conv2d(x, skip, block.skip.bias))
    assert x.shape == (2, 8, 4, 4)
    first, _, second = network.out_layer
    expected = F.linear(F.linear(x.flatten(1), first.weight, first.bias).clamp_min(0), second.weight, second.bias)
    torch.testing.assert_close(network(image), expected)


def test_every_weight_is_bounded():
    torch.manual_seed(0)
    network = SpectralResidual(2, input_size=8)
    weighty = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    for layer in weighty:
        layer.weight_orig.data *= 50
    for _ in range(100):
        network(torch.rand(1, 3, 8, 8))
    for layer in weighty:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_taps_are_not_written_to_afterwards():
    """Each block's ReLU comes first, and must leave what was tapped as it is."""
    torch.manual_seed(0)
    network, taps = SpectralResidual(2, input_size=16).eval(), []
    network(torch.rand(1, 3, 16, 16), taps)
    assert len(taps) == 6 and all((tap < 0).any() for tap in taps)


@pytest.mark.parametrize("size", [0, 4, 24, 512])
def test_other_sizes_of_maps(size):
    with pytest.raises(OptionsError, match=f"spectral_residual: input_size is {size}"):
        SpectralResidual(2, input_size=size)


def test_images_of_another_size():
    network = SpectralResidual(2, input_size=16)
    for height, width in ((16, 8), (8, 16), (32, 32)):
        with pytest.raises(OptionsError, match=rf"16x16 pixels and got {width}x{height}; set its input_size"):
            network(torch.rand(1, 3, height, width))


def test_dsgans_logit_sees_13_pixels():
    network = DSGAN(1, norm="none").double()
    for parameter in network.parameters():
        torch.nn.init.constant_(parameter, 0.1)
    image = torch.ones(1, 3, 21, 25, dtype=torch.float64, requires_grad=True)
    network(image)[0, 0, 10, 12].backward()
    touched = image.grad[0].sum(0) != 0
    assert touched.any(0).sum() == touched.any(1).sum() == 13


def test_dsgans_names_are_those_of_the_authors():
    names = {f"net.{layer}.{kind}" for layer in (0, 2, 3, 5, 6, 8) for kind in ("weight", "bias")}
    statistics = {f"net.{layer}.{kind}" for layer in (3, 6) for kind in ("running_mean", "running_var")}
    assert set(DSGAN(2).state_dict()) == names | statistics | {f"net.{layer}.num_batches_tracked" for layer in (3, 6)}
