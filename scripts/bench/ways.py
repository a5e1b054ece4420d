"""Ways to get a crop of 128x128 from images of 2040x1356, and a batch of them."""

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mosaics import as_floats, write_lmdb, write_mosaics, write_tiles
from torch.utils.data import DataLoader, Dataset

from gansr.data.files.images import read_image
from gansr.data.loading.collate import collated
from gansr.data.sampler import CounterSampler
from gansr.data.sets.training_set import HrOnly, PairedFiles, TrainingSet
from gansr.data.store.disk.strips import parts
from gansr.data.store.raw_cache import open_cache
from gansr.data.store.variants import PIXELS, reduced_once

CROP, SCALE, BATCH = 128, 4, 16
COMMON, TILES, LMDB = "whole PNG, to float, crop", "480x480 PNG, to float, crop", "LMDB of 480x480 PNG, the same"
OURS, FLOATS = "raw cache: crop", "raw cache: crop, to float"
MAPPED, MAPPED_STRIPS = "whole raw images, memory-mapped: crop", "the raw cache's strips, memory-mapped: crop"
HR_ONLY, KEPT_LR = "raw cache, all included: HR with a margin", "raw cache, all included: HR and kept LR"
Way = Callable[[], object]


class Bench:
    """The same images in all forms, in a folder.

    Args:
        folder: empty
        photos: uint8 (H, W, 3), to put images together from
        count: of these images
    """

    def __init__(self, folder: Path, photos: Sequence[np.ndarray], count: int):
        self.folder, self.random = folder, np.random.default_rng(1)
        self.files = write_mosaics(photos, folder / "png", count)
        self.tiles = write_tiles(self.files, folder / "tiles")
        self.cache = open_cache(folder / "cache", self.files, [folder / "png"], PIXELS)
        self.lr = open_cache(folder / "cache", self.files, [folder / "png"], reduced_once(SCALE))

    def ways(self) -> dict[str, Way]:
        """Name -> a function that cuts one crop; the last two draw a batch."""
        ways: dict[str, Way] = {
            COMMON: lambda: self.cut(as_floats(self.pick(self.files))),
            TILES: lambda: self.cut(as_floats(self.pick(self.tiles))),
            OURS: self.window,
            FLOATS: lambda: self.window().astype(np.float32) / 255,
            MAPPED: self.mapped(),
            MAPPED_STRIPS: self.mapped_strips(),
            HR_ONLY: batches(self.hr_only()),
            KEPT_LR: batches(
                PairedFiles([(file, file) for file in self.files], CROP, SCALE, 0, source=self.cache, lr_source=self.lr)
            ),
        }
        if find_spec("lmdb") is None:
            print("LMDB is left out: the package lmdb is not installed.")
            return ways
        return ways | {LMDB: self.lmdb()}

    def hr_only(self) -> HrOnly:
        """What training reads where LR is made on the device."""
        return HrOnly(self.files, CROP, SCALE, 0, source=self.cache)

    def pick(self, files: Sequence[Path]) -> Path:
        """One of them."""
        return files[int(self.random.integers(len(files)))]

    def corner(self, height: int, width: int) -> tuple[int, int]:
        """Where a crop begins."""
        return int(self.random.integers(height - CROP + 1)), int(self.random.integers(width - CROP + 1))

    def cut(self, image: np.ndarray) -> np.ndarray:
        """A crop of its own."""
        top, left = self.corner(*image.shape[:2])
        return image[top : top + CROP, left : left + CROP].copy()

    def window(self) -> np.ndarray:
        """A crop from the cache."""
        file = self.pick(self.files)
        height, width, _ = self.cache.shape(file)
        return self.cache.window(file, *self.corner(height, width), CROP, CROP)

    def lmdb(self) -> Way:
        """Crops of tiles in a data base."""
        import lmdb  # pyright: ignore[reportMissingImports] - only to compare with

        write_lmdb(self.tiles, self.folder / "lmdb")
        base = lmdb.open(str(self.folder / "lmdb"), readonly=True, lock=False, readahead=False)

        def cut() -> np.ndarray:
            with base.begin() as transaction:
                found = transaction.get(self.pick(self.tiles).stem.encode())
            assert found is not None
            return self.cut(as_floats(BytesIO(found)))

        return cut

    def mapped(self) -> Way:
        """Crops of raw files with whole rows."""
        (self.folder / "whole").mkdir()
        images = []
        for file in self.files:
            image = read_image(file)
            raw = self.folder / "whole" / file.stem
            image.tofile(raw)
            images.append(np.asarray(np.memmap(raw, np.uint8, "r", shape=image.shape)))
        return lambda: self.cut(images[int(self.random.integers(len(images)))])

    def mapped_strips(self) -> Way:
        """Crops of the files of the cache."""
        places = self.cache.places
        files = {shards.path(entry.shard) for shards, entry in places.values()}
        maps = {file: np.asarray(np.memmap(file, np.uint8, "r")) for file in files}

        def cut() -> np.ndarray:
            shards, entry = places[self.pick(self.files)]
            top, left = self.corner(*entry.shape[:2])
            flat, pieces = maps[shards.path(entry.shard)], []
            for start, columns, first, end in parts(entry.shape, top, left, CROP):
                rows = flat[entry.offset + start :][: CROP * columns * 3].reshape(CROP, columns, 3)
                pieces.append(rows[:, first:end])
            return np.concatenate(pieces, axis=1)

        return cut


class Common(Dataset[torch.Tensor]):
    """Whole files to floats, a crop of each, as most projects have it."""

    def __init__(self, bench: Bench):
        self.bench = bench

    def __len__(self) -> int:
        return len(self.bench.files)

    def __getitem__(self, index: int) -> torch.Tensor:
        crop = self.bench.cut(as_floats(self.bench.files[index]))
        return torch.from_numpy(np.ascontiguousarray(crop.transpose(2, 0, 1)))


def common_loader(bench: Bench, workers: int) -> DataLoader[torch.Tensor]:
    """Batches of 8 from processes that stay."""
    return DataLoader(Common(bench), batch_size=8, shuffle=True, num_workers=workers, persistent_workers=True)


def batches(dataset: TrainingSet) -> Way:
    """A function that draws the next batch: crops, flips, turns, put together."""
    tickets: Iterator[Any] = iter(CounterSampler(len(dataset), BATCH, seed=0))
    return lambda: collated([dataset[ticket] for ticket in next(tickets)])
