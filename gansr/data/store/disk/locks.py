"""Who may change a pack, and whether anybody reads it. The system lets go of the locks of a process that ends."""

import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from gansr.errors import StorageError

try:
    import fcntl
except ImportError:  # Windows, where nobody can remove a file that somebody has open
    fcntl = None

OFTEN = 5.0  # seconds between two words to those who wait


@contextmanager
def alone(lock: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Wait until nobody else changes the pack, and keep others from it.

    Args:
        lock: a file for it, in a folder that is there
        waiting: called now and then while another process has it
    """
    held = FileLock(lock)
    while not held.is_locked:
        try:
            held.acquire(timeout=OFTEN, poll_interval=0.05)
        except Timeout:
            waiting()
    try:
        yield
    finally:
        held.release()


@contextmanager
def if_free(lock: Path) -> Iterator[bool]:
    """As `alone`, but without waiting: False where another process changes the pack just now.

    Raises:
        StorageError: whoever asks may not lock it.
    """
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        yield False
        return
    except OSError as error:
        raise StorageError(f"{lock} cannot be locked: {error.strerror}.") from error
    try:
        yield True
    finally:
        held.release()


class Reading:
    """Somebody reads a pack: as long as this object lives, in this process or in those that it forked."""

    def __init__(self, file: Path):
        self.file = file
        self._begin()

    def _begin(self) -> None:
        if fcntl is not None:
            descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o644)
            weakref.finalize(self, os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_SH)

    def __getstate__(self) -> Path:
        return self.file

    def __setstate__(self, file: Path) -> None:
        self.file = file
        self._begin()


@contextmanager
def nobody_reads(file: Path) -> Iterator[bool]:
    """Is nobody `Reading` by this file? If so, nobody begins to before the end of the block."""
    if fcntl is None:
        yield True
        return
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)
