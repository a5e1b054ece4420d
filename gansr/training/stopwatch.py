"""Seconds per training step, without the time that validation and saving take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Laps between log lines; `paused()` stops the clock."""

    def __init__(self, step: int, clock: Callable[[], float] = time.perf_counter) -> None:
        self.step, self.clock, self.since = step, clock, clock()

    def lap(self, step: int) -> float:
        """Mean seconds per step since the last lap."""
        now = self.clock()
        seconds = (now - self.since) / max(step - self.step, 1)
        self.step, self.since = step, now
        return max(seconds, 1e-9)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The time spent inside does not count."""
        start = self.clock()
        try:
            yield
        finally:
            self.since += self.clock() - start
