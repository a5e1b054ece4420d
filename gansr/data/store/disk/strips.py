"""How an image lies in a file of raw bytes: strips of columns one after another, each row by row.

A crop touches one or two strips, and in each its rows are one range of bytes. Whole rows of a wide image would be
many times as many bytes as the crop.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

COLUMNS = 256
"""In a strip, the last one may have fewer: twice a usual crop with what lies around it, so most crops touch one."""

Shape = tuple[int, int, int]
"""(H, W, C)."""


class Part(NamedTuple):
    """The rows of a window that lie in one strip."""

    start: int  # of the bytes, counted from the image's first one
    columns: int  # of the strip, all of which are read
    first: int  # column of the strip where the window begins
    end: int  # the column after its last one


def in_strips(image: np.ndarray) -> list[np.ndarray]:
    """The strips of uint8 (H, W, C), each contiguous, (H, w, C)."""
    return [np.ascontiguousarray(image[:, left : left + COLUMNS]) for left in range(0, image.shape[1], COLUMNS)]


def parts(shape: Shape, top: int, left: int, width: int) -> Iterator[Part]:
    """Where the bytes of a window begin, strip after strip, from left to right.

    Args:
        shape: of the image
        top: first row of the window
        left: first column
        width: of the window, which lies within the image
    """
    height, columns, channels = shape
    for strip in range(left // COLUMNS, (left + width - 1) // COLUMNS + 1):
        begins = strip * COLUMNS
        wide = min(COLUMNS, columns - begins)
        first, end = max(left - begins, 0), min(left + width - begins, wide)
        yield Part((begins * height + top * wide) * channels, wide, first, end)
