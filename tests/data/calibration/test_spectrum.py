"""Spectra, and the blur between two of them."""

import numpy as np
import pytest

from gansr.data.calibration.samples import Folder, measure
from gansr.data.calibration.spectrum import FREQUENCIES, blur_between, left_over, power, radial


def blurred(levels: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    v, u = np.fft.fftfreq(levels.shape[0])[:, None], np.fft.fftfreq(levels.shape[1])[None]
    square = covariance[0, 0] * u * u + covariance[1, 1] * v * v + 2 * covariance[0, 1] * u * v
    response = np.exp(-2 * np.pi**2 * square)[..., None]
    return np.fft.ifft2(np.fft.fft2(levels, axes=(0, 1)) * response, axes=(0, 1)).real


def elongated(along: float, across: float, angle: float) -> np.ndarray:
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return axes @ np.diag([along**2, across**2]) @ axes.T


def samples(scene, covariance, sigma, seeds):
    found = []
    for seed in seeds:
        noise = np.random.default_rng(seed).normal(0, 1, (192, 192, 3)) * sigma
        levels = blurred(scene(seed), covariance) + noise
        found.append(measure(levels.round().clip(0, 255).astype(np.uint8), search=False))
    return found


def test_white_noise_has_its_variance_at_every_frequency() -> None:
    plane = np.random.default_rng(0).normal(90, 7, (320, 320))
    found = radial(power(plane))
    assert found.shape == FREQUENCIES.shape and FREQUENCIES[-1] == 0.5
    assert found[3:] == pytest.approx(np.full(29, 49.0), rel=0.15)


def test_a_wave_stands_at_its_frequency() -> None:
    plane = 100 + 20 * np.sin(2 * np.pi * 0.25 * np.arange(128)) * np.ones((128, 1))
    assert FREQUENCIES[radial(power(plane)).argmax()] == 0.25


@pytest.mark.parametrize("sigma", [0.0, 8.0])
@pytest.mark.parametrize("width", [0.6, 1.0, 1.6])
def test_the_width_of_blur_is_found(width: float, sigma: float, scenes) -> None:
    """From other photos than the sharp ones: within 15 %, and 20 % where noise leaves low frequencies only."""
    sharp = samples(scenes["textured"], np.zeros((2, 2)), 0, range(8))
    soft = samples(scenes["textured"], np.eye(2) * width**2, sigma, range(20, 28))
    found = np.linalg.eigvalsh(Folder(soft, sharp).covariance)
    assert np.sqrt(found.mean()) == pytest.approx(width, rel=0.2 if sigma else 0.15)


def test_direction_is_found(scenes) -> None:
    sharp = samples(scenes["textured"], np.zeros((2, 2)), 0, range(8))
    true = elongated(1.5, 0.7, 0.6)
    folder = Folder(samples(scenes["textured"], true, 1, range(20, 28)), sharp)
    assert folder.covariance == pytest.approx(true, abs=0.3)
    assert folder.covariance_error < 0.3


def test_what_is_sharper_has_less_than_no_blur() -> None:
    u2 = np.hypot(np.fft.fftfreq(64)[:, None], np.fft.rfftfreq(64)[None]) ** 2
    found = blur_between(np.exp(-4 * np.pi**2 * u2), np.ones_like(u2))
    assert found == pytest.approx(-np.eye(2), abs=0.01)


def test_nothing_but_noise_has_no_blur() -> None:
    noise = np.full((64, 33), 25.0)
    assert np.array_equal(blur_between(noise, noise, 0, 5.0), np.zeros((2, 2)))


def test_what_is_left_over_is_found_below_noise_of_any_colour() -> None:
    """Of noise that quantisation took from high frequencies, and of a blur along one axis."""
    v, u = np.fft.fftfreq(64)[:, None], np.fft.rfftfreq(64)[None]
    sharp = 1 / (np.hypot(u, v) + 0.02) ** 2
    noise = 4 * np.exp(-4 * np.hypot(u, v))

    def seen(covariance: np.ndarray, times: float) -> np.ndarray:
        square = covariance[0, 0] * u * u + covariance[1, 1] * v * v + 2 * covariance[0, 1] * u * v
        return sharp * np.exp(-4 * np.pi**2 * square) + times * noise

    have, lack = elongated(1.2, 0.5, 0.2), elongated(0.25, 0.1, 0.9)
    found, ratio = left_over(sharp, have, seen(have, 1), seen(have + lack, 1.1))
    assert found == pytest.approx(lack, abs=0.015)
    assert ratio == pytest.approx(np.log(1.1), abs=0.03)
    found, ratio = left_over(sharp, have, seen(have, 1), seen(have, 1))
    assert np.abs(found).max() < 1e-9 and abs(ratio) < 1e-9


def test_blur_along_one_axis_is_found_where_noise_drowns_it(scenes) -> None:
    """The ring at which the long axis is noise alone is loud along the short one."""
    sharp = samples(scenes["textured"], np.zeros((2, 2)), 0, range(8))
    true = elongated(2.0, 0.5, 0.6)
    found = Folder(samples(scenes["textured"], true, 5, range(20, 28)), sharp).covariance
    variances, axes = np.linalg.eigh(found)
    assert np.sqrt(variances[1]) == pytest.approx(2.0, rel=0.2)
    assert np.arctan2(axes[1, 1], axes[0, 1]) % np.pi == pytest.approx(0.6, abs=0.1)
