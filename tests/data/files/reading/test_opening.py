"""Files that are too large, and other mistakes that are told in words."""

from pathlib import Path

import pytest
from PIL import Image

from gansr.data.files.images import image_size, read_image
from gansr.data.files.reading import opening
from gansr.data.files.reading.opening import LIMIT
from gansr.errors import DataError, OptionsError


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch):
    """Sets Pillow's limit, and the environment's."""

    def put(pixels: int, asked: str | None) -> None:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pixels // 2)
        monkeypatch.delenv(LIMIT, raising=False)
        if asked is not None:
            monkeypatch.setenv(LIMIT, asked)
        opening._set_limit.cache_clear()

    yield put
    opening._set_limit.cache_clear()


@pytest.mark.filterwarnings("error")
def test_huge_images(tmp_path: Path, limit) -> None:
    file = tmp_path / "huge.png"
    Image.new("L", (50, 41)).save(file)
    limit(2000, None)
    for read in (read_image, image_size):
        with pytest.raises(DataError, match=rf"huge.png cannot be read: it has more than 2000 pixels, .* {LIMIT} to"):
            read(file)
    limit(2000, "2040")
    with pytest.raises(DataError, match="it has more than 2040 pixels"):
        read_image(file)
    limit(2000, "2050")
    assert read_image(file).shape == (41, 50, 1), "without a warning, though Pillow has one from half of its limit on"


@pytest.mark.parametrize("asked", ["much", "-5", "0", ""])
def test_the_limit_is_a_number(tmp_path: Path, limit, asked: str) -> None:
    Image.new("L", (5, 4)).save(tmp_path / "a.png")
    limit(2000, asked)
    with pytest.raises(OptionsError, match=rf"{LIMIT} is '{asked}'; expected a number of pixels"):
        read_image(tmp_path / "a.png")
