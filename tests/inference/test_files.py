from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansr.errors import DataError, StorageError, UserError
from gansr.inference.bicubic import Bicubic
from gansr.inference.files import upscale_files


def save(path: Path, mode: str = "RGB", seed: int = 0) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = {"L": (), "RGB": (3,), "RGBA": (4,)}[mode]
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 8, *channels), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def load(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_a_folder_keeps_its_structure(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    rgb, grey = save(source / "a.png"), save(source / "deep" / "er" / "b.bmp", "L")
    written = list(upscale_files(Bicubic(2), source, output))
    assert written == [output / "a.png", output / "deep" / "er" / "b.png"]
    np.testing.assert_array_equal(load(written[0]), Bicubic(2)(rgb))
    np.testing.assert_array_equal(load(written[1]), Bicubic(2)(grey[..., None])[..., 0])
    # Once more: results inside the source would not be upscaled again.
    inside = source / "results"
    for _ in range(2):
        assert list(upscale_files(Bicubic(2), source, inside)) == [
            inside / "a.png",
            inside / "deep" / "er" / "b.png",
        ]


def test_a_file_goes_to_a_file_or_into_a_folder(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    for output, expected in (("b.webp", "b.webp"), ("folder", "folder/a.png"), ("new/c.jpg", "new/c.jpg")):
        assert list(upscale_files(Bicubic(2), tmp_path / "a.png", tmp_path / output)) == [tmp_path / expected]
        assert Image.open(tmp_path / expected).size == (16, 12)


def test_transparency_is_enlarged_too(tmp_path: Path) -> None:
    pixels = save(tmp_path / "a.png", "RGBA")
    (written,) = upscale_files(Bicubic(2), tmp_path / "a.png", tmp_path / "out")
    expected = [Bicubic(2)(pixels[..., :3]), Bicubic(2)(pixels[..., 3:])]
    np.testing.assert_array_equal(load(written), np.concatenate(expected, -1))


def test_a_broken_image_is_reported_after_the_others(tmp_path: Path) -> None:
    source, output, written = tmp_path / "in", tmp_path / "out", []
    save(source / "a.png")
    save(source / "c.png")
    (source / "b.png").write_bytes((source / "a.png").read_bytes()[:80])
    with pytest.raises(UserError, match=r"1 of the images .*\n.*b\.png"):
        for path in upscale_files(Bicubic(2), source, output):
            written.append(path.name)
    assert written == ["a.png", "c.png"]


def test_nothing_is_written_over_an_input_or_another_result(tmp_path: Path) -> None:
    source = tmp_path / "in"
    pixels = save(source / "a.png")
    for output in (source, tmp_path / "x" / ".." / "in"):
        with pytest.raises(UserError, match="would be overwritten"):
            list(upscale_files(Bicubic(2), source, output))
    with pytest.raises(UserError, match="would be overwritten"):
        list(upscale_files(Bicubic(2), source / "a.png", source / "a.png"))
    np.testing.assert_array_equal(load(source / "a.png"), pixels)
    save(source / "a.bmp")
    with pytest.raises(UserError, match=r"a\.bmp and .*a\.png would both be written to"):
        list(upscale_files(Bicubic(2), source, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_source_or_output_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        list(upscale_files(Bicubic(2), tmp_path / "nowhere.png", tmp_path / "out"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no images"):
        list(upscale_files(Bicubic(2), tmp_path / "empty", tmp_path / "out"))
    save(tmp_path / "a.png")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be made"):
        list(upscale_files(Bicubic(2), tmp_path / "a.png", tmp_path / "file" / "out"))
