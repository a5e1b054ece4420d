"""16 bits become 8 by rounding, whatever the file keeps them in."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansr.data.files.images import read_image, read_with_alpha
from gansr.data.files.reading.deep import rounded_to_8
from gansr.errors import DataError

RGB, SEPARATED, WHITE_IS_ZERO, BLACK_IS_ZERO = 2, 5, 0, 1
TRICKY = [0, 127, 128, 129, 255, 256, 385, 386, 32767, 32768, 65406, 65407, 65534, 65535]
"""Levels on both sides of where 8 bits round up."""

Bytes = Callable[..., bytes]


def levels(channels: int, seed: int = 0) -> np.ndarray:
    """(5, 7, C), with the tricky ones in its first two rows."""
    made = np.random.default_rng(seed).integers(0, 65536, (5, 7, channels))
    made[:2] = np.array(TRICKY).reshape(2, 7, 1)
    return made


def nearest(deep: np.ndarray, most: int = 65535) -> np.ndarray:
    """In floating point, which is exact enough here: v / 257 never ends in a half."""
    return np.floor(deep / most * 255 + 0.5).astype(np.uint8)


def test_every_level_is_the_nearest() -> None:
    every = np.arange(65536)
    assert (rounded_to_8(every) == nearest(every)).all()
    assert (rounded_to_8(np.arange(4096), 4095) == nearest(np.arange(4096), 4095)).all()
    assert 0.24 < (rounded_to_8(every) != every >> 8).mean() < 0.25, (
        "upper bytes, as Pillow has them, are another thing"
    )


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png(tmp_path: Path, png_of: Bytes, channels: int) -> None:
    deep = levels(channels)
    (tmp_path / "deep.png").write_bytes(png_of(deep))
    image, alpha = read_with_alpha(tmp_path / "deep.png")
    colours = channels - (channels % 2 == 0)
    expected = nearest(deep[..., :colours])
    np.testing.assert_array_equal(image, np.repeat(expected, 3, 2) if channels == 2 else expected)
    if channels % 2:
        assert alpha is None
    else:
        assert alpha is not None
        np.testing.assert_array_equal(alpha, nearest(deep[..., -1:]))
    np.testing.assert_array_equal(read_image(tmp_path / "deep.png"), image)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_colour_that_stands_for_nothing(tmp_path: Path, png_of: Bytes, channels: int) -> None:
    """Of two levels that 8 bits make one, only the named one is transparent."""
    deep = levels(channels)
    deep[3, 3], deep[3, 4] = 1000, 1001
    deep[3, 5, 0] = 1000 if channels == 3 else 999
    (tmp_path / "key.png").write_bytes(png_of(deep, [(b"tRNS", np.full(channels, 1000, ">u2").tobytes())]))
    image, alpha = read_with_alpha(tmp_path / "key.png")
    np.testing.assert_array_equal(image, nearest(deep))
    assert alpha is not None and alpha.shape == (5, 7, 1)
    assert alpha[3, 3] == 0 and alpha[3, 4] == 255 and (alpha == 0).sum() == 1


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("channels", "photometric", "extra"), [(3, RGB, None), (4, RGB, 2), (4, RGB, 0)])
def test_tiff(
    tmp_path: Path, tiff_of: Bytes, order: str, packed: bool, channels: int, photometric: int, extra: int | None
) -> None:
    deep = levels(channels)
    (tmp_path / "deep.tif").write_bytes(tiff_of(deep, photometric, order, packed, extra=extra))
    image, alpha = read_with_alpha(tmp_path / "deep.tif")
    np.testing.assert_array_equal(image, nearest(deep[..., :3]))
    assert (alpha is None) == (extra != 2)
    if alpha is not None:
        np.testing.assert_array_equal(alpha, nearest(deep[..., 3:]))


@pytest.mark.parametrize("order", "<>")
def test_tiff_of_four_inks(tmp_path: Path, tiff_of: Bytes, order: str) -> None:
    deep = levels(4)
    (tmp_path / "inks.tif").write_bytes(tiff_of(deep, SEPARATED, order))
    expected = Image.frombytes("CMYK", (7, 5), nearest(deep).tobytes()).convert("RGB")
    np.testing.assert_array_equal(read_image(tmp_path / "inks.tif"), np.asarray(expected))


@pytest.mark.parametrize("order", "<>")
def test_tiff_whose_colours_are_multiplied_by_alpha(tmp_path: Path, tiff_of: Bytes, order: str) -> None:
    deep = levels(4)
    deep[..., 3] = np.maximum(deep[..., 3], 20000)
    deep[0, 0, 3] = 0
    stored = deep.copy()
    stored[..., :3] = np.round(deep[..., :3] * (deep[..., 3:] / 65535))
    (tmp_path / "alpha.tif").write_bytes(tiff_of(stored, RGB, order, extra=1))
    image = read_image(tmp_path / "alpha.tif").astype(int)
    seen = deep[..., 3] > 0
    assert np.abs(image - nearest(deep[..., :3]))[seen].max() <= 1
    assert (image - nearest(deep[..., :3]))[seen].mean() == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("order", "<>")
def test_tiff_of_planes(tmp_path: Path, tiff_of: Bytes, order: str) -> None:
    deep = levels(3)
    (tmp_path / "planes.tif").write_bytes(tiff_of(deep, RGB, order, planes=True))
    np.testing.assert_array_equal(read_image(tmp_path / "planes.tif"), nearest(deep))
    (tmp_path / "packed.tif").write_bytes(tiff_of(deep, RGB, order, planes=True, packed=True))
    with pytest.raises(DataError, match=r"packed.tif cannot be read: its colours of 16 bits are compressed one after"):
        read_image(tmp_path / "packed.tif")


@pytest.mark.parametrize("packed", [False, True])
def test_grey_tiff_whose_zero_is_white(tmp_path: Path, tiff_of: Bytes, packed: bool) -> None:
    deep = levels(1)
    for photometric, expected in ((BLACK_IS_ZERO, deep), (WHITE_IS_ZERO, 65535 - deep)):
        (tmp_path / "grey.tif").write_bytes(tiff_of(deep, photometric, "<", packed))
        np.testing.assert_array_equal(read_image(tmp_path / "grey.tif"), nearest(expected))


def test_grey_tiff_of_12_bits(tmp_path: Path, tiff_of: Bytes) -> None:
    deep = np.array([[[0], [8], [9], [4095]]])
    bits = "".join(f"{level:012b}" for level in deep.flat)
    content = int(bits, 2).to_bytes(6, "big")
    (tmp_path / "grey.tif").write_bytes(tiff_of(deep, BLACK_IS_ZERO, bits=12, content=content))
    assert read_image(tmp_path / "grey.tif")[..., 0].tolist() == [[0, 0, 1, 255]]


def test_turned(tmp_path: Path, png_of: Bytes) -> None:
    """Orientation and rounding do not get in each other's way."""
    exif = Image.Exif()
    exif[0x0112] = 6
    deep = levels(4)
    (tmp_path / "turned.png").write_bytes(png_of(deep, [(b"eXIf", exif.tobytes()[6:])]))
    image, alpha = read_with_alpha(tmp_path / "turned.png")
    upright = nearest(deep).transpose(1, 0, 2)[:, ::-1]
    assert alpha is not None
    np.testing.assert_array_equal(np.concatenate([image, alpha], axis=2), upright)


def test_a_damaged_file_is_named(tmp_path: Path, png_of: Bytes) -> None:
    whole = png_of(np.random.default_rng(0).integers(0, 65536, (64, 64, 3)))
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"half.png cannot be read: "):
        read_image(tmp_path / "half.png")
