"""By how many pixels one image is shifted against another of the same size."""

import numpy as np

LOW, HIGH = 0.02, 0.3  # cycles per pixel whose phases are believed: higher ones may be aliases
FARTHEST = 24  # pixels
ROUNDS = 4


def find_shift(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """How far down and to the right the second lies of the first, pixels: (H, W) each.

    First by whole pixels, where phases correlate; then a plane through the phases of what is left, weighted by how
    strong both images are there (after Stone et al. 2001, "A fast direct Fourier-based algorithm for subpixel
    registration of images").
    """
    down, right = _whole(one, other)
    for _ in range(ROUNDS):
        moved = shifted(other, -down, -right)
        edge = int(np.ceil(max(abs(down), abs(right)))) + 1
        inside = (slice(edge, -edge), slice(edge, -edge))
        if min(one[inside].shape) < 16:
            return down, right
        more = _phase_plane(one[inside], moved[inside])
        down, right = down + more[0], right + more[1]
        if max(map(abs, more)) < 0.003:
            break
    return down, right


def shifted(plane: np.ndarray, down: float, right: float) -> np.ndarray:
    """A plane moved by fractions of a pixel; what comes in at a side is what has gone out at the other's mirror."""
    mirrored = np.pad(plane, [(0, side) for side in plane.shape], mode="symmetric")
    rows, columns = np.fft.fftfreq(mirrored.shape[0])[:, None], np.fft.rfftfreq(mirrored.shape[1])[None]
    turned = np.fft.rfft2(mirrored) * np.exp(-2j * np.pi * (rows * down + columns * right))
    return np.fft.irfft2(turned, s=mirrored.shape)[: plane.shape[0], : plane.shape[1]]


def _windowed(plane: np.ndarray) -> np.ndarray:
    return (plane - plane.mean()) * np.hanning(plane.shape[0])[:, None] * np.hanning(plane.shape[1])


def _whole(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    cross = np.fft.rfft2(_windowed(other)) * np.conj(np.fft.rfft2(_windowed(one)))
    correlation = np.fft.irfft2(cross / (np.abs(cross) ** 0.7 + 1e-9), s=one.shape)
    far = min(FARTHEST, min(one.shape) // 4)
    places = [np.minimum(np.arange(side), side - np.arange(side)) <= far for side in one.shape]
    allowed = np.where(places[0][:, None] & places[1], correlation, -np.inf)
    row, column = np.unravel_index(int(allowed.argmax()), allowed.shape)
    down, right = (
        int(place) - (side if place > side // 2 else 0) for place, side in zip((row, column), one.shape, strict=True)
    )
    return float(down), float(right)


def _phase_plane(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    first, second = np.fft.rfft2(_windowed(one)), np.fft.rfft2(_windowed(other))
    rows, columns = np.fft.fftfreq(one.shape[0])[:, None], np.fft.rfftfreq(one.shape[1])[None]
    radius = np.hypot(rows, columns)
    used = (radius > LOW) & (radius < HIGH)
    cross = (second * np.conj(first))[used]
    phase, weight = np.angle(cross), np.abs(cross) * (np.abs(np.angle(cross)) < 2)
    v, u = np.broadcast_arrays(rows, columns)
    unknowns = np.stack([v[used], u[used]], 1) * -2 * np.pi
    root = np.sqrt(weight)[:, None]
    found, *_ = np.linalg.lstsq(unknowns * root, phase * root[:, 0], rcond=None)
    return float(found[0]), float(found[1])
