"""What is said to be on the disk is on the disk: nothing is called certain before it was flushed."""

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from gansr.data.store.disk import flushing, writing
from gansr.data.store.disk.journal import Contents, read_journal
from gansr.data.store.disk.writing import Writer, prepared
from gansr.errors import StorageError

IMAGE = prepared(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))


def test_a_shard_is_certain_when_the_disk_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, may, real = threading.Event(), threading.Event(), os.fsync

    def fsync(descriptor: int) -> None:
        slow.set()
        assert may.wait(10)
        real(descriptor)

    monkeypatch.setattr(flushing.os, "fsync", fsync)
    with Writer(tmp_path, Contents(), shard_bytes=96) as writer:
        for name in ("0", "1", "2"):  # the first two end a shard
            writer.add(name, None, "", IMAGE)
        assert slow.wait(10)
        assert read_journal(tmp_path / "index.jsonl").unsure == {"0", "1", "2"}
        may.set()
        while read_journal(tmp_path / "index.jsonl").unsure == {"0", "1", "2"}:
            writer.add("3", None, "", IMAGE)
            assert len(read_journal(tmp_path / "index.jsonl").shards) < 1000
        assert "3" in read_journal(tmp_path / "index.jsonl").unsure
        writer.sync()
    found = read_journal(tmp_path / "index.jsonl")
    assert not found.unsure and [found.entries[name].shard for name in ("0", "1", "2")] == [0, 0, 1]
    assert [found.entries[name].offset for name in ("0", "1", "2")] == [0, 48, 0]


def test_long_shards_are_flushed_while_they_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(writing, "EVERY", 100)
    monkeypatch.setattr(flushing.os, "fsync", flushed.append)
    with Writer(tmp_path, Contents()) as writer:
        for number in range(5):
            writer.add(str(number), None, "", IMAGE)
            writer.flusher.certain(wait=True)
    assert len(flushed) == 1  # after 144 bytes, and not yet after 96 more
    assert read_journal(tmp_path / "index.jsonl").unsure == {"0", "1", "2", "3", "4"}


def test_a_disk_that_refuses_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(flushing.os, "fsync", fsync)
    with Writer(tmp_path, Contents()) as writer, pytest.raises(StorageError, match="the disk is full"):
        writer.add("0", None, "", IMAGE)
        writer.sync()
    assert read_journal(tmp_path / "index.jsonl").unsure == {"0"}


def test_checksum_is_of_the_bytes_as_they_lie() -> None:
    import zlib

    image = np.random.default_rng(0).integers(256, size=(3, 600, 3), dtype=np.uint8)
    made = prepared(image)
    assert made.checksum == zlib.crc32(b"".join(part.tobytes() for part in made.parts))
    assert made.parts[1].tobytes() == image[:, 256:512].tobytes()
