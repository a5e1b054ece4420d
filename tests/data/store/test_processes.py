"""Processes that are killed, that start together, and disks that are full."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gansr.data.files.folders import find_images
from gansr.data.files.images import read_image
from gansr.data.store import filling
from gansr.data.store.disk import locks, writing
from gansr.data.store.disk.journal import read_journal
from gansr.data.store.disk.locks import alone
from gansr.data.store.keeping import remove, verify
from gansr.data.store.pack import lock_of, standing_packs
from gansr.data.store.raw_cache import open_cache
from gansr.data.store.variants import PIXELS, Variant
from gansr.errors import StorageError

from .conftest import Heard, Opened, save

Open = Callable[..., Opened]


class Child:
    """A forked process that opens the cache of a folder, slowly, and writes down what it does."""

    def __init__(self, folder: Path, cache: Path, log: Path, seconds: float) -> None:
        self.log = log
        log.touch()
        self.process = os.fork()
        if self.process:
            return
        try:
            self._run(folder, cache, seconds)
        except Exception as error:  # noqa: BLE001
            self._note(f"failed {error!r}")
        os._exit(0)

    def _run(self, folder: Path, cache: Path, seconds: float) -> None:
        def make(file: Path) -> np.ndarray:
            time.sleep(seconds)
            self._note(f"decoded {file.name}")
            return read_image(file)

        heard = Heard()
        heard.say = self._note  # type: ignore[method-assign]
        variant = Variant("pixels", make, PIXELS.shape, plain=True)
        files = find_images([folder], "test")
        found = open_cache(cache, files, [folder], variant, heard, threads=1)
        for file in files:
            image = read_image(file)
            assert (found.window(file, 0, 0, *image.shape[:2]) == image).all()
        self._note("right")

    def _note(self, text: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{text}\n")

    def said(self) -> list[str]:
        return self.log.read_text().splitlines()

    def wait(self) -> int:
        return os.waitpid(self.process, 0)[1]


def test_killed_in_the_middle(folder: Path, raw_cache: Path, opened: Open, tmp_path: Path) -> None:
    child = Child(folder, raw_cache, tmp_path / "log", 0.05)
    while sum(line.startswith("decoded") for line in child.said()) < 4:
        time.sleep(0.01)
    os.kill(child.process, signal.SIGKILL)
    assert child.wait() == signal.SIGKILL
    (standing,) = standing_packs(raw_cache)
    assert 2 <= len(standing.contents.entries) < 6 and not standing.whole
    found = opened()
    assert len(found.decoded) == 6 - len(standing.contents.entries) and found.right()
    (standing,) = standing_packs(raw_cache)
    assert standing.whole and verify(standing).sound


def test_two_at_once(folder: Path, raw_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "OFTEN", 0.05)
    children = [Child(folder, raw_cache, tmp_path / f"log_{number}", 0.05) for number in range(3)]
    assert [child.wait() for child in children] == [0, 0, 0]
    told = [child.said() for child in children]
    assert all(lines[-1] == "right" for lines in told), told
    decoded = [line for lines in told for line in lines if line.startswith("decoded")]
    assert sorted(decoded) == [f"decoded {number}.png" for number in range(6)]
    (first,) = [child.process for child, lines in zip(children, told, strict=True) if f"decoded {0}.png" in lines]
    waited = [line for lines in told for line in lines if line.startswith("Waiting for")]
    assert any(f"process {first} on" in line and "of 6 images are done" in line for line in waited)


def test_nobody_removes_or_verifies_what_is_being_written(opened: Open, raw_cache: Path) -> None:
    opened()
    (standing,) = standing_packs(raw_cache)
    with alone(lock_of(raw_cache, standing.name), lambda: None):
        with pytest.raises(StorageError, match="a process fills or verifies it just now"):
            remove(standing)
        assert verify(standing).busy


def test_too_small_a_disk_is_refused_before(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    free = filling.SPARE + 6 * 429 - 1
    monkeypatch.setattr(filling.shutil, "disk_usage", lambda _folder: type("Usage", (), {"free": free}))
    with pytest.raises(StorageError, match=r"needs 2\.6 kB for 6 images.*67\.1 MB left.*GANSR_CACHE.*cache: none"):
        opened()
    free += 1
    assert opened().right()


@pytest.mark.parametrize("at", [1, 4])
def test_a_disk_that_gets_full(opened: Open, raw_cache: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Half of an image is written, then the disk takes no more."""
    written, original = [0], writing.write_all

    def write_all(file, parts) -> None:
        if len(parts[0]) == 429:
            written[0] += 1
            if written[0] == at:
                file.write(parts[0][:200])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(file, parts)

    monkeypatch.setattr(writing, "write_all", write_all)
    with pytest.raises(StorageError, match=r"the disk is full \(No space left on device\).*goes on from there"):
        opened(threads=1)
    (standing,) = standing_packs(raw_cache)
    assert len(standing.contents.entries) == at - 1 and standing.held == (at - 1) * 429
    found = opened()
    assert len(found.decoded) == 7 - at and found.right()


def test_a_journal_that_cannot_be_written(opened: Open, monkeypatch: pytest.MonkeyPatch, raw_cache: Path) -> None:
    opened(threads=1)
    (standing,) = standing_packs(raw_cache)
    journal = standing.folder / "index.jsonl"
    before, original = journal.read_bytes(), writing.write_all

    def write_all(file, parts) -> None:
        if bytes(parts[0]).endswith(b'["dropped","3.png"]\n'):
            file.write(parts[0][:9])
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        original(file, parts)

    monkeypatch.setattr(writing, "write_all", write_all)
    with (
        pytest.raises(StorageError, match="Disk quota exceeded"),
        writing.Writer(standing.folder, read_journal(journal)) as writer,
    ):
        writer.say("dropped", "3.png")
    assert journal.read_bytes() == before


def test_a_limit_of_the_system(folder: Path, raw_cache: Path, opened: Open) -> None:
    """A real error of a real write: files may have 1500 bytes, three images of 429."""
    for number in range(6, 9):
        save(folder / f"{number}.png", number)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, hard))
    try:
        with pytest.raises(StorageError, match=r"the disk is full \(File too large\)"):
            opened(threads=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    (standing,) = standing_packs(raw_cache)
    assert 1 <= len(standing.contents.entries) <= 3
    found = opened()
    assert len(found.decoded) == 9 - len(standing.contents.entries) and found.right()


def test_a_real_disk_that_is_full(
    folder: Path, small_disk: Path, no_room_needed: None, worth_the_trouble: None
) -> None:
    for number in range(8):
        save(folder / f"large_{number}.png", number, 256, 256)
    with pytest.raises(StorageError, match=r"the disk is full \(No space left on device\)"):
        Opened(folder, small_disk / "cache", threads=1)
    (standing,) = standing_packs(small_disk / "cache")
    kept = [name for name in standing.contents.entries if name.startswith("large")]
    assert len(kept) == 5  # of 196,608 bytes each, on a disk of 1,048,576
    for name in kept:
        (folder / name).unlink()
    again = Opened(folder, small_disk / "cache", threads=1)
    assert again.right() and sorted(again.decoded) == ["large_5.png", "large_6.png", "large_7.png"]


def test_a_cache_that_may_not_be_written(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match=r"the raw cache cannot be written.*GANSR_CACHE"):
        Opened(folder, tmp_path / "file" / "cache")


def test_the_lock_of_a_killed_process_is_free(raw_cache: Path) -> None:
    raw_cache.mkdir()
    program = (
        "import sys, time, filelock\nlock = filelock.FileLock(sys.argv[1])\nlock.acquire()\n"
        "print(1, flush=True)\ntime.sleep(60)"
    )
    lock = raw_cache / "one.lock"
    process = subprocess.Popen([sys.executable, "-c", program, str(lock)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate()
    begin = time.monotonic()
    with alone(lock, lambda: pytest.fail("waits")):
        assert time.monotonic() - begin < 4
