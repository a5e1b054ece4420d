import numpy as np
import pytest
import torch
from torch.nn import functional as F

from gansr.errors import DataError, OptionsError
from gansr.metrics.fidelity.spectrum import Spectrum, radial_power


def noise(sigma: float, seed: int = 0, side: int = 128) -> torch.Tensor:
    values = 128 + np.random.default_rng(seed).normal(0, sigma, (1, side, side))
    return torch.tensor(values.clip(0, 255).round().astype(np.uint8))


def slow_power(plane: np.ndarray, rings: int) -> np.ndarray:
    height, width = plane.shape
    hann = [0.5 - 0.5 * np.cos(2 * np.pi * np.arange(side) / side) for side in plane.shape]
    window = hann[0][:, None] * hann[1]
    power = np.abs(np.fft.fft2((plane - plane.mean()) * window)) ** 2 / (window**2).sum()
    found: list[list[float]] = [[] for _ in range(rings)]
    for y in range(height):
        for x in range(width):
            radius = np.hypot(min(y, height - y) / height, min(x, width - x) / width)
            if (y or x) and int(radius * 2 * rings) < rings:
                found[int(radius * 2 * rings)].append(power[y, x])
    return np.array([np.mean(ring) for ring in found])


def test_equals_the_formula() -> None:
    sr, hr = noise(20, 1, 72)[:, :, :67], noise(11, 2, 72)[:, :, :67]
    powers = [slow_power(image[0].numpy() / 1.0, 16) + 1 / 12 for image in (sr, hr)]
    expected = np.sqrt(np.mean((10 * np.log10(powers[0] / powers[1])) ** 2))
    assert Spectrum(4, border=0)(sr, hr) == pytest.approx(expected, rel=1e-9)


def test_white_noise_has_its_variance_on_every_ring() -> None:
    values = torch.tensor(np.random.default_rng(0).normal(0, 10, (256, 256)))
    power = radial_power(values, 8)
    assert power.shape == (8,) and power.tolist() == pytest.approx(
        [100] * 8, rel=0.25
    )  # few frequencies lie on the first ring


def test_it_is_symmetric_blind_to_place_and_sees_blur() -> None:
    hr = noise(20)
    blurred = F.avg_pool2d(hr.double()[None], 3, 1, 1)[0].round().to(torch.uint8)
    metric = Spectrum(1, border=0)
    assert metric(hr, hr) == 0
    assert metric(hr, blurred) == pytest.approx(metric(blurred, hr))
    assert metric(blurred, hr) > 5
    assert metric(hr.roll((40, 17), (1, 2)), hr) < 2  # the same texture elsewhere
    assert metric(noise(20, 5), hr) < 2 < 3.5 < metric(noise(30, 5), hr) < 4.5  # twice the power and more: 3.5 dB


def test_limits() -> None:
    flat = torch.full((3, 64, 80), 50, dtype=torch.uint8)
    assert Spectrum(4, border=0)(flat, flat) == 0
    with pytest.raises(DataError, match="16 rings needs 64x64 pixels inside the border of 4; this image has 72x56"):
        Spectrum(4)(flat, flat)
    with pytest.raises(OptionsError, match="rings"):
        Spectrum(4, rings=1)
