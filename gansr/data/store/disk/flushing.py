"""Having the disk write what was written, beside whoever goes on writing."""

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

EVERY = 2**26  # bytes: what is left to be waited for at the end, if the disk is quick enough


class Flusher:
    """One thread that waits for the disk. A file's bytes are certain once what `begin` was told is in `certain`."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1)
        self.waiting: deque[tuple[Future[None], BinaryIO, int | None]] = deque()

    def begin(self, file: BinaryIO, ended: int | None = None) -> None:
        """Have the disk write a file. With the number of a shard that has ended, the file is closed after that."""
        self.waiting.append((self.pool.submit(os.fsync, file.fileno()), file, ended))

    @property
    def idle(self) -> bool:
        """Is there nothing to wait for?"""
        return not self.waiting

    def certain(self, wait: bool = False) -> list[int]:
        """Numbers of ended shards that the disk has now, in order. Raises OSError if the disk refuses."""
        found = []
        while self.waiting and (wait or self.waiting[0][0].done()):
            flushed, file, ended = self.waiting[0]
            flushed.result()
            self.waiting.popleft()
            if ended is not None:
                file.close()
                found.append(ended)
        return found

    def close(self) -> None:
        """End the thread, and close files that were handed over."""
        self.pool.shutdown()
        for _, file, ended in self.waiting:
            if ended is not None:
                file.close()
