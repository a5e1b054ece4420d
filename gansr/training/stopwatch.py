"""Seconds per training step, without the time that validation and saving take, and those spent waiting for data."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Laps between log lines; `paused()` stops the clock. `waiting` is how much of the last one was for data."""

    def __init__(self, step: int, clock: Callable[[], float] = time.perf_counter) -> None:
        self.step, self.clock, self.since = step, clock, clock()
        self.waits = 0.0  # seconds since the last lap
        self.waiting = 0.0  # of these, seconds of each step of the last lap
        self.length = 0.0  # of the last lap, in seconds

    def lap(self, step: int) -> float:
        """Mean seconds per step since the last lap."""
        now = self.clock()
        steps, self.length = max(step - self.step, 1), now - self.since
        seconds, self.waiting = self.length / steps, self.waits / steps
        self.step, self.since, self.waits = step, now, 0.0
        return max(seconds, 1e-9)

    def waited(self, seconds: float) -> None:
        """The loop had to wait for its data so long."""
        self.waits += seconds

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The time spent inside does not count."""
        start = self.clock()
        try:
            yield
        finally:
            self.since += self.clock() - start
