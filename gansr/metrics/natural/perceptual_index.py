"""The perceptual index of the PIRM challenge, for those who have Ma's scores."""

import csv
import json
import math
from pathlib import Path

from torch import Tensor

from gansr.errors import DataError
from gansr.metrics.natural.niqe import NIQE


class PerceptualIndex:
    """Perceptual index of PIRM 2018, ((10 - Ma) + NIQE) / 2, without ground truth; lower is better.

    Blau et al. 2018. Ma's score (Ma et al. 2017) comes from its authors' MATLAB code, which is not here: run it on the
    images that are to be judged and give its scores by file. They belong to one network's results, so evaluate one
    network at a time. NIQE is computed here as the challenge did: 8-bit Y without a border of `scale`.

    Args:
        scale: the magnification, the border if that is null
        weights: path of NIQE's model of undistorted photos, as for `niqe`
        ma: path of Ma's scores of the judged images, .json: {"name": score}, or .csv: lines of name,score. Names are
            the images' in the set, with or without their ending
        border: pixels cut off each side; null: the scale, as the challenge did for x4

    Raises:
        DataError: the file of scores cannot be read.
        WeightsError: NIQE's file is missing or holds something else.
    """

    higher_is_better = False
    unit = ""
    format = ".3f"
    needs_hr = False

    def __init__(self, scale: int, weights: str, ma: str, border: int | None = None) -> None:
        self.niqe = NIQE(scale, weights, "y", border)
        self.file, self.scores = ma, read_scores(Path(ma))
        self.protocol = f"PI, ((10 - Ma) + NIQE) / 2, Ma from {Path(ma).name}; {self.niqe.protocol}"

    def __call__(self, sr: Tensor, hr: Tensor | None = None, *, name: str) -> float:
        """PI of a uint8 image (1 or 3, H, W) by its name in the set, whatever `hr` is.

        Raises:
            DataError: there is no score of that name, or the image is too small for NIQE.
        """
        if name not in self.scores:
            known = ", ".join(list(self.scores)[:3])
            raise DataError(f"{self.file}: there is no Ma score of '{name}' (the first that are there: {known}).")
        return ((10 - self.scores[name]) + self.niqe(sr)) / 2


def read_scores(path: Path) -> dict[str, float]:
    """Scores by name without ending, of a .json or .csv file.

    Raises:
        DataError: no such file, or one that holds something else.
    """
    try:
        text = path.read_text("utf-8-sig")
        found = json.loads(text) if path.suffix == ".json" else dict(_rows(text))
        scores = {_plain(name): float(value) for name, value in found.items()}
    except OSError as error:
        raise DataError(f"{path}: Ma's scores cannot be read: {(error.strerror or str(error)).lower()}.") from None
    except (ValueError, TypeError, AttributeError) as error:  # another format, or what is no number
        reason = str(error).splitlines()[0]
        raise DataError(
            f'{path}: these are not scores by name ({reason}). Expected .json, {{"name": score}}, or .csv, name,score.'
        ) from None
    if not scores or not all(math.isfinite(score) and 0 <= score <= 10 for score in scores.values()):
        raise DataError(f"{path}: expected Ma's scores, from 0 to 10, of one image or more.")
    if len(scores) < len(found):
        raise DataError(f"{path}: several scores have one name when endings are left out.")
    return scores


def _rows(text: str) -> list[tuple[str, str]]:
    """Name and score of each line of CSV; a first line without a number is a heading."""
    rows = [tuple(cell.strip() for cell in row) for row in csv.reader(text.splitlines()) if row]
    if rows and len(rows[0]) == 2 and not _is_number(rows[0][1]):
        rows = rows[1:]
    if wrong := [row for row in rows if len(row) != 2]:
        raise ValueError(f"a line has {len(wrong[0])} cells")
    if len({row[0] for row in rows}) < len(rows):
        raise ValueError("a name is there twice")
    return [(row[0], row[1]) for row in rows]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _plain(name: str) -> str:
    """The name without the ending of an image."""
    path = Path(name)
    return (path.with_suffix("") if path.suffix.lower() in IMAGES else path).as_posix()


IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
