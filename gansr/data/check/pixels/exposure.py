"""What is wrong with an image as a whole: blank, clipped, flat, framed, colourless. All of uint8 (H, W, C)."""

from functools import reduce

import numpy as np

from gansr.data.check.findings import Finding

FLAT = 2.0  # standard deviation in levels below which an image shows nothing
PLAIN = 0.995  # share of pixels of one level from which on there is nearly nothing to see
CLIPPED = 0.25  # share of pixels that are pure black or pure white
NARROW = 48  # levels between the percentiles 0.5 and 99.5
FRAME = 3  # rows or columns of one level, from which on a side is called framed
DEEP = 8  # levels from black or white
ANOTHER = 12  # levels, by which a pixel inside differs from the frame
SHARE = 0.6  # of the pixels beside a frame that differ from it: less, and it is the photo's own background
COLOURLESS = 0.5  # levels: mean difference of channels


def exposure(image: np.ndarray) -> list[Finding]:
    """Findings without files, of `blank`, `clipped`, `narrow` and `frame`; a blank image is nothing else."""
    channels = [image[..., one] for one in range(image.shape[2])]  # numpy reduces an axis of three very slowly
    level = sum((one.astype(np.float32) for one in channels), np.zeros(image.shape[:2], np.float32)) / len(channels)
    found = _blank(level)
    if found:
        return found
    dark, bright = (
        float((reduce(np.maximum, channels) == 0).mean()),
        float((reduce(np.minimum, channels) == 255).mean()),
    )
    if max(dark, bright) > CLIPPED:
        what = "black" if dark > bright else "white"
        found.append(
            Finding("clipped", (), f"{max(dark, bright):.0%} of the pixels are pure {what}", max(dark, bright))
        )
    low, high = np.percentile(level[::2, ::2], (0.5, 99.5))
    if high - low < NARROW:
        found.append(Finding("narrow", (), f"levels from {low:.0f} to {high:.0f} of 255", float(high - low)))
    if frame := _frame(level):
        found.append(frame)
    return found


def _blank(level: np.ndarray) -> list[Finding]:
    deviation = float(level.std())
    if deviation < FLAT:
        return [Finding("blank", (), f"standard deviation of {deviation:.1f} levels of 255", deviation)]
    most = np.bincount(level.astype(np.uint8).ravel(), minlength=256)
    near = float(np.convolve(most, np.ones(5), "same").max()) / level.size
    if near > PLAIN:
        return [Finding("blank", (), f"{near:.1%} of the pixels have one level", near)]
    return []


def _frame(level: np.ndarray) -> Finding | None:
    sides = {"top": level, "bottom": level[::-1], "left": level.T, "right": level.T[::-1]}
    thick = {side: width for side, plane in sides.items() if (width := _thickness(plane))}
    if not thick:
        return None
    said = ", ".join(f"{width} at the {side}" for side, width in thick.items())
    return Finding("frame", (), f"{said} (pixels)", float(max(thick.values())))


def _thickness(plane: np.ndarray) -> int:
    """Rows from the top that are black or white all along, and end sharply; 0: none."""
    first = float(np.median(plane[0]))
    if DEEP < first < 255 - DEEP:
        return 0
    other = np.abs(plane - first)
    # One pixel in a hundred may differ: compression rings.
    inside = np.nonzero((other > DEEP).mean(1) > 0.01)[0]
    if not len(inside) or inside[0] < FRAME:
        return 0
    beside = other[inside[0] : inside[0] + 3].max(0)
    return int(inside[0]) if float((beside > ANOTHER).mean()) > SHARE else 0


def colourless(image: np.ndarray) -> bool:
    """Whether an RGB image has no colours."""
    red, green, blue = (image[::2, ::2, one].astype(np.int16) for one in range(3))
    return float(np.maximum(np.abs(red - green), np.abs(blue - green)).mean()) < COLOURLESS
