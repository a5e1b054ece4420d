"""Cosine transforms of 8x8 blocks, from which noise and compression are measured. All numbers are levels of 255."""

import math

import numpy as np

SIDE = 8
LUMA = np.array((0.299, 0.587, 0.114))  # JFIF 1.02, what JPEG calls Y


def luma(levels: np.ndarray) -> np.ndarray:
    """Y of JPEG: (H, W, 3) becomes (H, W)."""
    return levels @ LUMA


def cosines() -> np.ndarray:
    """The orthonormal DCT-II of 8 numbers, (8, 8): white noise has the same variance before and after."""
    places, waves = np.arange(SIDE) + 0.5, np.arange(SIDE)[:, None]
    matrix = np.cos(math.pi / SIDE * waves * places) / 2
    matrix[0] /= math.sqrt(2)
    return matrix


def transformed(plane: np.ndarray, offset: tuple[int, int] = (0, 0), stride: int = SIDE) -> np.ndarray:
    """Every block whose corner lies at `offset` plus multiples of `stride`: (H, W) becomes (blocks, 8, 8).

    Rows of a result are vertical frequencies, columns horizontal ones.
    """
    blocks = np.lib.stride_tricks.sliding_window_view(plane[offset[0] :, offset[1] :], (SIDE, SIDE))
    matrix = cosines()
    return matrix @ blocks[::stride, ::stride].reshape(-1, SIDE, SIDE) @ matrix.T


def band(lowest: int, highest: int) -> np.ndarray:
    """Where the sum of both frequencies lies between these, both included: (8, 8) of booleans."""
    total = np.arange(SIDE)[:, None] + np.arange(SIDE)
    return (total >= lowest) & (total <= highest)
