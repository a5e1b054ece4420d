"""Who is told what the cache does: it prints nothing itself."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Watcher(Protocol):
    """Somebody who is told."""

    def say(self, text: str) -> None:
        """One sentence or more."""
        ...

    def wait(self, text: str) -> None:
        """For what this process waits, which others may wait for too; said again now and then."""
        ...

    def progress(self, title: str, images: int) -> AbstractContextManager[Callable[[], None]]:
        """What is called for each image that is done."""
        ...


class Silent:
    """A `Watcher` who keeps it all to himself."""

    def say(self, text: str) -> None:
        """Nothing."""

    def wait(self, text: str) -> None:
        """Nothing."""

    def progress(self, title: str, images: int) -> AbstractContextManager[Callable[[], None]]:
        """Counts nothing."""
        return nullcontext(lambda: None)
