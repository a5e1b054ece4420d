"""Reading from a pack's shards: files of raw bytes that never change where they were once written."""

import os
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from gansr.data.store.disk.strips import Shape, parts
from gansr.errors import DataError

AGAIN = "Run the same command again: what is missing is decoded once more, and a run goes on from its checkpoint."


class Shards:
    """The shards of one folder, by number, each opened when it is first asked for.

    Any number of threads may read. Forked processes go on with the same files; to others it is pickled without them.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._begin()

    def _begin(self) -> None:
        self.files: dict[int, int] = {}
        self.opening = threading.Lock()
        weakref.finalize(self, _close, self.files)

    def __getstate__(self) -> Path:
        return self.folder

    def __setstate__(self, folder: Path) -> None:
        self.folder = folder
        self._begin()

    def window(self, shard: int, offset: int, shape: Shape, box: tuple[int, int, int, int]) -> np.ndarray:
        """The bytes of a window, uint8 (height, width, C), read-only.

        Args:
            shard: number of the file that the image lies in
            offset: of the image's first byte
            shape: of the image
            box: top, left, height and width of the window, which lies within the image

        Raises:
            DataError: the file is gone, shorter than it was, or cannot be read.
        """
        top, left, height, width = box
        channels = shape[2]
        pieces = []
        for start, columns, first, end in parts(shape, top, left, width):
            rows = np.empty((height, columns, channels), np.uint8)
            self.read(shard, offset + start, rows)
            pieces.append(rows[:, first:end])
        window = pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)
        window.flags.writeable = False
        return window

    def read(self, shard: int, offset: int, into: np.ndarray) -> None:
        """Fill a contiguous array with bytes. Raises DataError as `window` does."""
        wanted = into.reshape(-1)
        read = 0
        try:
            file = self.files.get(shard)
            file = self._open(shard) if file is None else file
            while read < len(wanted) and (count := _read_at(file, wanted[read:], offset + read, self.opening)):
                read += count
        except OSError as error:
            raise DataError(f"{self.path(shard)} of the raw cache cannot be read: {error.strerror}. {AGAIN}") from error
        if read < len(wanted):
            raise DataError(
                f"{self.path(shard)} of the raw cache ends too early: expected {offset + len(wanted)} bytes or more. "
                f"{AGAIN}"
            )

    def path(self, shard: int) -> Path:
        """Where a shard is."""
        return shard_path(self.folder, shard)

    def _open(self, shard: int) -> int:
        with self.opening:
            if shard not in self.files:
                self.files[shard] = os.open(self.path(shard), os.O_RDONLY | getattr(os, "O_BINARY", 0))
            return self.files[shard]


def shard_path(folder: Path, shard: int) -> Path:
    """Where a shard of a pack is."""
    return folder / f"shard_{shard:05}.raw"


def shards_in(folder: Path) -> set[int]:
    """Numbers of the shards that are there, whoever knows them."""
    numbers = (file.stem.removeprefix("shard_") for file in folder.glob("shard_*.raw"))
    return {int(number) for number in numbers if number.isdecimal()}


if hasattr(os, "preadv"):

    def _read_at(file: int, into: Any, offset: int, _lock: threading.Lock) -> int:
        return os.preadv(file, [into], offset)

else:  # Windows has no reading at a place, hence one thread after another

    def _read_at(file: int, into: Any, offset: int, _lock: threading.Lock) -> int:
        with _lock:
            os.lseek(file, offset, os.SEEK_SET)
            found = os.read(file, len(into))
        into[: len(found)] = np.frombuffer(found, np.uint8)
        return len(found)


def _close(files: dict[int, int]) -> None:
    while files:
        os.close(files.popitem()[1])
