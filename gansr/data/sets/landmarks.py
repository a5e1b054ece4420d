"""Facial landmarks: their files, the crops around them, and the heatmaps that stand for them.

Points are (P, 2) arrays of x and y in pixels; (0, 0) is the centre of the first pixel. 68 points are taken to
be those of iBUG 300-W (Sagonas et al. 2013) in their order: jaw, brows, nose, eyes, mouth.
"""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gansr.errors import DataError

Framing = Literal["tight", "fan"]
FRAMINGS: dict[str, tuple[float, float]] = {"tight": (1.3, 0.0), "fan": (2.05, 0.12)}
"""How much larger than the landmarks' box the crop is, and how far up its centre moves, in heights of that box."""

PARTS_68 = {
    "brow on the left": slice(17, 22),
    "brow on the right": slice(22, 27),
    "nose": slice(27, 36),
    "eye on the left": slice(36, 42),
    "eye on the right": slice(42, 48),
    "mouth": slice(48, 68),
}
"""Facial components by points; left and right are those of the picture."""

FLIP_68 = (
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1),
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,
    *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1),
)  # fmt: skip
"""Point i of a mirrored face is point FLIP_68[i] of the face."""


def read_landmarks(path: Path) -> dict[str, np.ndarray]:
    """The points (P, 2), float64, of each image of a CSV file.

    Its first line is image_name,part_0_x,part_0_y,part_1_x,... for any number of points, and every further
    line holds one image. Raises DataError, with the number of the line, for whatever is not so.
    """
    landmarks: dict[str, np.ndarray] = {}
    rows = _rows(path)
    _, header = next(rows, (0, []))
    points = _count_points(path, header)
    for line, row in rows:
        name, points_of_row = _parse(f"{path}, line {line}", row, points)
        if name in landmarks:
            raise DataError(f"{path}, line {line}: '{name}' has had a line before; expected one face for each image.")
        landmarks[name] = points_of_row
    if not landmarks:
        raise DataError(f"{path}: no landmarks follow the first line; expected one line for each image.")
    return landmarks


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(number of the line, cells) of every line that is not empty."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            for row in reader:
                if row:
                    yield reader.line_num, row
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}; expected a CSV of landmarks.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} is not a readable CSV of landmarks: {error}.") from error


def _count_points(path: Path, header: list[str]) -> int:
    """How many points the first line announces."""
    points = (len(header) - 1) // 2
    expected = ["image_name", *(f"part_{index}_{axis}" for index in range(points) for axis in "xy")]
    if points < 1 or [cell.strip() for cell in header] != expected:
        wrong = next((cell for cell, right in zip(header, expected, strict=False) if cell.strip() != right), "")
        found = f"'{wrong}'" if wrong else f"{len(header)} columns"
        raise DataError(
            f"{path}, line 1: found {found}; expected image_name,part_0_x,part_0_y,part_1_x,part_1_y and so on."
        )
    return points


def _parse(where: str, row: list[str], points: int) -> tuple[str, np.ndarray]:
    """The image's name and points of one line."""
    if len(row) != 1 + 2 * points:
        raise DataError(f"{where}: {len(row)} cells; expected {1 + 2 * points}: a name and {points} points.")
    try:
        values = np.array([float(cell) for cell in row[1:]])
    except ValueError as error:
        raise DataError(f"{where}: {error}; expected numbers of pixels.") from error
    if not np.isfinite(values).all():
        raise DataError(f"{where}: a coordinate is not finite; expected numbers of pixels.")
    return row[0].strip(), values.reshape(points, 2)


class Box(NamedTuple):
    """A square around a face, in pixels; its centre counts as points do."""

    x: float
    y: float
    side: float


def face_box(points: np.ndarray, framing: Framing = "tight") -> Box:
    """The square to cut around a face.

    "tight" is 1.3 times the longer side of the box around the landmarks, with the same centre. "fan" is how
    FAN (Bulat and Tzimiropoulos 2017) frames a face: 2.05 times, its centre moved up by 0.12 of the height. FAN
    measures that on the box of a face detector, for which the landmarks' box stands in here.
    """
    factor, up = FRAMINGS[framing]
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    side = factor * max(right - left, bottom - top, 1.0)
    return Box(float(left + right) / 2, float(top + bottom) / 2 - up * float(bottom - top), float(side))


def crop_face(image: np.ndarray, points: np.ndarray, box: Box, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut a square from uint8 (H, W, 3) and resize it to (size, size, 3), antialiased; the points (P, 2) follow.

    The border's pixels are repeated where the square reaches beyond the image.
    """
    height, width = image.shape[:2]
    left, top = box.x + 0.5 - box.side / 2, box.y + 0.5 - box.side / 2  # corners lie half a pixel before centres
    right, bottom = left + box.side, top + box.side
    # Four pixels more than the square: what the kernel reads beyond it is then there.
    rows = np.arange(math.floor(top) - 4, math.ceil(bottom) + 4).clip(0, height - 1)
    columns = np.arange(math.floor(left) - 4, math.ceil(right) + 4).clip(0, width - 1)
    x, y = left - math.floor(left) + 4, top - math.floor(top) + 4
    inside = (x, y, x + box.side, y + box.side)
    cut = Image.fromarray(image[rows][:, columns]).resize((size, size), Image.Resampling.BICUBIC, box=inside)
    return np.array(cut), (points + 0.5 - (left, top)) * (size / box.side) - 0.5


def flip_order(points: int) -> tuple[int, ...] | None:
    """The order of a mirrored face's points; None where it is not known, which is for all but 68 points."""
    return FLIP_68 if points == 68 else None


def heatmaps(points: Tensor, size: int, side: int, sigma: float) -> Tensor:
    """A Gaussian with peak 1 for each point: (B, P, 2) in pixels of a `size` x `size` image -> (B, P, side, side).

    `sigma` is in pixels of the heatmap. The peak lies where the point is, also between two pixels.
    """
    centres = (points + 0.5) * (side / size) - 0.5
    grid = torch.arange(side, device=points.device, dtype=points.dtype)
    across, down = ((grid - centres[..., axis, None]).square() / (-2 * sigma**2) for axis in (0, 1))
    return torch.exp(down)[..., :, None] * torch.exp(across)[..., None, :]
