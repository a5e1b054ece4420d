"""Adding to a pack: bytes first, then the line that says where they are."""

import errno
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np

from gansr.data.store.disk.flushing import EVERY, Flusher
from gansr.data.store.disk.journal import NAME, Contents, Entry, line
from gansr.data.store.disk.shards import shard_path, shards_in
from gansr.data.store.disk.strips import Shape, in_strips
from gansr.errors import StorageError

SHARD_BYTES = 2**30
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Prepared:
    """An image as its bytes will lie in a shard."""

    shape: Shape
    parts: Sequence[np.ndarray]  # uint8, each contiguous
    checksum: int  # CRC-32 of all parts


def prepared(image: np.ndarray) -> Prepared:
    """The strips of uint8 (H, W, C) and their checksum; done by whoever decodes, since it takes time."""
    strips, checksum = in_strips(image), 0
    for strip in strips:
        checksum = zlib.crc32(strip.data, checksum)
    return Prepared((image.shape[0], image.shape[1], image.shape[2]), strips, checksum)


class Writer:
    """The one process that adds to a pack, which holds the pack's lock.

    Args:
        folder: of the pack
        contents: what its journal says, kept up to date; a torn line at its end is cut off
        shard_bytes: a shard that is longer is ended
        name: of the journal
    """

    def __init__(self, folder: Path, contents: Contents, shard_bytes: int = SHARD_BYTES, name: str = NAME):
        self.folder, self.contents, self.shard_bytes = folder, contents, shard_bytes
        self.journal = (folder / name).open("ab", buffering=0)
        self.journal.truncate(contents.length)
        # A shard that the journal has forgotten may still be read by somebody.
        self.number = max(contents.shards | shards_in(folder), default=-1) + 1
        self.shard: BinaryIO | None = None
        self.end, self.begun = 0, 0  # of the shard: bytes that it has, and that the disk was told to write
        self.flusher = Flusher()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flusher.close()
        if self.shard is not None:
            self.shard.close()
        self.journal.close()

    def add(self, file: str, signature: Any, content: str, image: Prepared) -> Entry:
        """Write an image. Raises StorageError, after which the pack holds what it held before."""
        try:
            if self.shard is None:
                self.shard, self.end, self.begun = shard_path(self.folder, self.number).open("wb", buffering=0), 0, 0
            entry = Entry(file, signature, content, image.shape, self.number, self.end, image.checksum)
            write_all(self.shard, [part.reshape(-1).data for part in image.parts])
        except OSError as error:
            if self.shard is not None:
                os.ftruncate(self.shard.fileno(), self.end)
            raise refused(self.folder, error) from error
        self.end += entry.size
        self.say("image", entry)
        if self.end >= self.shard_bytes:
            self._end_shard()
        elif self.end - self.begun >= EVERY and self.flusher.idle:
            self.flusher.begin(self.shard)
            self.begun = self.end
        self._say_certain()
        return entry

    def say(self, kind: str, value: Any) -> None:
        """Append a line to the journal. Raises StorageError, after which the journal is what it was before."""
        text = line(kind, value)
        try:
            write_all(self.journal, [memoryview(text)])
        except OSError as error:
            os.ftruncate(self.journal.fileno(), self.contents.length)
            raise refused(self.folder, error) from error
        self.contents.length += len(text)
        self.contents.take(kind, value)

    def sync(self) -> None:
        """See to it that the disk has everything, and say so. Raises StorageError if it has not."""
        self._end_shard()
        self._say_certain(wait=True)
        try:
            os.fsync(self.journal.fileno())
        except OSError as error:
            raise refused(self.folder, error) from error

    def _end_shard(self) -> None:
        if self.shard is not None:
            self.flusher.begin(self.shard, self.number)
            self.shard, self.number = None, self.number + 1

    def _say_certain(self, wait: bool = False) -> None:
        try:
            certain = self.flusher.certain(wait)
        except OSError as error:
            raise refused(self.folder, error) from error
        for number in certain:
            self.say("synced", number)


def write_all(file: BinaryIO, parts: Sequence[memoryview]) -> None:
    """Write bytes one after another to an unbuffered file, whole or with an OSError."""
    for part in parts:
        written = 0
        while written < len(part):
            written += file.write(part[written:]) or 0


def refused(folder: Path, error: OSError) -> StorageError:
    """What to say when the disk takes no more."""
    if error.errno in FULL:
        return StorageError(
            f"{folder}: the disk is full ({error.strerror}). What the raw cache holds so far is kept: make room and "
            f"run the same command again, and it goes on from there. {CHOICES}"
        )
    return StorageError(f"{folder}: the raw cache cannot be written ({error.strerror or error}). {CHOICES}")


CHOICES = (
    "Or put it on another disk with data.train.cache_folder or GANSR_CACHE in the environment, look with `gansr cache "
    "ls` what can go, or do without: data.train.cache: none."
)
