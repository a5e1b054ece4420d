"""JPEG's quality from files and from pixels."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansr.data.calibration.compression import chroma_table, find_compression, luma_table, quality_of_file


def coded(levels: np.ndarray, **settings) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(levels.round().clip(0, 255).astype(np.uint8)).save(file, "JPEG", **settings)
    return np.asarray(Image.open(file).convert("RGB")).astype(float)


def test_tables_are_those_of_files(tmp_path: Path) -> None:
    """Every quality, exactly."""
    for quality in range(1, 101):
        path = tmp_path / "photo.jpg"
        Image.new("RGB", (16, 16), (90, 80, 70)).save(path, quality=quality)
        with Image.open(path) as image:
            tables = image.quantization  # pyright: ignore[reportAttributeAccessIssue]
        assert np.array_equal(np.array(tables[0]).reshape(8, 8), luma_table(quality))
        assert np.array_equal(np.array(tables[1]).reshape(8, 8), chroma_table(quality))
        assert quality_of_file(path) == quality


def test_other_tables_have_the_nearest_quality(tmp_path: Path) -> None:
    tables = [(luma_table(70) + 1).ravel().tolist(), chroma_table(70).ravel().tolist()]
    Image.new("RGB", (16, 16)).save(tmp_path / "a.jpg", qtables=tables)
    assert abs((quality_of_file(tmp_path / "a.jpg") or 0) - 70) <= 5
    Image.new("L", (16, 16)).save(tmp_path / "grey.jpg", quality=40)
    assert quality_of_file(tmp_path / "grey.jpg") == 40
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    assert quality_of_file(tmp_path / "a.png") is None


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
@pytest.mark.parametrize("quality", [15, 40, 60, 75, 90, 95])
def test_pixels_tell_the_quality(quality: int, subsampling: str, scenes) -> None:
    found = find_compression(coded(scenes["textured"](1), quality=quality, subsampling=subsampling))
    assert found is not None and abs(found.quality - quality) <= 5 and found.offset == (0, 0)


def test_noisy_photos_tell_it_too(scenes) -> None:
    noisy = scenes["flat"](0) + np.random.default_rng(0).normal(0, 10, (192, 192, 3))
    found = find_compression(coded(noisy, quality=60))
    assert found is not None and found.quality == 60


@pytest.mark.parametrize("quality", [30, 75, 90])
def test_blocks_of_a_cut_image_are_found(quality: int, scenes) -> None:
    cut = coded(scenes["textured"](2), quality=quality)[3:, 6:]
    found = find_compression(cut)
    assert found is not None and (found.quality, found.offset) == (quality, (5, 2))
    assert find_compression(cut, search=False) is None


@pytest.mark.parametrize("sigma", [0, 10])
@pytest.mark.parametrize("kind", ["flat", "textured"])
def test_what_was_never_coded_has_no_quality(kind: str, sigma: int, scenes) -> None:
    levels = scenes[kind](3) + np.random.default_rng(0).normal(0, sigma, (192, 192, 3))
    assert find_compression(levels.round().clip(0, 255)) is None
    assert find_compression(np.zeros((64, 64, 3))) is None
