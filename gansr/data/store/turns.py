"""How far a process is that fills a pack, in a file for those that wait for it."""

import json
import os
import socket
import time
from pathlib import Path
from types import TracebackType

NAME = "filling.json"
EVERY = 1.0  # seconds


class Turn:
    """A process fills a pack."""

    def __init__(self, folder: Path, images: int):
        self.file, self.images, self.done, self.said = folder / NAME, images, 0, 0.0

    def __enter__(self) -> "Turn":
        self._say()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.file.unlink(missing_ok=True)

    def advance(self) -> None:
        """One more image is done."""
        self.done += 1
        if time.monotonic() - self.said > EVERY:
            self._say()

    def _say(self) -> None:
        self.said = time.monotonic()
        found = {"process": os.getpid(), "host": socket.gethostname(), "done": self.done, "images": self.images}
        text = json.dumps(found)
        unfinished = self.file.with_suffix(".unfinished")
        try:
            unfinished.write_text(text, "utf-8")
            unfinished.replace(self.file)
        except OSError:
            unfinished.unlink(missing_ok=True)  # only those who wait would have read it; what counts is said elsewhere


def whose_turn(folder: Path) -> str:
    """The process that fills a pack and how far it is, as the end of a sentence."""
    try:
        found = json.loads((folder / NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return "another process looks through it"
    return (
        f"process {found['process']} on {found['host']} fills it, {found['done']} of {found['images']} images are done"
    )
