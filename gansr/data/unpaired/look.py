"""What a domain audit wants to know of each photo, and what that makes of a side of unpaired images."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from gansr.data.calibration.blocks import luma
from gansr.data.calibration.compression import quality_of_file
from gansr.data.calibration.samples import BLOCK, FLAT, Sample, measure, middle
from gansr.data.calibration.spectrum import FREQUENCIES, TILE, radial
from gansr.data.files.images import read_image, to_rgb
from gansr.imaging.resize import mod_crop, reduce_uint8

MOST = 100  # photos of a side that are looked at: evenly spread over all of them
SIDE = 160  # LR pixels: of larger photos the middle is measured
THUMBNAIL = 16
COLOURLESS = 1.0  # mean difference of the channels, in levels, below which a photo is grey
FINE = FREQUENCIES >= 0.25  # cycles per LR pixel


@dataclass(frozen=True)
class Look:
    """One photo.

    Args:
        file: where it is
        size: its height and width
        grey: whether it has no colours, whatever its file's kind
        quality: of JPEG, where the file is one
        thumbnail: (768,) of norm 1 and mean 0; zeros for a photo of one colour
        sample: its measurements at LR size; None for a photo of one colour
    """

    file: Path
    size: tuple[int, int]
    grey: bool
    quality: int | None
    thumbnail: np.ndarray
    sample: Sample | None


@dataclass(frozen=True)
class Side:
    """One side of unpaired images.

    Args:
        count: its photos in all
        looks: at some of them
    """

    count: int
    looks: Sequence[Look]

    @cached_property
    def samples(self) -> list[Sample]:
        """Of the photos that show something."""
        return [look.sample for look in self.looks if look.sample is not None]

    @cached_property
    def means(self) -> np.ndarray:
        """Mean R, G and B of each sample, (count, 3), levels."""
        return np.array([sample.means for sample in self.samples])

    @cached_property
    def brightness(self) -> np.ndarray:
        """Mean Y of each sample, (count,), levels."""
        return luma(self.means)

    @cached_property
    def contrast(self) -> np.ndarray:
        """Natural logarithm of each sample's standard deviation, mean of the channels, (count,)."""
        return np.log([sample.deviations.mean() for sample in self.samples])

    @cached_property
    def noise(self) -> np.ndarray:
        """Standard deviation of each sample's noise, (count,), levels."""
        return np.array([sample.noise.sigma for sample in self.samples])

    @cached_property
    def fine(self) -> np.ndarray:
        """Power beyond a quarter of a cycle per pixel, at equal contrast, of each sample, (count,), decibels."""
        powers = [radial(sample.spectrum)[FINE].mean() / sample.contrast for sample in self.samples]
        return 10 * np.log10(np.array(powers) + 1e-9)

    @cached_property
    def grey(self) -> float:
        """Share of the photos without colours."""
        return float(np.mean([look.grey for look in self.looks]))

    @cached_property
    def qualities(self) -> np.ndarray:
        """Of JPEG: what files tell, or else, of real LR, what pixels do. (count,)"""
        return np.array([quality for look in self.looks if (quality := _quality(look)) is not None])

    @property
    def size(self) -> tuple[int, int]:
        """Medians of height and width."""
        height, width = np.median([look.size for look in self.looks], axis=0)
        return int(height), int(width)


def look_at(files: Sequence[Path], scale: int = 1) -> Side:
    """Look at some photos of a side, brought down by `scale` with MATLAB's bicubic before they are measured.

    Raises:
        DataError: a file cannot be read.
    """
    chosen = [files[number * len(files) // MOST] for number in range(MOST)] if len(files) > MOST else files
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        return Side(len(files), list(pool.map(lambda file: _look(file, scale), chosen)))


def _look(file: Path, scale: int) -> Look:
    whole = to_rgb(read_image(file))
    part = middle(mod_crop(whole, scale), SIDE * scale, BLOCK * scale)
    quality = quality_of_file(file)
    sample = None
    if part[::2, ::2].std(dtype=float) >= FLAT:
        # What was brought down has no blocks any more, whatever its file is.
        # And blocks of LR are sought from the photo's corner on only: to seek them elsewhere takes ten times as long.
        sample = measure(_reduced(part, scale), quality if scale == 1 else None, search=False)
    return Look(file, whole.shape[:2], _is_grey(part), quality, _thumbnail(whole), sample)


def _reduced(image: np.ndarray, scale: int) -> np.ndarray:
    """Small photos are mirrored until spectra can be measured: that moves neither noise nor how fast spectra fall."""
    if scale > 1:
        image = reduce_uint8(torch.from_numpy(image.copy()).permute(2, 0, 1)[None], scale)[0].permute(1, 2, 0).numpy()
    missing = [(0, max(0, TILE - side)) for side in image.shape[:2]]
    return np.pad(image, [*missing, (0, 0)], mode="symmetric")


def _is_grey(image: np.ndarray) -> bool:
    red, green, blue = np.moveaxis(image[::2, ::2].astype(float), 2, 0)  # a quarter of the pixels tells
    return float(np.maximum(abs(red - green), abs(blue - green)).mean()) < COLOURLESS


def _thumbnail(image: np.ndarray) -> np.ndarray:
    """What is left of a photo at any size: whoever shows the same scene has nearly the same."""
    small = Image.fromarray(image).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    values = np.asarray(small, float).ravel()
    values -= values.mean()
    norm = np.linalg.norm(values)
    return values / norm if norm > FLAT * THUMBNAIL else np.zeros_like(values)


def _quality(look: Look) -> int | None:
    compression = look.sample.compression if look.sample else None
    return look.quality or (compression.quality if compression else None)
