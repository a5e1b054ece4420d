"""What HR should not have been through: enlarging, blur, JPEG, noise."""

import numpy as np

from gansr.data.calibration.blocks import SIDE, band, luma, transformed
from gansr.data.calibration.compression import Compression, find_compression
from gansr.data.calibration.samples import middle
from gansr.data.check.findings import Finding
from gansr.data.check.pixels.detail import LENGTH, Detail, detail

LOOKED_AT = 1024  # pixels of a side, from the middle, in which detail is measured
BLOCKS_IN = 384  # the same for blocks of JPEG
SOUGHT_IN = 128  # and for the place where blocks begin
MIDDLE, ZERO = band(4, 12), 0.7  # frequencies, and levels: rounding to bytes leaves so much of a coefficient of 0
BLOCKS_FROM = 48  # pixels of a side: fewer hold too few blocks
HIGH = band(9, 14)
EVERYWHERE = 0.37  # times the mean energy of fine detail, what the quietest tenth of blocks has of it
NOTHING_BUT_NOISE = 0.3  # correlation of neighbours

STRONG, STANDING_OUT = 20.0, 12.0  # periods that are none of a photo's: alone, and with a spectrum that falls too fast
BETTER = 1.0  # decibels, by which an explanation has to be better
CLIFF = 4.0  # decibels of error of a photo's own spectrum, from which on it falls too fast
EMPTY = 2.0  # decibels: what is left at the highest frequencies
STEEP, EMPTIER = 2.2, 0.0  # the same for less of a cliff with less beyond it, as compression leaves it
SHARPER = 0.1  # decibels, by which enlarging explains better than blur
BLUR = 0.8  # pixels

FINE_QUALITY = 90  # of JPEG, from which on little can be seen


def quality(image: np.ndarray, known: int | None) -> list[Finding]:
    """Findings without files, of `enlarged`, `low_detail`, `compressed` and `noisy`.

    Args:
        image: uint8 (H, W, 3)
        known: the quality that a JPEG file's tables tell
    """
    found, compression = [], Compression(known) if known else None
    if min(image.shape[:2]) >= BLOCKS_FROM and compression is None:
        compression = _compression(middle(image, BLOCKS_IN).astype(float))
    if compression is not None:
        found.append(_compressed(compression, known))
    if min(image.shape[:2]) >= LENGTH:
        plane = luma(middle(image, LOOKED_AT).astype(float))
        seen = detail(plane)
        found += _detail(seen) + _noise(seen, plane)
    return found


def _compression(levels: np.ndarray) -> Compression | None:
    """`find_compression` at the corner, and then at the one other place of blocks where most coefficients are 0.

    Trying all 64 places as it does by itself takes five times as long as everything else that is looked for.
    """
    found = find_compression(levels, search=False)
    if found is not None:
        return found
    plane = luma(middle(levels, SOUGHT_IN))
    places = [(row, column) for row in range(SIDE) for column in range(SIDE)]
    zeros = [float((np.abs(transformed(plane, place)[:, MIDDLE]) < ZERO).mean()) for place in places]
    row, column = places[int(np.argmax(zeros))]
    found = find_compression(levels[row:, column:], search=False)
    return Compression(found.quality, (row, column)) if found else None


def _compressed(compression: Compression, known: int | None) -> Finding:
    where = "" if compression.offset == (0, 0) else ", cut afterwards"
    said = f"a JPEG file of quality {known}" if known else f"quality about {compression.quality} once{where}"
    graver = "note" if compression.quality >= FINE_QUALITY else None
    return Finding("compressed", (), said, float(compression.quality), graver)


def _detail(seen: Detail) -> list[Finding]:
    factor, better = seen.factor, seen.own - seen.enlarged
    periodic = seen.period > STRONG and better > BETTER and seen.period_factor != 4  # 4: blocks of JPEG have it too
    periodic = periodic or (seen.period > STANDING_OUT and seen.own > CLIFF)
    if periodic and factor not in ((1.5, 3.0) if seen.period_factor in (1.5, 3.0) else (seen.period_factor,)):
        factor = seen.period_factor
    cliff = (seen.own > CLIFF and seen.top < EMPTY) or (seen.own > STEEP and seen.top < EMPTIER)
    if periodic or (cliff and seen.enlarged + SHARPER < seen.blurred):
        return [Finding("enlarged", (), f"by about {factor:g}, as {seen.kernel} would", factor)]
    if cliff and seen.sigma >= BLUR:
        said = f"as if blurred with a standard deviation of {seen.sigma:.1f} pixels"
        return [Finding("low_detail", (), said, seen.sigma)]
    return []


def _noise(seen: Detail, plane: np.ndarray) -> list[Finding]:
    centred = plane - plane.mean()
    near = float((centred[:, 1:] * centred[:, :-1]).mean() / max((centred**2).mean(), 1e-9))
    if not seen.noise or _patchy(plane):
        return []
    if near < NOTHING_BUT_NOISE:
        return [Finding("noisy", (), f"neighbours correlate by {near:.2f}: it is all noise", near, "warning")]
    return [Finding("noisy", (), f"standard deviation of {seen.noise:.0f} levels in Y", seen.noise)]


def _patchy(plane: np.ndarray) -> bool:
    """Whether fine detail is here and there, as texture is: noise is everywhere."""
    energy = (transformed(plane)[:, HIGH] ** 2).mean(1)
    return float(np.percentile(energy, 10)) < EVERYWHERE * float(energy.mean())
