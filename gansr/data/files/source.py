"""Where training sets get pixels from."""

from pathlib import Path
from typing import Protocol

import numpy as np


class ImageSource(Protocol):
    """Parts of images, by file: decoded as they are asked for, or raw bytes read from a cache.

    What it gives is, bit for bit, what `read_image` reads. Any number of threads may ask at the same time.
    """

    def shape(self, file: Path) -> tuple[int, int, int]:
        """(H, W, C) of an image; C = 1 for grey ones, else 3. Raises DataError for a file that cannot be read."""
        ...

    def window(self, file: Path, top: int, left: int, height: int, width: int) -> np.ndarray:
        """uint8 (height, width, C) that lie within the image, not to be written to. Raises DataError as `shape`."""
        ...
