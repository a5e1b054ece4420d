"""Decoded images, kept in memory up to a limit, for all threads of a process."""

import threading
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from gansr.data.files.images import read_image


class Decoded:
    """An `ImageSource` that keeps the first images that are read, up to `megabytes` (10^6 bytes), and the newest.

    The first ones are never thrown out: images are asked for in random order, each once in an epoch, so whatever is
    kept is as good as anything else. Of the others the `recent` last ones that were asked for are kept, for several
    crops of each image, and the last one of each thread. What two threads ask for at the same time is decoded once.
    """

    def __init__(self, megabytes: int = 512, recent: int = 0):
        self.free, self.most = megabytes * 1_000_000, recent
        self.images: dict[Path, np.ndarray] = {}
        self.recent: dict[Path, np.ndarray] = {}  # the one asked for last at the end
        self.under_way: dict[Path, Future[np.ndarray]] = {}
        self.lock = threading.Lock()  # of all the above; never held while an image is decoded
        self.latest = threading.local()  # of each thread, so that shape and window of one image decode it once

    def read(self, file: Path) -> np.ndarray:
        """The image as `read_image` returns it, but not to be written to."""
        if getattr(self.latest, "file", None) == file:
            return self.latest.image
        with self.lock:
            if (image := self._kept(file)) is not None:
                return image
            mine = file not in self.under_way
            decoding = self.under_way.setdefault(file, Future())
        if mine:
            self._decode(file, decoding)
        self.latest.image = decoding.result()
        self.latest.file = file
        return self.latest.image

    def shape(self, file: Path) -> tuple[int, int, int]:
        """As `ImageSource` has it; this one decodes the image."""
        height, width, channels = self.read(file).shape
        return height, width, channels

    def window(self, file: Path, top: int, left: int, height: int, width: int) -> np.ndarray:
        """As `ImageSource` has it: a view."""
        return self.read(file)[top : top + height, left : left + width]

    def _kept(self, file: Path) -> np.ndarray | None:
        if file in self.images:
            return self.images[file]
        if (image := self.recent.pop(file, None)) is not None:
            self.recent[file] = image
        return image

    def _decode(self, file: Path, decoding: Future[np.ndarray]) -> None:
        """Decode for whoever waits; an error is theirs too."""
        try:
            image = read_image(file)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the result is asked for
            with self.lock:
                del self.under_way[file]
            decoding.set_exception(error)
            return
        image.flags.writeable = False
        with self.lock:
            self._keep(file, image)
            del self.under_way[file]
        decoding.set_result(image)

    def _keep(self, file: Path, image: np.ndarray) -> None:
        if image.nbytes <= self.free:
            self.free -= image.nbytes
            self.images[file] = image
        elif self.most:
            self.recent[file] = image
            while len(self.recent) > self.most:
                del self.recent[next(iter(self.recent))]
