"""Every kind of file: what its header says, what is done to it, and that both are what reading does."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gansr.data.files.decoded import Decoded
from gansr.data.files.images import EXTENSIONS, image_channels, image_size, read_image, read_with_alpha
from gansr.data.files.reading import kinds
from gansr.data.files.reading.kinds import FIRST, TREATMENTS, kind_of, kinds_of
from gansr.errors import DataError

PAGE = (Path(__file__).parents[4] / "docs" / "images.md").read_text("utf-8")
HEIGHT, WIDTH = 6, 9
GREY, ONE_BIT = "grey is repeated for each colour", "1 bit becomes black and white of 8 bits"
PALETTE, ALPHA = "the palette's colours are spelled out", "transparency is dropped"
DEEP, FORMULA, INKS = (
    "16 bits are rounded to 8",
    "CMYK is converted to RGB by the usual formula",
    "CMYK is converted to sRGB through its profile",
)
OTHER, PROFILE = "it is converted to RGB", "colours are converted to sRGB through the profile"
STRANGE = "the profile does not fit and is left out: colours are taken for sRGB"
TURNED, FRAMES = "it is turned upright (EXIF)", "of its frames the first is read"

Write = Callable[[Path], object]


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def picture(mode: str) -> Image.Image:
    return Image.fromarray(pixels(HEIGHT, WIDTH, 3)).convert(mode)


def turned(file: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.fromarray(pixels(WIDTH, HEIGHT, 3)).save(file, exif=exif)


def frames(file: Path) -> None:
    others = [Image.fromarray(255 - pixels(HEIGHT, WIDTH, 3)), picture("RGB")]
    picture("RGB").save(file, save_all=True, append_images=others)


@pytest.fixture
def files(png_of: Any, tiff_of: Any, profiles: dict[str, bytes]) -> dict[str, tuple[Write, list[str]]]:
    """Name -> how it is written, and what is done to it."""
    deep = np.random.default_rng(0).integers(0, 65536, (HEIGHT, WIDTH, 4))

    def of(content: bytes) -> Write:
        return lambda file: file.write_bytes(content)

    def saved(mode: str, **settings: Any) -> Write:
        return lambda file: picture(mode).save(file, **settings)

    palette = picture("RGB").quantize(8)
    wide, inks = profiles["wide"], profiles["inks"]
    found: dict[str, tuple[Write, list[str]]] = {
        "plain.png": (saved("RGB"), []),
        "plain.jpg": (saved("RGB"), []),
        "plain.webp": (saved("RGB"), []),
        "plain.tif": (saved("RGB", compression="tiff_lzw"), []),
        "plain.bmp": (saved("RGB"), []),
        "plain.ppm": (saved("RGB"), []),
        "grey.png": (saved("L"), [GREY]),
        "grey.jpg": (saved("L"), [GREY]),
        "grey.pgm": (saved("L"), [GREY]),
        "bit.png": (saved("1"), [GREY, ONE_BIT]),
        "bit.tif": (saved("1", compression="group4"), [GREY, ONE_BIT]),
        "palette.png": (palette.save, [PALETTE]),
        "palette.bmp": (palette.save, [PALETTE]),
        "see_through.png": (lambda file: palette.save(file, transparency=3), [PALETTE, ALPHA]),
        "rgba.png": (saved("RGBA"), [ALPHA]),
        "rgba.tif": (saved("RGBA"), [ALPHA]),
        "la.png": (saved("LA"), [ALPHA]),
        "deep.png": (of(png_of(deep[..., :3])), [DEEP]),
        "deep_alpha.png": (of(png_of(deep)), [ALPHA, DEEP]),
        "deep_grey.png": (of(png_of(deep[..., :1])), [GREY, DEEP]),
        "deep_grey_alpha.png": (of(png_of(deep[..., :2])), [ALPHA, DEEP]),
        "deep.tif": (of(tiff_of(deep[..., :3], 2)), [DEEP]),
        "deep_alpha.tif": (of(tiff_of(deep, 2, ">", True, extra=2)), [ALPHA, DEEP]),
        "deep_grey.tif": (of(tiff_of(deep[..., :1], 1)), [GREY, DEEP]),
        "deep_inks.tif": (of(tiff_of(deep, 5)), [DEEP, FORMULA]),
        "inks.jpg": (saved("CMYK"), [FORMULA]),
        "inks.tif": (saved("CMYK"), [FORMULA]),
        "inks_profile.jpg": (saved("CMYK", icc_profile=inks), [INKS]),
        "lab.tif": (saved("LAB"), [OTHER]),
        "ycbcr.tif": (saved("YCbCr"), [OTHER]),
        "wide.jpg": (saved("RGB", icc_profile=wide), [PROFILE]),
        "wide.webp": (saved("RGB", icc_profile=wide), [PROFILE]),
        "strange.png": (saved("RGB", icc_profile=inks), [STRANGE]),
        "turned.jpg": (turned, [TURNED]),
        "turned.png": (turned, [TURNED]),
        "turned.webp": (turned, [TURNED]),
        "turned.tif": (turned, []),  # Pillow turns TIFF itself
        "frames.gif": (frames, [PALETTE, FRAMES]),
        "frames.png": (frames, [FRAMES]),
        "frames.webp": (frames, [FRAMES]),
        "frames.tif": (frames, [FRAMES]),
    }
    if ".avif" in EXTENSIONS:
        found |= {"plain.avif": (saved("RGB"), []), "wide.avif": (saved("RGB", icc_profile=wide), [PROFILE])}
    return found


def test_what_is_done_to_each(files: dict[str, tuple[Write, list[str]]], tmp_path: Path) -> None:
    for name, (write, done) in files.items():
        write(tmp_path / name)
        assert kind_of(tmp_path / name).treatment() == done, name
    assert {one for _, done in files.values() for one in done} == {one.done for one in TREATMENTS}


def test_headers_say_what_is_read(files: dict[str, tuple[Write, list[str]]], tmp_path: Path) -> None:
    for name, (write, _) in files.items():
        file = tmp_path / name
        write(file)
        image, (colours, alpha) = read_image(file), read_with_alpha(file)
        assert image.dtype == np.uint8 and image.shape[:2] == (HEIGHT, WIDTH), name
        assert (*image_size(file), image_channels(file)) == image.shape, name
        np.testing.assert_array_equal(colours, image, name)
        assert (alpha is not None) == kind_of(file).alpha, name
        assert alpha is None or alpha.shape == (HEIGHT, WIDTH, 1), name
        np.testing.assert_array_equal(Decoded(0).window(file, 1, 2, 4, 5), image[1:5, 2:7], name)


def test_all_kinds_show_the_same_picture(files: dict[str, tuple[Write, list[str]]], tmp_path: Path) -> None:
    """Those that lose nothing, to the last bit: the first frame, without its transparency."""
    for name in (
        "plain.png",
        "plain.tif",
        "plain.bmp",
        "plain.ppm",
        "frames.png",
        "frames.tif",
        "rgba.png",
        "rgba.tif",
    ):
        files[name][0](tmp_path / name)
        np.testing.assert_array_equal(read_image(tmp_path / name), pixels(HEIGHT, WIDTH, 3), name)
    files["turned.png"][0](tmp_path / "turned.png")
    np.testing.assert_array_equal(
        read_image(tmp_path / "turned.png"), pixels(WIDTH, HEIGHT, 3).transpose(1, 0, 2)[::-1], "a quarter to the left"
    )


def test_the_page_has_every_treatment() -> None:
    assert [one.done for one in TREATMENTS if one.done not in PAGE] == []
    assert [ending for ending in EXTENSIONS if f"`{ending}`" not in PAGE] == []
    rows = re.findall(r"^\| (.+?) \| (.+?) \|", PAGE, re.MULTILINE)
    assert len(rows) > len(TREATMENTS)


def test_headers_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, really = [], kinds.opened
    monkeypatch.setattr(kinds, "opened", lambda path, read: (asked.append(path.name), really(path, read))[1])
    for number in range(2):
        picture("RGB").save(tmp_path / f"{number}.png")
    several = sorted(tmp_path.iterdir())
    assert kinds_of(several) == kinds_of(several)
    image_size(several[0]), image_channels(several[1])
    assert asked == ["0.png", "1.png"]
    Image.new("L", (20, 30)).save(several[0])
    assert kind_of(several[0]).size == (30, 20) and asked == ["0.png", "1.png", "0.png"], "it has changed"


@pytest.mark.parametrize("slow", [0.0, 1e9])
def test_many_at_a_time_are_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: float) -> None:
    monkeypatch.setattr(kinds, "SLOW", slow)
    several = [tmp_path / f"{number}.png" for number in range(FIRST + 20)]
    for number, file in enumerate(several):
        Image.new("L", (number + 1, 1)).save(file)
    assert [kind.width for kind in kinds_of(several)] == list(range(1, FIRST + 21))
    several[-1].write_bytes(b"no image")
    with pytest.raises(DataError, match=r"51.png cannot be read: it is not an image"):
        kinds_of(several)
    assert kinds_of([]) == []


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DataError, match=r"pipe.png cannot be read: it is no plain file\."):
        kind_of(tmp_path / "pipe.png")


def test_the_record(tmp_path: Path, profiles: dict[str, bytes]) -> None:
    turned(tmp_path / "a.jpg")
    found = kind_of(tmp_path / "a.jpg")
    assert (found.format, found.mode, found.bits, found.size, found.channels) == ("JPEG", "RGB", 8, (HEIGHT, WIDTH), 3)
    assert (found.orientation, found.alpha, found.animated, found.profile) == (8, False, False, None)
