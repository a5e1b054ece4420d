from itertools import pairwise

import pytest
import torch

from gansr.errors import OptionsError
from gansr.models.discriminators.patch import PatchGAN


@pytest.mark.parametrize(("layers", "field"), [(1, 16), (2, 34), (3, 70), (4, 142), (5, 286)])
def test_receptive_field(layers, field):
    """Exactly `field` pixels a side move a logit far from the border."""
    network = PatchGAN(1, layers, norm="none").double()
    for parameter in network.parameters():
        torch.nn.init.constant_(parameter, 0.1)
    side = 2 * field + 4 * 2**layers
    image = torch.ones(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    logits = network(image)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    touched = image.grad[0].sum(0) != 0
    assert touched.any(0).sum() == touched.any(1).sum() == field


def test_names_are_those_of_the_authors():
    expected = {"model.0.weight", "model.0.bias", "model.2.weight", "model.5.weight", "model.8.weight"}
    expected |= {"model.11.weight", "model.11.bias"}
    expected |= {
        f"model.{layer}.{kind}"
        for layer in (3, 6, 9)
        for kind in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    }
    assert set(PatchGAN(2).state_dict()) == expected
    # CycleGAN's: instance normalisation without parameters, convolutions with biases.
    expected = {f"model.{layer}.{kind}" for layer in (0, 2, 5, 8, 11) for kind in ("weight", "bias")}
    assert set(PatchGAN(2, norm="instance").state_dict()) == expected


def test_parameters():
    with torch.device("meta"):
        widths = [3, 64, 128, 256, 512, 1]
        weights = sum(16 * inputs * outputs for inputs, outputs in pairwise(widths))
        biases_and_norms = 64 + 2 * (128 + 256 + 512) + 1
        assert sum(p.numel() for p in PatchGAN().parameters()) == weights + biases_and_norms == 2_765_633


def test_cyclegans():
    """70x70 pixels for each logit, and a map of 30x30 of an image of 256."""
    with torch.device("meta"):
        network = PatchGAN(norm="instance")
        assert sum(p.numel() for p in network.parameters()) == 2_764_737
        assert network(torch.empty(1, 3, 256, 256)).shape == (1, 1, 30, 30)


@pytest.mark.parametrize("norm", ["batch", "spectral"])
def test_weights_begin_with_deviation_0_02(norm):
    torch.manual_seed(0)
    state = PatchGAN(16, norm=norm).state_dict()
    name = "model.5.weight_orig" if norm == "spectral" else "model.5.weight"
    assert state[name].std().item() == pytest.approx(0.02, rel=0.02)


def test_too_small_image():
    network = PatchGAN(2, layers=2)
    assert network(torch.rand(2, 3, 12, 12)).shape == (2, 1, 1, 1)
    with pytest.raises(OptionsError, match="12x11 pixels is too small, each side needs at least 12"):
        network(torch.rand(2, 3, 12, 11))


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_without_halvings_each_pixel_has_a_logit_that_sees_2_layers_and_5_pixels(layers):
    network = PatchGAN(2, layers=layers, norm="none", stride=1, kernel=3).double()
    image = torch.rand(1, 3, 24, 30, dtype=torch.float64, requires_grad=True)
    logits = network(image)
    assert logits.shape == (1, 1, 24, 30)
    logits[0, 0, 12, 15].backward()
    touched = image.grad[0].sum(0) != 0
    assert touched.any(0).sum() == touched.any(1).sum() == 2 * layers + 5
    smallest = layers + 3
    assert network(torch.rand(1, 3, smallest, smallest).double()).shape == (1, 1, smallest, smallest)
    with pytest.raises(OptionsError, match="too small"):
        network(torch.rand(1, 3, smallest - 1, smallest).double())
