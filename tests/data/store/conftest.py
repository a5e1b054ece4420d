"""Folders of images, and caches that count what they decode."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gansr.data.files.folders import find_images
from gansr.data.files.images import read_image
from gansr.data.store import compacting, filling, signature
from gansr.data.store.raw_cache import RawCache, open_cache
from gansr.data.store.variants import Variant


def noise(seed: int, height: int = 11, width: int = 13) -> np.ndarray:
    return np.random.default_rng(seed).integers(256, size=(height, width, 3), dtype=np.uint8)


def save(file: Path, seed: int, height: int = 11, width: int = 13) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise(seed, height, width)).save(file)
    return file


class Heard:
    """A `Watcher` that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.done = 0

    def say(self, text: str) -> None:
        self.said.append(text)

    def wait(self, text: str) -> None:
        self.say(text)

    @contextmanager
    def progress(self, _title: str, _images: int) -> Iterator[Callable[[], None]]:
        def advance() -> None:
            self.done += 1

        yield advance


class Opened:
    """A cache that was opened: `decoded` are the names of the files that were read for it."""

    def __init__(self, folder: Path, cache: Path, **more: Any) -> None:
        self.decoded: list[str] = []
        self.heard = Heard()

        def make(file: Path) -> np.ndarray:
            self.decoded.append(file.name)
            return read_image(file)

        def shape(file: Path) -> tuple[int, int, int]:
            found = read_image(file).shape
            return found[0], found[1], found[2]

        variant = Variant("pixels", make, shape, plain=True)
        self.files = find_images([folder], "test")
        self.cache: RawCache = open_cache(cache, self.files, [folder], variant, self.heard, **more)

    def right(self) -> bool:
        """Is everything that the cache gives what the files are now?"""
        for file in self.files:
            image = read_image(file)
            height, width, _ = image.shape
            if self.cache.shape(file) != image.shape:
                return False
            if not np.array_equal(self.cache.window(file, 0, 0, height, width), image):
                return False
        return True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six small images, one of them deeper."""
    for number in range(5):
        save(tmp_path / "photos" / f"{number}.png", number)
    save(tmp_path / "photos" / "deep" / "5.png", 5)
    return tmp_path / "photos"


@pytest.fixture
def opened(folder: Path, raw_cache: Path) -> Callable[..., Opened]:
    """Opens the cache of `folder`."""
    return lambda **more: Opened(folder, raw_cache, **more)


@pytest.fixture
def old_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were written a moment ago count as old, so their times are believed."""
    monkeypatch.setattr(signature, "YOUNG", 0)


@pytest.fixture
def pack(raw_cache: Path) -> Callable[[], Path]:
    """The folder of the only pack."""
    return lambda: next(raw_cache.glob("*/index.jsonl")).parent


@pytest.fixture
def no_room_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Free space is not looked at before."""
    monkeypatch.setattr(filling.shutil, "disk_usage", lambda _folder: type("Usage", (), {"free": 2**60}))


@pytest.fixture
def worth_the_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fewest bytes count."""
    monkeypatch.setattr(compacting, "LEAST", 0)
    monkeypatch.setattr(compacting, "SPARE", 0)
