"""A tiny catalogue, and the archives that its sets come in."""

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from gansr.build.preparing.asked import How, Request
from gansr.build.preparing.prepare import Prepared, run
from gansr.data.catalogue.record import DataSet, File, Part
from gansr.data.fetching.download import Patience

USUAL = How()
ABOUT = ("any", "test", "noise", "nobody minds", "https://tiny.example", "Nobody, Never")


def pixels(number: int, height: int = 25, width: int = 32) -> np.ndarray:
    """uint8 (H, W, 3), different for each number."""
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)


def png(number: int, height: int = 25, width: int = 32) -> bytes:
    """The file of an image."""
    file = io.BytesIO()
    Image.fromarray(pixels(number, height, width)).save(file, "PNG")
    return file.getvalue()


IMAGES = {
    **{f"Tiny/train/t{number}.png": png(number) for number in (1, 2, 3)},
    **{f"Tiny/valid/v{number}.png": png(10 + number, 26, 36) for number in (1, 2)},
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """tiny.zip, as its authors made it."""
    return packed(tmp_path / "tiny.zip", IMAGES)


def packed(path: Path, members: dict[str, bytes]) -> Path:
    """A zip archive."""
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return path


@pytest.fixture
def tiny(archive: Path) -> Callable[..., dict[str, DataSet]]:
    """Makes the catalogue, with an address or without."""

    def make(address: str | None = None, **known: Any) -> dict[str, DataSet]:
        known = known or {"sha256": hashlib.sha256(archive.read_bytes()).hexdigest()}
        parts = (Part("train", 3, ("*/train/*",)), Part("valid", 2, ("*/valid/*",), sides=(24, 36)))
        real = Part("test", 1, where=(), low=("*/real/*",))
        pair = Part("train_x2", None, ("*/hr/*",), {2: ("*/lr/*",)})
        return {
            "tiny": DataSet("tiny", "Tiny", parts, *ABOUT, (File("tiny.zip", address, **known),)),
            "real": DataSet("real", "Real", (real,), *ABOUT, form="Ask at https://ask.example"),
            "pairs": DataSet("pairs", "Pairs", (pair,), *ABOUT, form="Ask at https://ask.example"),
        }

    return make


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of prepared sets, which options know."""
    folder = tmp_path / "sets"
    monkeypatch.setenv("GANSR_DATA", str(folder))
    return folder


@pytest.fixture
def prepare(root: Path, tiny: Callable[..., dict[str, DataSet]]) -> Callable[..., list[Prepared]]:
    """Prepares sets of the tiny catalogue."""

    def do(*names: str, catalogue: dict[str, DataSet] | None = None, how: How = USUAL, **asked: Any) -> list[Prepared]:
        request = Request(names or ("tiny",), root, how=how, command="gansr data prepare", **asked)
        quiet = Console(file=io.StringIO())
        return run(request, quiet, catalogue or tiny(), Patience(tries=2, wait=0.0, timeout=5.0))

    return do
