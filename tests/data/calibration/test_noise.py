"""Noise of known strength is found again, on flat and on textured photos, and through JPEG."""

import io

import numpy as np
import pytest
from PIL import Image

from gansr.data.calibration.compression import Compression
from gansr.data.calibration.noise import measure_noise, shot_and_read


def with_noise(levels: np.ndarray, sigma, grey: bool = False, seed: int = 0) -> np.ndarray:
    shape = (*levels.shape[:2], 1 if grey else 3)
    return (levels + np.random.default_rng(seed).normal(size=shape) * sigma).round().clip(0, 255)


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("sigma", [2, 5, 10, 20, 35])
@pytest.mark.parametrize("kind", ["flat", "textured"])
def test_white_noise_is_found_to_a_tenth(kind: str, sigma: float, grey: bool, scenes) -> None:
    """Within 10 %, and up to a level more where a photo is texture all over, which passes for noise."""
    found = measure_noise(with_noise(scenes[kind](sigma), sigma, grey), None)
    assert found.sigma == pytest.approx(sigma, rel=0.1, abs=1.0 if kind == "textured" else 0.1)
    expected = sigma if grey else sigma * 0.6685  # root of the sum of Y's squared weights
    assert found.luma == pytest.approx(expected, rel=0.12, abs=1.0 if kind == "textured" else 0.1)


@pytest.mark.parametrize("kind", ["flat", "textured"])
def test_correlation_tells_grey_from_colour(kind: str, scenes) -> None:
    colour, grey = (measure_noise(with_noise(scenes[kind](1), 12, grey), None).correlation for grey in (False, True))
    assert colour < 0.15 and grey > 0.9


def test_clean_photos_have_little(scenes) -> None:
    assert measure_noise(scenes["flat"](0).round(), None).sigma < 0.5


@pytest.mark.parametrize(("shot", "read"), [(0.004, 0.0002), (0.0, 0.002), (0.006, 0.0)])
def test_shot_and_read(shot: float, read: float, scenes) -> None:
    curves = []
    for seed in range(6):
        levels = scenes["textured"](seed)
        deviation = 255 * np.sqrt(shot * levels.clip(0, 255) / 255 + read)
        curves.append(measure_noise(with_noise(levels, deviation, seed=seed), None).curve)
    found_shot, found_read = shot_and_read(np.concatenate(curves))
    assert found_shot == pytest.approx(shot, rel=0.2, abs=5e-4)
    assert found_read == pytest.approx(read, rel=0.25, abs=3e-4)


def test_no_brightness_at_all_has_no_curve() -> None:
    assert shot_and_read(np.zeros((8, 3))) == (0.0, 0.0)


@pytest.mark.parametrize("quality", [40, 60, 85])
def test_noise_before_jpeg(quality: int, scenes) -> None:
    """What was there before: of it quantisation leaves 0.1 to 1 times the variance. Of brightness, within 15 %."""
    for grey, expected in ((True, 15.0), (False, 15 * 0.6685)):
        file = io.BytesIO()
        levels = with_noise(scenes["flat"](2), 15, grey).astype(np.uint8)
        Image.fromarray(levels).save(file, "JPEG", quality=quality)
        decoded = np.asarray(Image.open(file)).astype(float)
        found = measure_noise(decoded, Compression(quality))
        assert found.luma == pytest.approx(expected, rel=0.15)
        assert (found.correlation > 0.5) == grey
