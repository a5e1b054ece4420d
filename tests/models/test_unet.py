import pytest
import torch

from gansr.errors import OptionsError
from gansr.models.discriminators.unet import UNet


@pytest.mark.parametrize(
    ("skip", "expected"),
    # Recorded from BasicSR 1.4.2's UNetDiscriminatorSN with the same weights and image, after ten power iterations.
    [
        (True, (0.733892, 0.548068, 0.033073, 1.265466)),
        (False, (0.118857, 0.014277, 0.103898, 0.155163)),
    ],
)
@torch.no_grad()
def test_agrees_with_real_esrgan(skip, expected, fill, noise):
    network, image = fill(UNet(features=2, skip_connection=skip)), noise(1, 16, 24)
    for _ in range(10):
        network(image)
    logits = network.eval()(image)
    numbers = torch.stack([logits.mean(), logits.std(), logits.flatten()[0], logits.flatten()[-1]])
    torch.testing.assert_close(numbers, torch.tensor(expected), rtol=1e-3, atol=1e-4)


def test_names_are_those_of_real_esrgan():
    expected = {f"conv{layer}.{kind}" for layer in (0, 9) for kind in ("weight", "bias")}
    spectral = ("weight_orig", "weight_u", "weight_v")
    expected |= {f"conv{layer}.{kind}" for layer in range(1, 9) for kind in spectral}
    assert set(UNet(2).state_dict()) == expected


def test_parameters():
    with torch.device("meta"):
        assert sum(p.numel() for p in UNet().parameters()) == 4_376_897


def test_least_size():
    network = UNet(2)
    assert network(torch.rand(1, 3, 8, 15)).shape == (1, 1, 8, 15)
    with pytest.raises(OptionsError, match="at least 8"):
        network(torch.rand(1, 3, 7, 8))
