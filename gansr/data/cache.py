"""Decoded images, kept in memory up to a limit."""

from pathlib import Path

import numpy as np

from gansr.data.images import read_image


class ImageCache:
    """Keep the first images that are read, up to `megabytes` (10^6 bytes); decode all others each time.

    Nothing is thrown out: images are asked for in random order, each once in an epoch, so whatever is kept
    is as good as anything else. Every loader process fills a cache of its own.
    """

    def __init__(self, megabytes: int = 512):
        self.free = megabytes * 1_000_000
        self.images: dict[Path, np.ndarray] = {}

    def read(self, path: Path) -> np.ndarray:
        """The image as `read_image` returns it, but not to be written to."""
        if path in self.images:
            return self.images[path]
        image = read_image(path)
        if image.nbytes <= self.free:
            self.free -= image.nbytes
            image.flags.writeable = False
            self.images[path] = image
        return image
