"""Before the first step without pairs: in what do the two sides differ, and are they what they should be?

No ground truth is needed. HR is brought down by bicubic, so whatever differs then is what has to be learned; and what
does not differ, a discriminator cannot teach.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import numpy as np

from gansr.data.calibration.chart import spectra
from gansr.data.calibration.samples import Folder
from gansr.data.unpaired.look import Side, look_at

ALIKE = 0.99  # correlation of thumbnails, from which on two photos show the same
SURE = 2.5  # standard errors that a difference of two means is worth mentioning at
FEWEST = 3  # photos of a side, of which something is said about all others


@dataclass(frozen=True)
class Twins:
    """Photos that are on both sides, though in different files.

    Args:
        copies: real LR files that hold the same bytes as an HR file
        same_size: real LR photos that show what an HR photo shows, at the same size
        smaller: those that show it at another size
        example: one of any of them: real LR, HR
    """

    copies: int
    same_size: int
    smaller: int
    example: tuple[Path, Path] | None

    @property
    def count(self) -> int:
        """Real LR photos that have a twin."""
        return self.same_size + self.smaller


@dataclass(frozen=True)
class Difference:
    """Mean of real LR minus that of HR brought down, and how large it would become by chance among so few photos."""

    value: float
    chance: float

    def beyond(self, least: float) -> bool:
        """Is it more than chance, and more than that?"""
        return abs(self.value) > max(least, self.chance)


@dataclass(frozen=True)
class Audit:
    """The two sides, measured.

    Args:
        hr: sharp photos, brought down
        real_lr: the real side
        scale: of the run
        twins: what is on both sides
    """

    hr: Side
    real_lr: Side
    scale: int
    twins: Twins

    @property
    def measurable(self) -> bool:
        """Whether both sides have photos that show something."""
        return bool(self.hr.samples and self.real_lr.samples)

    def difference(self, name: str) -> Difference:
        """Of `brightness`, `contrast`, `noise`, or `fine`, in the units that `Side` has."""
        return _difference(getattr(self.hr, name), getattr(self.real_lr, name))

    def colour(self, channel: int) -> Difference:
        """Of the mean of red (0), green (1) or blue (2) from the mean of all three, levels."""
        one, other = (side.means - side.means.mean(1, keepdims=True) for side in (self.hr, self.real_lr))
        return _difference(one[:, channel], other[:, channel])

    @cached_property
    def folders(self) -> tuple[Folder, Folder]:
        """HR brought down, and real LR, as `data/calibration` sees them."""
        sharp = self.hr.samples
        return Folder(sharp, sharp), Folder(self.real_lr.samples, sharp)

    @property
    def blur(self) -> float:
        """Standard deviation in HR pixels of the Gaussian that blurs real LR beyond bicubic; less than 0: sharper."""
        variance = np.trace(self.folders[1].covariance) / 2
        return float(self.scale * np.sign(variance) * np.sqrt(abs(variance)))

    def picture(self) -> np.ndarray | None:
        """The radial power spectra, uint8 (H, W, 3); None where there is nothing to measure."""
        if not self.measurable:
            return None
        hr, real_lr = self.folders
        return spectra({"HR, bicubic LR": hr.decibels, "real LR": real_lr.decibels})


def audit(hr: Sequence[Path], real_lr: Sequence[Path], scale: int) -> Audit:
    """Look at up to 100 photos of each side: the same ones each time.

    Raises:
        DataError: a file cannot be read.
    """
    one, other = look_at(hr, scale), look_at(real_lr)
    return Audit(one, other, scale, _twins(one, other, hr))


def _difference(one: np.ndarray, other: np.ndarray) -> Difference:
    if min(len(one), len(other)) < FEWEST:
        return Difference(float(other.mean() - one.mean()), np.inf)
    error = np.sqrt(one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other))
    return Difference(float(other.mean() - one.mean()), float(SURE * error))


def _twins(hr: Side, real_lr: Side, all_hr: Sequence[Path]) -> Twins:
    likeness = np.stack([look.thumbnail for look in real_lr.looks]) @ np.stack([look.thumbnail for look in hr.looks]).T
    copies, same_size, smaller, example = _copies([look.file for look in real_lr.looks], all_hr), 0, 0, None
    for look, nearest, likest in zip(real_lr.looks, likeness.argmax(1), likeness.max(1), strict=True):
        twin = copies.get(look.file)
        if twin is None and likest < ALIKE:
            continue
        example = example or (look.file, twin or hr.looks[nearest].file)
        if twin is not None or look.size == hr.looks[nearest].size:
            same_size += 1
        else:
            smaller += 1
    return Twins(len(copies), same_size, smaller, example)


def _copies(files: Sequence[Path], others: Sequence[Path]) -> dict[Path, Path]:
    """File -> another one with the same bytes; only files of one length are read."""
    by_length: dict[int, list[Path]] = {}
    for other in others:
        by_length.setdefault(other.stat().st_size, []).append(other)
    found: dict[Path, Path] = {}
    for file in files:
        for other in by_length.get(file.stat().st_size, []):
            if file not in found and _digest(file) == _digest(other):
                found[file] = other
    return found


def _digest(file: Path) -> bytes:
    return blake2b(file.read_bytes()).digest()
