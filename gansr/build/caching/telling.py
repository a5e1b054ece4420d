"""What people see of the cache while it is filled: a bar on a terminal, a line now and then in a file."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SELDOM = 30.0  # seconds between lines


class Telling:
    """A `Watcher` for people. With `visible=False` (all processes but the first) only a process that decodes is seen.

    Several processes may start at once, and any of them may be the one that decodes; but one is enough to say that
    it waits.
    """

    def __init__(self, visible: bool = True):
        self.console = Console(highlight=False, soft_wrap=True)
        self.visible = visible

    def say(self, text: str) -> None:
        """One line."""
        if self.visible or not text.startswith("Waiting"):
            self.console.print(text, markup=False)

    @contextmanager
    def progress(self, title: str, images: int) -> Iterator[Callable[[], None]]:
        """A bar, or lines that grow."""
        if not self.console.is_terminal:
            yield _lines(self, title, images)
            return
        columns = TextColumn("[bold]{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn()
        with Progress(*columns, TimeRemainingColumn(), console=self.console) as bar:
            task = bar.add_task(title, total=images)
            yield lambda: bar.advance(task)


def _lines(telling: Telling, title: str, images: int) -> Callable[[], None]:
    done, said = 0, time.monotonic()

    def advance() -> None:
        nonlocal done, said
        done += 1
        if time.monotonic() - said > SELDOM or (done == images and images > 1):
            said = time.monotonic()
            telling.say(f"{title}: {done} of {images} images decoded")

    return advance
