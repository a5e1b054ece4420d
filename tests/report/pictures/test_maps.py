import base64
import io

import numpy as np
import pytest
from PIL import Image

from gansr.report.pictures.encode import data_uri
from gansr.report.pictures.maps import (
    FLOOR,
    Scale,
    error_map,
    error_scale,
    palette,
    spectrum_map,
    spectrum_scale,
)


def decoded(uri: str) -> np.ndarray:
    head, _, text = uri.partition(",")
    assert head in ("data:image/webp;base64", "data:image/png;base64")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"))


def test_errors_are_means_over_channels_in_levels() -> None:
    one, other = np.full((2, 3, 3), 10, np.uint8), np.full((2, 3, 3), 10, np.uint8)
    other[0, 1] = (16, 7, 10)
    expected = np.zeros((2, 3))
    expected[0, 1] = (6 + 3) / 3
    assert np.array_equal(error_map(one, other), expected)
    assert np.array_equal(error_map(other, one), expected)


def test_a_wave_is_two_points_of_its_amplitude() -> None:
    rows, columns = np.mgrid[:32, :48]
    wave = 100 + 20 * np.cos(2 * np.pi * (columns * 6 / 48 + rows * 4 / 32))
    found = spectrum_map(np.round(wave).astype(np.uint8)[..., None])
    middle = (16, 24)
    for place in ((middle[0] + 4, middle[1] + 6), (middle[0] - 4, middle[1] - 6)):
        assert found[place] == pytest.approx(20 * np.log10(20), abs=0.2)
    assert (found > 0).sum() < 40  # rounding to 8 bits makes 0.3 levels of noise over all frequencies
    assert found[middle] < 0  # the mean is taken off


def test_a_flat_image_is_the_floor_everywhere() -> None:
    found = spectrum_map(np.full((16, 16, 3), 77, np.uint8))
    assert np.allclose(found, 20 * np.log10(FLOOR), atol=0.01)


def test_scales_reach_to_round_numbers() -> None:
    assert error_scale([np.full((9, 9), 3.0), np.full((9, 9), 7.0)]).high == 10
    assert error_scale([np.zeros((9, 9))]).high == 2
    assert error_scale([np.full((9, 9), 255.0)]).high == 255
    scale = spectrum_scale([np.linspace(-33, 17, 1000)[None]])
    assert (scale.low, scale.high) == (-40, 20)


def test_colours_stay_on_their_scale() -> None:
    scale = Scale(-10, 10, "dB")
    assert scale.colours(np.array([-99.0, -10.0, 0.0, 10.0, 99.0])).tolist() == [0, 0, 128, 255, 255]


def test_the_palette_gets_brighter_from_black_to_white() -> None:
    colours = palette()
    assert colours.shape == (256, 3) and colours.dtype == np.uint8
    assert colours[0].tolist() == [0, 0, 0] and colours[-1].tolist() == [255, 255, 255]
    brightness = colours @ np.array([0.299, 0.587, 0.114])
    assert np.all(np.diff(brightness) > -1.5)
    assert np.all(np.diff(brightness[::8]) > 0)


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_without_loss(channels: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 7, channels), np.uint8)
    assert np.array_equal(decoded(data_uri(image)), np.broadcast_to(image, (9, 7, 3)))


def test_maps_have_the_colours_of_the_palette() -> None:
    numbers = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    assert np.array_equal(decoded(data_uri(numbers, palette())), palette()[numbers])
