"""Images as large as those of DIV2K, put together from small photos, in all the ways that training may read them."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 2040, 1356
TILE = 480


def write_mosaics(photos: Sequence[np.ndarray], folder: Path, count: int) -> list[Path]:
    """PNG files of 2040x1356 pixels: photos beside and below each other, as they come to lie, cut at the borders."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    files = []
    for number in range(count):
        rows, height = [], 0
        while height < HEIGHT:
            row, width = [], 0
            while width < WIDTH:
                photo = photos[int(random.integers(len(photos)))][:320, :480]
                row.append(photo[:, ::-1] if random.integers(2) else photo)
                width += photo.shape[1]
            least = min(photo.shape[0] for photo in row)
            rows.append(np.concatenate([photo[:least] for photo in row], axis=1)[:, :WIDTH])
            height += least
        files.append(folder / f"{number:04}.png")
        Image.fromarray(np.concatenate(rows)[:HEIGHT]).save(files[-1])
    return files


def write_tiles(files: Sequence[Path], folder: Path) -> list[Path]:
    """Sub-images of 480x480 as PNG files, side by side: whoever lets them overlap has more of them, none cheaper."""
    folder.mkdir(parents=True)
    tiles = []
    for file in files:
        image = Image.open(file)
        for top in range(0, HEIGHT - TILE + 1, TILE):
            for left in range(0, WIDTH - TILE + 1, TILE):
                tiles.append(folder / f"{file.stem}_{top}_{left}.png")
                image.crop((left, top, left + TILE, top + TILE)).save(tiles[-1])
    return tiles


def write_lmdb(tiles: Sequence[Path], folder: Path) -> None:
    """The same PNG files in a data base."""
    import lmdb  # pyright: ignore[reportMissingImports] - only to compare with

    with lmdb.open(str(folder), map_size=2**32) as base, base.begin(write=True) as transaction:
        for tile in tiles:
            transaction.put(tile.stem.encode(), tile.read_bytes())


def as_floats(file: Path | BytesIO) -> np.ndarray:
    """A file decoded and turned into float32 in [0, 1], whole: what most projects do before they cut."""
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB")).astype(np.float32) / 255
