import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

from gansr.data.store.disk import shards as module
from gansr.data.store.disk.shards import Shards
from gansr.data.store.disk.strips import in_strips, parts
from gansr.errors import DataError


def test_strips_lie_one_after_another_row_by_row() -> None:
    image = np.arange(2 * 600 * 3, dtype=np.uint16).astype(np.uint8).reshape(2, 600, 3)
    assert [strip.shape for strip in in_strips(image)] == [(2, 256, 3), (2, 256, 3), (2, 88, 3)]
    assert all(strip.flags.c_contiguous for strip in in_strips(image))
    # Columns 250 to 259 of row 1: six of the first strip, four of the second one, which begins behind 2 * 256 pixels.
    assert list(parts((2, 600, 3), 1, 250, 10)) == [(256 * 3, 256, 250, 256), ((512 + 256) * 3, 256, 0, 4)]
    # The last strip has 88 columns, and begins behind 2 * 512 pixels.
    assert list(parts((2, 600, 3), 1, 599, 1)) == [((1024 + 88) * 3, 88, 87, 88)]


@pytest.mark.parametrize("width", [1, 255, 256, 257, 700])
@pytest.mark.parametrize("channels", [1, 3])
def test_windows_are_those_of_the_image(tmp_path: Path, width: int, channels: int) -> None:
    random = np.random.default_rng(width)
    image = random.integers(256, size=(9, width, channels), dtype=np.uint8)
    (tmp_path / "shard_00004.raw").write_bytes(b"before" + b"".join(strip.tobytes() for strip in in_strips(image)))
    shards = Shards(tmp_path)
    for _ in range(60):
        top, left = int(random.integers(9)), int(random.integers(width))
        height, wide = int(random.integers(1, 10 - top)), int(random.integers(1, width - left + 1))
        window = shards.window(4, 6, (9, width, channels), (top, left, height, wide))
        assert np.array_equal(window, image[top : top + height, left : left + wide])
        assert not window.flags.writeable


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "shard_00000.raw").write_bytes(bytes(29))
    shards = Shards(tmp_path)
    assert shards.window(0, 0, (3, 3, 3), (0, 0, 3, 3)).sum() == 0
    with pytest.raises(DataError, match=r"shard_00000\.raw of the raw cache ends too early: expected 30 bytes"):
        shards.window(0, 3, (3, 3, 3), (0, 0, 3, 3))
    with pytest.raises(DataError, match=r"shard_00001\.raw of the raw cache cannot be read: No such file"):
        shards.window(1, 0, (3, 3, 3), (0, 0, 3, 3))


def test_systems_that_cannot_read_at_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "preadv")
    assert module.__file__ is not None
    spec = importlib.util.spec_from_file_location("shards_elsewhere", module.__file__)
    assert spec is not None and spec.loader is not None
    elsewhere = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(elsewhere)
    image = np.random.default_rng(0).integers(256, size=(9, 300, 3), dtype=np.uint8)
    (tmp_path / "shard_00000.raw").write_bytes(b"".join(strip.tobytes() for strip in in_strips(image)))
    shards = elsewhere.Shards(tmp_path)
    assert np.array_equal(shards.window(0, 0, (9, 300, 3), (2, 250, 5, 20)), image[2:7, 250:270])
    with pytest.raises(DataError, match="ends too early"):
        shards.window(0, 9, (9, 300, 3), (0, 0, 9, 300))
