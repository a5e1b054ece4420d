"""Radial power spectra as a picture, drawn by Pillow."""

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gansr.data.calibration.spectrum import FREQUENCIES

SIZE = (760, 460)  # width, height
LEFT, TOP, RIGHT, BOTTOM = 64, 16, 16, 48  # margins
COLOURS = ((0, 0, 0), (214, 39, 40), (140, 140, 140), (31, 119, 180))
STEP = 10  # decibels between lines
INK, FAINT = (60, 60, 60), (225, 225, 225)


def spectra(curves: Mapping[str, np.ndarray]) -> np.ndarray:
    """Curves of decibels over cycles per pixel, by what they are called: uint8 (460, 760, 3).

    Args:
        curves: at most four of (32,), at `FREQUENCIES`
    """
    picture = Image.new("RGB", SIZE, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(size=14)
    values = np.concatenate(list(curves.values()))
    low, high = (STEP * bound for bound in (np.floor(values.min() / STEP), np.ceil(values.max() / STEP)))

    def place(frequency: float, decibels: float) -> tuple[float, float]:
        across, up = frequency / 0.5, (decibels - low) / max(high - low, STEP)
        return LEFT + across * (SIZE[0] - LEFT - RIGHT), SIZE[1] - BOTTOM - up * (SIZE[1] - TOP - BOTTOM)

    for level in np.arange(low, high + 1, STEP):
        draw.line([place(0, level), place(0.5, level)], FAINT)
        draw.text((LEFT - 8, place(0, level)[1]), f"{level:.0f}", INK, font, anchor="rm")
    for frequency in np.arange(0, 0.51, 0.1):
        draw.line([place(frequency, low), place(frequency, high)], FAINT)
        draw.text((place(frequency, low)[0], SIZE[1] - BOTTOM + 6), f"{frequency:.1f}", INK, font, anchor="mt")
    draw.text((SIZE[0] / 2, SIZE[1] - 6), "cycles per LR pixel", INK, font, anchor="mb")
    draw.text((4, 2), "dB", INK, font)
    for number, ((name, curve), colour) in reversed(list(enumerate(zip(curves.items(), COLOURS, strict=False)))):
        draw.line([place(*point) for point in zip(FREQUENCIES, curve, strict=True)], colour, width=3, joint="curve")
        row = TOP + 14 + 22 * number
        draw.line([(SIZE[0] - 230, row), (SIZE[0] - 200, row)], colour, width=3)
        draw.text((SIZE[0] - 192, row), name, INK, font, anchor="lm")
    return np.array(picture)
