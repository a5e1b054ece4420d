"""Damage within a JPEG file that its decoder passes over in silence.

A wrong byte makes the decoder lose its place: from there on, blocks are those of elsewhere, or have another brightness.
So there is a step along a row of blocks, from the damage to the right, and from the left to the damage a row below.
"""

import numpy as np

from gansr.data.calibration.blocks import SIDE, luma

STEP = 6.0  # levels, by which two rows differ more than rows near them
TORN = 0.62  # share of an image's width along which they have to: 200 photos have 0.58 at most
VARIED = 2.0  # levels: standard deviation of rows on both sides of a tear, or it is the edge of a frame


def torn(image: np.ndarray) -> tuple[float, int]:
    """The longest step as a share of the width, and about the row where it is. uint8 (H, W, C)."""
    plane = luma(image.astype(np.float32)) if image.shape[2] == 3 else image[..., 0].astype(np.float32)
    height, width = plane.shape
    rows = np.arange(SIDE, height - SIDE, SIDE)
    if len(rows) < 4 or width < 4 * SIDE:
        return 0.0, 0
    change = np.abs(np.diff(plane, axis=0))
    step = change[rows - 1] - np.maximum(change[rows - 2], change[rows])
    whole = width // SIDE * SIDE
    blocks = np.median(step[:, :whole].reshape(len(rows), -1, SIDE), 2) > STEP
    varied = np.minimum(plane[rows - 1].std(1), plane[rows].std(1)) > VARIED
    blocks &= varied[:, None]
    best = (0.0, 0)
    for beyond in (1, 2):  # blocks have 8 rows, or with colour at half the resolution 16
        right, left = blocks[:-beyond], blocks[beyond:]
        start = np.zeros((len(right), 1))
        before = np.concatenate([start, np.cumsum(left, 1)], 1)
        after = np.concatenate([start, np.cumsum(right[:, ::-1], 1)], 1)[:, ::-1]
        share = (before + after).max(1) / blocks.shape[1]
        place = int(share.argmax())
        best = max(best, (float(share[place]), int(rows[place])))
    return best
