"""Which part of a large image the page shows."""

from dataclasses import dataclass

import numpy as np

SIDE = 384  # pixels of HR: a lossless picture of them takes about 200 kB
STRIDE = 16  # pixels between two windows that are compared


@dataclass(frozen=True)
class Window:
    """A part of an image; all numbers are pixels, and multiples of the scale."""

    top: int
    left: int
    height: int
    width: int

    def cut(self, image: np.ndarray, scale: int = 1) -> np.ndarray:
        """That part of an image which is smaller by `scale`, (H, W, C)."""
        top, left, height, width = (one // scale for one in (self.top, self.left, self.height, self.width))
        return image[top : top + height, left : left + width]


def most_detail(image: np.ndarray, scale: int, side: int = SIDE) -> Window | None:
    """Where an image has most to show: the window with the largest differences between neighbours.

    Args:
        image: uint8 (H, W, C)
        scale: windows begin and end at multiples of it
        side: the longest side of a window

    Returns:
        None for an image that fits as a whole.
    """
    height, width = image.shape[:2]
    if max(height, width) <= side:
        return None
    side -= side % scale
    tall, wide = (min(one - one % scale, side) for one in (height, width))
    step = scale * max(1, STRIDE // scale)
    sums = _summed(_detail(image))
    places = [(top, left) for top in range(0, height - tall + 1, step) for left in range(0, width - wide + 1, step)]
    top, left = max(places, key=lambda place: _inside(sums, *place, tall, wide))
    return Window(top, left, tall, wide)


def _detail(image: np.ndarray) -> np.ndarray:
    """|differences| to the pixels below and to the right: float64 (H, W)."""
    grey = image.astype(np.float64).mean(axis=2)
    down, right = np.abs(np.diff(grey, axis=0, append=grey[-1:])), np.abs(np.diff(grey, axis=1, append=grey[:, -1:]))
    return down + right


def _summed(values: np.ndarray) -> np.ndarray:
    """Sums over everything above and to the left: (H, W) -> (H + 1, W + 1)."""
    return np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))


def _inside(sums: np.ndarray, top: int, left: int, height: int, width: int) -> float:
    below, beyond = top + height, left + width
    return float(sums[below, beyond] - sums[top, beyond] - sums[below, left] + sums[top, left])
