import numpy as np
import pytest
from PIL import Image

from gansr.data.files.images import (
    EXTENSIONS,
    image_size,
    read_as_stored,
    read_image,
    read_with_alpha,
    to_rgb,
    write_image,
)
from gansr.errors import DataError, StorageError

ORIENTATION = 0x0112


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("suffix", sorted(EXTENSIONS - {".gif"}))
def test_every_format_is_read(tmp_path, suffix):
    colours = np.full((6, 9, 3), (200, 100, 50), dtype=np.uint8)
    file = tmp_path / f"image{suffix}"
    Image.fromarray(colours).save(file, "PPM" if suffix == ".pgm" else None)
    image = read_image(file)
    assert image.dtype == np.uint8 and image.shape == (6, 9, 3)
    assert np.abs(image.astype(int) - colours).max() <= 3
    assert image_size(file) == (6, 9)


@pytest.mark.parametrize("mode, channels", [("1", 1), ("L", 1), ("P", 3), ("LA", 3), ("RGBA", 3), ("CMYK", 3)])
def test_every_mode_becomes_grey_or_rgb(tmp_path, mode, channels):
    file = tmp_path / "image.tif"
    Image.new("RGB", (5, 4), "white").convert(mode).save(file)
    image = read_image(file)
    assert image.shape == (4, 5, channels)
    assert (image == 255).all()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_are_scaled_not_clipped(tmp_path, suffix):
    levels = np.array([[0, 128, 129, 257, 40000, 65535]], dtype=np.uint16)
    file = tmp_path / f"deep{suffix}"
    Image.fromarray(levels).save(file)
    assert read_image(file)[..., 0].tolist() == [[0, 0, 1, 1, 156, 255]]
    assert read_with_alpha(file)[1] is None


def test_levels_of_unknown_range_are_refused(tmp_path):
    Image.fromarray(np.array([[0, 70000]], dtype=np.int32)).save(tmp_path / "wide.tif")
    with pytest.raises(DataError, match=r"wide.tif cannot be read: its pixels reach from 0 to 70000"):
        read_image(tmp_path / "wide.tif")
    Image.fromarray(np.zeros((2, 2), dtype=np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(DataError, match="floating-point"):
        read_image(tmp_path / "float.tif")


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, orientation, suffix):
    """Every orientation is undone: what is read is the image before the camera was turned."""
    upright = noise(3, 5, 3)
    # Row 0 and column 0 of the file are these sides of the upright image (EXIF 2.32, section 4.6.4).
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: upright.transpose(1, 0, 2)[::-1],
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: upright.transpose(1, 0, 2)[:, ::-1],
    }[orientation]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    file = tmp_path / f"image{suffix}"
    Image.fromarray(np.ascontiguousarray(turned)).save(
        file, exif=exif, **({"lossless": True} if suffix == ".webp" else {})
    )
    np.testing.assert_array_equal(read_image(file), upright)
    assert image_size(file) == (3, 5)


def test_alpha(tmp_path):
    rgba = noise(4, 6, 4)
    Image.fromarray(rgba).save(tmp_path / "rgba.png")
    image, alpha = read_with_alpha(tmp_path / "rgba.png")
    np.testing.assert_array_equal(image, rgba[..., :3])  # colours survive where nothing is to be seen of them
    np.testing.assert_array_equal(alpha, rgba[..., 3:])
    np.testing.assert_array_equal(read_image(tmp_path / "rgba.png"), rgba[..., :3])

    palette = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), "P")
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.save(tmp_path / "palette.png", transparency=1)
    image, alpha = read_with_alpha(tmp_path / "palette.png")
    assert image.tolist() == [[[255, 0, 0], [0, 255, 0]]]
    assert alpha is not None and alpha.tolist() == [[[255], [0]]]

    Image.fromarray(noise(4, 6, 3)).save(tmp_path / "opaque.png")
    assert read_with_alpha(tmp_path / "opaque.png")[1] is None


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".gif", ".bmp", ".ppm"])
def test_damaged_files_are_named(tmp_path, suffix):
    whole = tmp_path / f"whole{suffix}"
    Image.fromarray(noise(64, 64, 3)).save(whole)
    for name, content in {
        "truncated": whole.read_bytes()[: whole.stat().st_size // 2],
        "empty": b"",
        "text": b"this is no image",
    }.items():
        file = tmp_path / f"{name}{suffix}"
        file.write_bytes(content)
        with pytest.raises(DataError, match=rf"{name}\{suffix} cannot be read: \w"):
            read_image(file)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match=r"nothing.png cannot be read: No such file"):
        read_image(tmp_path / "nothing.png")
    with pytest.raises(DataError, match="Is a directory"):
        image_size(tmp_path)


def test_size_reads_the_header_only(tmp_path):
    file = tmp_path / "image.png"
    Image.fromarray(noise(200, 300, 3)).save(file)
    file.write_bytes(file.read_bytes()[:200])
    assert image_size(file) == (200, 300)


@pytest.mark.parametrize("suffix", [".png", ".webp"])
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_round_trip(tmp_path, suffix, channels):
    image = noise(7, 5, channels)
    write_image(tmp_path / f"image{suffix}", image)
    expected = to_rgb(image) if suffix == ".webp" else image  # WebP knows no grey
    np.testing.assert_array_equal(read_image(tmp_path / f"image{suffix}"), expected)
    assert len(list(tmp_path.iterdir())) == 1


def test_nothing_is_warned_of_a_transparent_palette(tmp_path, recwarn):
    palette = Image.fromarray(np.array([[0, 1]], dtype=np.uint8), "P")
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.save(tmp_path / "palette.png", transparency=bytes([9, 200]))
    assert read_image(tmp_path / "palette.png").tolist() == [[[255, 0, 0], [0, 255, 0]]]
    assert read_with_alpha(tmp_path / "palette.png")[1].tolist() == [[[9], [200]]]
    assert not recwarn.list


def test_transparency_round_trip(tmp_path):
    image = noise(7, 5, 4)
    write_image(tmp_path / "image.png", image)
    colours, alpha = read_with_alpha(tmp_path / "image.png")
    np.testing.assert_array_equal(np.concatenate([colours, alpha], axis=2), image)
    with pytest.raises(StorageError, match="JPEG has no transparency"):
        write_image(tmp_path / "image.jpg", image)


def test_jpeg_keeps_the_resolution_of_colour(tmp_path):
    stripes = np.zeros((16, 16, 3), dtype=np.uint8)
    stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 200
    write_image(tmp_path / "image.jpg", stripes)
    assert np.abs(read_image(tmp_path / "image.jpg").astype(int) - stripes).max() < 30  # 4:2:0 is off by 100
    write_image(tmp_path / "grey.jpg", stripes[..., :1])
    assert read_image(tmp_path / "grey.jpg").shape == (16, 16, 1)


def test_failed_write_leaves_what_was_there(tmp_path, monkeypatch):
    file = tmp_path / "image.png"
    write_image(file, noise(4, 4, 3))
    before = file.read_bytes()

    def full_disk(_image, path, *_, **__):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full_disk)
    with pytest.raises(StorageError, match=r"image.png could not be written: No space left on device"):
        write_image(file, noise(4, 4, 3))
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(StorageError, match=r"cannot write '.txt' images. Choices: .png"):
        write_image(tmp_path / "image.txt", noise(4, 4, 3))


@pytest.mark.parametrize("name", ["Set5", "Set14"])
def test_benchmark_sets_are_read_as_they_always_were(shared, name):
    """Scores of papers stand on these pixels; of LR too."""
    files = [file for file in sorted((shared / "data" / name).rglob("*")) if file.suffix in EXTENSIONS]
    assert len(files) >= 10
    for file in files:
        with Image.open(file) as image:
            plain = np.asarray(image if image.mode == "L" else image.convert("RGB"))
        for read in (read_image, read_as_stored):
            np.testing.assert_array_equal(read(file).squeeze(), plain, str(file))


def test_to_rgb():
    grey = noise(4, 5, 1)
    assert (to_rgb(grey) == grey).all() and to_rgb(grey).shape == (4, 5, 3)
