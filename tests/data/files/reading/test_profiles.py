"""Colours mean what the file's profile says."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from gansr.data.files.images import read_as_stored, read_image, read_with_alpha
from gansr.data.files.reading.kinds import kind_of

ADOBE_TO_SRGB = np.array([[1.39836, -0.39836, 0], [0, 1, 0], [0, -0.04293, 1.04293]])
"""Of linear light; both have the same green and red-green line, so it is simple (Adobe RGB (1998), sRGB: IEC 61966)."""


def colours(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 200, shape, dtype=np.uint8)


def encoded(light: np.ndarray) -> np.ndarray:
    """sRGB's curve."""
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_wide_colours_become_srgb(tmp_path: Path, profiles: dict[str, bytes], suffix: str) -> None:
    stored = colours(40, 30, 3)
    lossless = {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(stored).save(tmp_path / f"a{suffix}", icc_profile=profiles["wide"], **lossless)
    light = ((stored / 255.0) ** (563 / 256)) @ ADOBE_TO_SRGB.T
    expected = encoded(light.clip(0, 1))
    image = read_image(tmp_path / f"a{suffix}")
    assert np.abs(image - expected).max() < 2.5 and np.abs(image - expected).mean() < 0.5
    assert np.abs(stored - expected).mean() > 3, "the test could not tell otherwise"
    np.testing.assert_array_equal(read_as_stored(tmp_path / f"a{suffix}"), stored)
    kind = kind_of(tmp_path / f"a{suffix}")
    assert (kind.profile, kind.converted, kind.channels) == ("test", True, 3)


def test_what_is_almost_srgb_is_not(tmp_path: Path, profiles: dict[str, bytes]) -> None:
    """A power for a curve makes darks darker."""
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2)
    Image.fromarray(ramp).save(tmp_path / "a.png", icc_profile=profiles["almost"])
    expected = encoded((np.arange(256) / 255) ** (563 / 256))
    image = read_image(tmp_path / "a.png")[0]
    assert np.abs(image - expected[:, None]).max() < 2 and np.abs(expected - np.arange(256)).max() < 9


def test_transparency_and_palette_do_not_mind(tmp_path: Path, profiles: dict[str, bytes]) -> None:
    stored = colours(8, 8, 4)
    Image.fromarray(stored).save(tmp_path / "rgba.png", icc_profile=profiles["wide"])
    Image.fromarray(stored[..., :3]).save(tmp_path / "rgb.png", icc_profile=profiles["wide"])
    image, alpha = read_with_alpha(tmp_path / "rgba.png")
    np.testing.assert_array_equal(image, read_image(tmp_path / "rgb.png"))
    assert alpha is not None
    np.testing.assert_array_equal(alpha, stored[..., 3:])
    palette = Image.fromarray(np.arange(4, dtype=np.uint8).reshape(2, 2), "P")
    palette.putpalette(stored[0, :4, :3].tobytes())
    palette.save(tmp_path / "palette.png", icc_profile=profiles["wide"])
    np.testing.assert_array_equal(read_image(tmp_path / "palette.png").reshape(4, 3), image[0, :4])


def test_16_bits_with_a_profile(tmp_path: Path, profiles: dict[str, bytes], png_of) -> None:
    import zlib

    stored = colours(6, 5, 3)
    Image.fromarray(stored).save(tmp_path / "eight.png", icc_profile=profiles["wide"])
    iccp = (b"iCCP", b"x\0\0" + zlib.compress(profiles["wide"]))
    (tmp_path / "deep.png").write_bytes(png_of(stored.astype(int) * 257, [iccp]))
    np.testing.assert_array_equal(read_image(tmp_path / "deep.png"), read_image(tmp_path / "eight.png"))


def test_grey_stays_grey(tmp_path: Path, profiles: dict[str, bytes]) -> None:
    stored = colours(10, 10)
    Image.fromarray(stored).save(tmp_path / "grey.png", icc_profile=profiles["grey"])
    image = read_image(tmp_path / "grey.png")
    assert image.shape == (10, 10, 1) and kind_of(tmp_path / "grey.png").channels == 1
    assert np.abs(image[..., 0] - encoded(stored / 255.0)).max() < 1.5, "its numbers are light itself"


def test_inks(tmp_path: Path, profiles: dict[str, bytes]) -> None:
    """Of paper, black, and cyan alone, which this printer makes grey and the usual formula does not."""
    stored = Image.frombytes("CMYK", (3, 1), bytes([0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0]))
    stored.save(tmp_path / "inks.tif", icc_profile=profiles["inks"])
    paper, black, cyan = read_image(tmp_path / "inks.tif")[0].astype(int)
    assert paper.min() >= 253 and black.max() <= 2
    lightness = 80.0  # of cyan: L of Lab, whose light is ((L + 16) / 116) ** 3
    assert np.abs(cyan - encoded(np.array(((lightness + 16) / 116) ** 3))).max() < 4
    assert read_as_stored(tmp_path / "inks.tif")[0, 2].tolist() == [0, 255, 255]


def test_jpeg_of_inks_is_not_inverted(tmp_path: Path, profiles: dict[str, bytes]) -> None:
    """Adobe's programs, and Pillow, keep 255 - ink in JPEG; a marker says so."""
    paper = Image.new("CMYK", (16, 16), (0, 0, 0, 0))
    for name, settings in (("plain", {}), ("profile", {"icc_profile": profiles["inks"]})):
        paper.save(tmp_path / f"{name}.jpg", **settings)
        assert b"Adobe" in (tmp_path / f"{name}.jpg").read_bytes()
        assert read_image(tmp_path / f"{name}.jpg").min() >= 253
    kinds = [kind_of(tmp_path / f"{name}.jpg").treatment() for name in ("plain", "profile")]
    assert kinds == [
        ["CMYK is converted to RGB by the usual formula"],
        ["CMYK is converted to sRGB through its profile"],
    ]


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_srgb_by_any_name_changes_nothing(tmp_path: Path, mode: str) -> None:
    stored = np.asarray(Image.fromarray(colours(20, 20, 3)).convert(mode))
    Image.fromarray(stored).save(tmp_path / "a.png", icc_profile=srgb())
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").squeeze(), stored)
    assert kind_of(tmp_path / "a.png").profile is None
    assert not any("profile" in line for line in kind_of(tmp_path / "a.png").treatment())


@pytest.mark.parametrize("wrong", ["inks", "damaged", "wide"])
def test_a_profile_that_does_not_fit_is_told(tmp_path: Path, profiles: dict[str, bytes], wrong: str) -> None:
    stored = colours(6, 6) if wrong == "wide" else colours(6, 6, 3)  # grey with the profile of a display
    Image.fromarray(stored).save(tmp_path / "a.png", icc_profile=profiles.get(wrong, b"no profile" * 20))
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").squeeze(), stored)
    assert kind_of(tmp_path / "a.png").treatment()[-1].startswith("the profile does not fit and is left out")
