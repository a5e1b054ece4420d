"""Tiny shards."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def make_png(number: int, height: int = 12, width: int = 14) -> bytes:
    """An image of one level: crops tell which image they are from."""
    file = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), number, dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


def make_tar(path: Path, members: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture(scope="session")
def png() -> Callable[..., bytes]:
    """Number, and perhaps height and width -> a PNG file of that level."""
    return make_png


@pytest.fixture(scope="session")
def write_tar() -> Callable[..., Path]:
    """Path and members (name -> content) -> that path, where they are now."""
    return make_tar


@pytest.fixture
def shards(tmp_path: Path) -> Callable[..., list[str]]:
    """Makes shards of so many images each; images are numbered through."""

    def make(*counts: int, folder: str = "shards") -> list[str]:
        number, paths = 0, []
        for index, count in enumerate(counts):
            members = {f"{number + place:04}.png": make_png(number + place) for place in range(count)}
            paths.append(str(make_tar(tmp_path / folder / f"{index:02}.tar", members)))
            number += count
        return paths

    return make
