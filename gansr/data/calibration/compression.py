"""JPEG's quality, 1 to 100: from the tables in a file, or from the pixels that decoding left.

Qualities are those of the Independent JPEG Group's library, whose tables nearly every program takes. Of other tables
the nearest is meant.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from gansr.data.calibration.blocks import SIDE, band, luma, transformed
from gansr.imaging.jpeg import CHROMA, LUMA

ROUNDING = 0.35  # standard deviation of a decoded coefficient: its pixels were rounded to 8 bits in R, G and B
STRAY = 0.05  # share of coefficients that something else has moved: clipping, colour at half resolution
SILENT = 1.5  # smaller coefficients are multiples of every step, and of none
EVIDENCE = 0.1  # mean logarithm of the likelihood ratio, against no compression, from which on we believe it
FEWEST = 150  # coefficients, from which on we say anything
ENOUGH = 3000  # coefficients, beyond which more of them only take time
MIDDLE = 128  # pixels, of which blocks are sought


@dataclass(frozen=True)
class Compression:
    """What is known of an image's compression."""

    quality: int
    offset: tuple[int, int] = (0, 0)  # of the first whole block: rows, columns


def luma_table(quality: int) -> np.ndarray:
    """Steps of luma at a quality, (8, 8): ITU-T T.81, table K.1, scaled as libjpeg does."""
    return _scaled(LUMA, quality)


def chroma_table(quality: int) -> np.ndarray:
    """The same of colour: table K.2."""
    return _scaled(CHROMA, quality)


def _scaled(steps: tuple[tuple[int, ...], ...], quality: int) -> np.ndarray:
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((np.array(steps) * percent + 50) // 100).clip(1, 255)


TABLES = np.stack([luma_table(quality) for quality in range(1, 101)])


def quality_of_file(path: Path) -> int | None:
    """From the table of luma in a JPEG file's header; None for other files. The caller has read the file before."""
    with Image.open(path) as image:
        tables = getattr(image, "quantization", None)
    if not tables:
        return None
    steps = np.array(tables[min(tables)], float).reshape(SIDE, SIDE)
    # Nearest in proportion: tables of different qualities are nearly multiples of each other.
    return int(np.abs(np.log(TABLES / steps)).mean((1, 2)).argmin()) + 1


def find_compression(levels: np.ndarray, search: bool = True) -> Compression | None:
    """Quality and place of the blocks, by the likelihood of the coefficients; None where there is no trace.

    Coded coefficients are multiples of a table's steps, and each quality has a table. The likelihood of coefficients
    under a quality, against that of smoothly distributed ones, tells both whether and how. Beyond a quality of
    about 97 steps are too fine to be seen.

    Args:
        levels: (H, W, 3)
        search: look for blocks that do not begin at the corner too, as those of images that were cut
    """
    found = _best(levels, [(0, 0)], 6, ENOUGH)
    if found is None and search:
        height, width = ((side - MIDDLE) // 2 // SIDE * SIDE for side in levels.shape[:2])
        middle = levels[max(0, height) :, max(0, width) :][:MIDDLE, :MIDDLE]
        elsewhere = _best(middle, [(row, column) for row in range(SIDE) for column in range(SIDE)], 3, ENOUGH // 4)
        found = _best(levels, [elsewhere.offset], 6, ENOUGH) if elsewhere else None
    return found


def _best(levels: np.ndarray, offsets: list[tuple[int, int]], highest: int, most: int) -> Compression | None:
    plane, clipped = luma(levels), ((levels <= 0) | (levels >= 255)).any(2).astype(float)
    found = []
    for offset in offsets:
        likelihoods = _likelihoods(plane, clipped, offset, band(1, highest), most)
        found.append((float(likelihoods.max()), -len(found), int(likelihoods.argmax()) + 1, offset))
    evidence, _, quality, offset = max(found)
    varied = evidence > EVIDENCE and _varied(transformed(plane, offset), luma_table(quality))
    return Compression(quality, offset) if varied else None


def _varied(blocks: np.ndarray, steps: np.ndarray) -> bool:
    """Whether coefficients are several multiples of the steps: in drawn ramps all blocks are alike, and fit some."""
    multiples = np.round(blocks / steps)[:, band(1, 6) & (steps > SILENT)]  # (N, frequencies)
    different = 0
    for column in multiples.T[:12]:
        _, counts = np.unique(column[column != 0], return_counts=True)
        different += int(len(counts) > 1 and counts.sum() - counts.max() >= 5)
    return different >= 2


def _likelihoods(
    plane: np.ndarray, clipped: np.ndarray, offset: tuple[int, int], frequencies: np.ndarray, most: int
) -> np.ndarray:
    """Mean log likelihood ratio of each quality: (100,); zeros where too little can be seen."""
    whole = transformed(clipped, offset)[:, 0, 0] == 0  # decoding moved the other blocks further than by rounding
    blocks = transformed(plane, offset)[whole]
    places = np.nonzero((np.abs(blocks) > SILENT) & frequencies)
    if len(places[0]) < FEWEST:
        return np.zeros(len(TABLES))
    places = tuple(axis[:: len(places[0]) // most + 1] for axis in places)
    values, steps = blocks[places], TABLES[:, places[1], places[2]].astype(float)
    distance = values - steps * np.round(values / steps)
    peak = steps * np.exp(-((distance / ROUNDING) ** 2) / 2) / (ROUNDING * np.sqrt(2 * np.pi))
    # Of steps near the rounding, peaks overlap to a plain: they say nothing.
    return np.where(steps < 4 * ROUNDING, 0, np.log(STRAY + (1 - STRAY) * peak)).mean(1)
