"""How much each pixel of a training image matters: grey images beside it, or the parts of a face.

A map is uint8 (H, W) of the size of its image; 255 is full importance, 0 none.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from gansr.data.files.folders import image_sizes, same_names
from gansr.data.files.images import read_as_stored
from gansr.data.sets.landmarks import PARTS_68, read_landmarks
from gansr.errors import DataError

FLOOR = 0.2
"""Importance of what is no facial component: less than all, and not nothing, which would leave it unlearned."""


class MapSource(Protocol):
    """Where maps come from."""

    def of(self, file: Path, height: int, width: int) -> np.ndarray:
        """The map of an HR file, uint8 (height, width), not to be written to; that is the file's size."""
        ...


class MapFiles:
    """Maps that are images: HR file -> file of its map."""

    def __init__(self, maps: Mapping[Path, Path]):
        self.maps = dict(maps)

    def of(self, file: Path, height: int, width: int) -> np.ndarray:
        """The map as it is stored. Raises DataError for one with colours or of another size."""
        levels = read_as_stored(self.maps[file])
        if levels.shape[:2] != (height, width) or (levels != levels[..., :1]).any():
            raise DataError(
                f"{self.maps[file]}: expected a grey image of {width}x{height} (width x height), the size of {file}; "
                f"found {levels.shape[1]}x{levels.shape[0]} and {levels.shape[2]} channels that differ or one."
            )
        return np.ascontiguousarray(levels[..., 0])


class LandmarkMaps:
    """Maps drawn from landmarks: HR file -> points (P, 2). `floor` is the importance outside the components."""

    def __init__(self, points: Mapping[Path, np.ndarray], floor: float = FLOOR):
        self.points, self.floor = dict(points), floor

    def of(self, file: Path, height: int, width: int) -> np.ndarray:
        """The map, drawn anew each time it is asked for."""
        return draw_importance(self.points[file], height, width, self.floor)


class Remembered:
    """Another source's maps, the first of them kept in memory up to `megabytes` (10^6 bytes)."""

    def __init__(self, source: MapSource, megabytes: int = 0):
        self.source, self.free = source, megabytes * 1_000_000
        self.maps: dict[Path, np.ndarray] = {}

    def of(self, file: Path, height: int, width: int) -> np.ndarray:
        """The map from memory, or from the source."""
        if file in self.maps:
            return self.maps[file]
        levels = self.source.of(file, height, width)
        if levels.nbytes <= self.free:
            self.free -= levels.nbytes
            levels.flags.writeable = False
            self.maps[file] = levels
        return levels


def draw_importance(points: np.ndarray, height: int, width: int, floor: float = FLOOR) -> np.ndarray:
    """Importance of a face's parts, uint8 (height, width): 255 on them, `floor` elsewhere, soft in between.

    Of 68 points, brows, nose, eyes and mouth are filled regions, a little wider than the landmarks; the jaw is
    none of them. Of any other number, each point is a spot. Widths are shares of the distance between the outer
    corners of the eyes, or else of the root of the area of the landmarks' box.
    """
    if len(points) == 68:
        unit = float(np.linalg.norm(points[36] - points[45]))
        regions = [points[part] for part in PARTS_68.values()]
    else:
        unit = float(np.sqrt(np.prod(np.ptp(points, axis=0))))
        regions = list(points[:, None])
    drawing = Image.new("L", (width, height))
    pen = ImageDraw.Draw(drawing)
    reach = 0.08 * unit
    for region in regions:
        outline = [(float(x), float(y)) for x, y in region]
        if len(outline) > 2:
            pen.polygon(outline, fill=255)
        pen.line([*outline, outline[0]], fill=255, width=max(1, round(2 * reach)))
        for x, y in outline:
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=255)
    soft = np.asarray(drawing.filter(ImageFilter.GaussianBlur(0.05 * unit)), dtype=np.float32)
    return (255 * floor + (1 - floor) * soft).round().astype(np.uint8)


def open_importance(
    path: Path, names: Mapping[Path, Path], where: str, floor: float = FLOOR, megabytes: int = 0
) -> MapSource:
    """The maps of HR files: a folder of grey images named like them, or a CSV of landmarks.

    `names` are those of the files (see `names_of`); extensions may differ in a folder of maps. `where`
    names the option in messages, for example "data.train.importance". Only headers of images are read here.
    Raises DataError for a file without a map or without landmarks, a map of another size than its image, and
    landmarks that lie outside their image.
    """
    if path.suffix.lower() == ".csv":
        source: MapSource = LandmarkMaps(_landmarks_of(path, names, where), floor)
    else:
        source = MapFiles(same_names(path, names, where))
    return Remembered(source, megabytes)


def _landmarks_of(path: Path, names: Mapping[Path, Path], where: str) -> dict[Path, np.ndarray]:
    """HR file -> its points: the line with its path, or else with its bare name if no other file has that."""
    landmarks, points, files = read_landmarks(path), {}, list(names)
    shared = Counter(name.name for name in names.values())
    for file, name in names.items():
        bare = landmarks.get(name.name) if shared[name.name] == 1 else None
        own = landmarks.get(name.as_posix(), bare)
        if own is not None:
            points[file] = own
    if alone := [str(file) for file in files if file not in points]:
        raise DataError(
            f"{where}: {path} has no line for {len(alone)} of {len(files)} HR images: {', '.join(alone[:3])}"
            f"{', ...' if len(alone) > 3 else ''}. Expected their names in its first column."
        )
    for file, (height, width) in zip(files, image_sizes(files), strict=True):
        inside = (points[file] >= 0) & (points[file] < (width, height))
        if not inside.all(axis=1).any():
            raise DataError(
                f"{where}: {file} is {width}x{height} (width x height), and none of its landmarks in {path} lies "
                "within it. They seem to belong to another size of this image."
            )
    return points
