"""Decoded images, kept in memory up to a limit."""

import threading
from pathlib import Path

import numpy as np

from gansr.data.files.images import read_image


class Decoded:
    """An `ImageSource` that keeps the first images that are read, up to `megabytes` (10^6 bytes); and the latest one.

    Nothing else is thrown out: images are asked for in random order, each once in an epoch, so whatever is kept
    is as good as anything else. Every loader process fills a memory of its own.
    """

    def __init__(self, megabytes: int = 512):
        self.free = megabytes * 1_000_000
        self.images: dict[Path, np.ndarray] = {}
        self.latest = threading.local()  # of each thread, so that shape and window of one image decode it once

    def read(self, file: Path) -> np.ndarray:
        """The image as `read_image` returns it, but not to be written to."""
        if file in self.images:
            return self.images[file]
        if getattr(self.latest, "file", None) == file:
            return self.latest.image
        image = read_image(file)
        image.flags.writeable = False
        self.latest.file, self.latest.image = file, image
        if image.nbytes <= self.free:
            self.free -= image.nbytes
            self.images[file] = image
        return image

    def shape(self, file: Path) -> tuple[int, int, int]:
        """As `ImageSource` has it; this one decodes the image."""
        height, width, channels = self.read(file).shape
        return height, width, channels

    def window(self, file: Path, top: int, left: int, height: int, width: int) -> np.ndarray:
        """As `ImageSource` has it: a view."""
        return self.read(file)[top : top + height, left : left + width]
