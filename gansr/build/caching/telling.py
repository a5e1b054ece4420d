"""What people see of the cache while it is filled: a bar on a terminal, a line now and then in a file."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SELDOM = 30.0  # seconds between lines


class Telling:
    """A `Watcher` for people. With `visible=False` (all processes but the first) it does not say that it waits.

    Of several processes that start together any may be the one that decodes; of those that wait one is enough to hear.
    """

    def __init__(self, visible: bool = True):
        self.console = Console(highlight=False, soft_wrap=True)
        self.visible, self.waited = visible, -SELDOM

    def say(self, text: str) -> None:
        """One line."""
        self.console.print(text, markup=False)

    def wait(self, text: str) -> None:
        """One line now, and another one after a while."""
        if self.visible and time.monotonic() - self.waited > SELDOM:
            self.waited = time.monotonic()
            self.say(text)

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
