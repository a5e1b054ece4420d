"""How much fine detail an image holds, and whether it was enlarged: from its spectrum along rows and columns.

Photos have power that falls like a power of the frequency, down to the noise. Enlarging stretches that spectrum and
multiplies it by the kernel's; what lies beyond the old limit are weak images of what lies before it. Blur multiplies it
by a Gaussian. Each is fitted to what is measured, and the one that fits best is believed if it fits much better than a
photo's own (Gallagher 2005, "Detection of linear and cubic interpolation in JPEG compressed images", for the period).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LENGTH = 64  # pixels of a window along a row or column
LINES = 400  # rows and columns that are looked at, at most
FREQUENCIES = np.arange(LENGTH // 2 + 1) / LENGTH
"""Of `spectrum`, cycles per pixel."""

USED = slice(3, 32)  # bins that are fitted: without the mean's, and without the last
ROUNDING = -13.0  # decibels: what rounding three channels to whole levels leaves in Y
EXPONENTS = np.arange(1.0, 3.6, 0.25)  # of a photo's power along an axis
FACTORS = (1.5, 2.0, 3.0, 4.0)
BLURS = np.array((0.6, 0.8, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0))  # standard deviations, pixels
FLAT_SPECTRUM = 2.2  # decibels from middle to high frequencies
LOUD = 16.0  # decibels: noise of 6 levels in Y
Kernel = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Detail:
    """What explains an image's spectrum best.

    Args:
        own: root of the mean square error in decibels, if it were a photo at its own size
        enlarged: the same, if it had been enlarged
        blurred: the same, if it had been blurred
        factor: by which it would have been enlarged
        kernel: with which
        sigma: of the blur, pixels
        top: power in the highest tenth of frequencies, decibels of squared levels
        period: how far the strongest periodic change along both axes stands out of others; 1: not at all
        period_factor: the factor that it belongs to
        noise: standard deviation of white noise in Y, levels; 0: texture, or too little to tell
    """

    own: float
    enlarged: float
    blurred: float
    factor: float
    kernel: str
    sigma: float
    top: float
    period: float
    period_factor: float
    noise: float


def _linear(f: np.ndarray) -> np.ndarray:
    return np.sinc(f) ** 2


def _cubic(f: np.ndarray) -> np.ndarray:
    """Of Keys' kernel with a = -1/2 (by its integral: 512 samples of its support)."""
    x = (np.arange(512) + 0.5) / 256
    weight = np.where(x < 1, 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2)
    return (np.cos(2 * np.pi * f[..., None] * x) * weight).mean(-1) * 4


def _lanczos(f: np.ndarray) -> np.ndarray:
    x = (np.arange(768) + 0.5) / 256
    return (np.cos(2 * np.pi * f[..., None] * x) * np.sinc(x) * np.sinc(x / 3)).mean(-1) * 6


KERNELS: dict[str, Kernel] = {"bilinear": _linear, "bicubic": _cubic, "Lanczos": _lanczos}


def spectrum(plane: np.ndarray) -> np.ndarray:
    """Mean power along rows and columns, (33,), decibels of squared levels; (H, W) of at least 64x64."""
    powers = [_power(one) for one in (plane, plane.T)]
    return 10 * np.log10(np.mean(powers, 0) + 1e-3)


def _power(plane: np.ndarray) -> np.ndarray:
    lines = plane[:: max(1, len(plane) // LINES)]
    tiles = np.lib.stride_tricks.sliding_window_view(lines, LENGTH, axis=1)[:, :: LENGTH // 2].reshape(-1, LENGTH)
    window = np.sin(np.pi * (np.arange(LENGTH) + 0.5) / LENGTH) ** 4  # low side lobes: cliffs of 40 dB are to be seen
    centred = tiles - (tiles @ window / window.sum())[:, None]
    return (np.abs(np.fft.rfft(centred * window)) ** 2).mean(0) / (window**2).sum()


def _templates() -> tuple[list[tuple[str, float, str]], np.ndarray]:
    """What spectra may be, in decibels but for a constant: (explanations, (explanations, exponents, 33))."""
    f = np.maximum(FREQUENCIES, 1 / LENGTH)
    names: list[tuple[str, float, str]] = [("own", 1.0, "")]
    shapes = [np.stack([f**-a for a in EXPONENTS])]
    for sigma in BLURS:
        names.append(("blurred", float(sigma), ""))
        shapes.append(np.stack([f**-a * np.exp(-4 * np.pi**2 * sigma**2 * f**2) for a in EXPONENTS]))
    for factor in FACTORS:
        before = f * factor  # cycles per pixel of the image that was enlarged
        folded = np.maximum(np.abs(before - np.round(before)), 1 / LENGTH)
        for kernel, transfer in KERNELS.items():
            names.append(("enlarged", factor, kernel))
            shapes.append(np.stack([folded**-a * transfer(before) ** 2 for a in EXPONENTS]))
    return names, np.stack(shapes)


NAMES, SHAPES = _templates()


def _errors(measured: np.ndarray) -> np.ndarray:
    """Root mean square error of each explanation, the best exponent: (explanations,)."""
    floor = 10 ** (max(ROUNDING, min(measured[USED].min(), 40.0)) / 10)
    seen = 10 ** (measured[USED] / 10)
    shapes = SHAPES[:, :, USED]
    signal = np.maximum(seen - floor, seen * 0.05)
    loud = np.arange(shapes.shape[-1]) < 8  # the constant comes from frequencies that every explanation leaves
    constant = np.exp((np.log(signal) - np.log(shapes + 1e-12))[..., loud].mean(-1, keepdims=True))
    model = 10 * np.log10(constant * shapes + floor)
    return np.sqrt(((model - measured[USED]) ** 2).mean(-1)).min(1)


def detail(plane: np.ndarray) -> Detail:
    """Of Y, (H, W) of at least 64x64, levels."""
    measured = spectrum(plane)
    errors = _errors(measured)
    best = {}
    for kind in ("own", "blurred", "enlarged"):
        places = [number for number, name in enumerate(NAMES) if name[0] == kind]
        place = min(places, key=lambda number: errors[number])
        best[kind] = (float(errors[place]), NAMES[place])
    period, factor = _period(plane)
    return Detail(
        best["own"][0],
        best["enlarged"][0],
        best["blurred"][0],
        best["enlarged"][1][1],
        best["enlarged"][1][2],
        best["blurred"][1][1],
        float(measured[-4:-1].mean()),
        period,
        factor,
        _noise(measured),
    )


def _noise(measured: np.ndarray) -> float:
    """White noise is as strong at the highest frequencies as at the middle ones; texture never is."""
    middle, top = float(measured[19:22].mean()), float(measured[28:31].mean())
    return 10 ** (top / 20) if middle - top < FLAT_SPECTRUM and top > LOUD else 0.0


def _period(plane: np.ndarray) -> tuple[float, float]:
    """How far a period of the second derivative stands out along both axes, and the factor of enlarging it means."""
    strengths = []
    wanted = np.array([_alias(1 / factor) for factor in FACTORS])
    for one in (plane, plane.T):
        lines = one[:: max(1, len(one) // LINES)]
        change = np.abs(2 * lines[:, 1:-1] - lines[:, :-2] - lines[:, 2:]).mean(0)
        level = np.log(change + 0.05)
        smooth = np.convolve(np.pad(level, 4, mode="reflect"), np.full(9, 1 / 9), "valid")
        size = np.abs(np.fft.rfft((level - smooth) * np.hanning(len(level))))
        frequencies = np.arange(len(size)) / len(level)
        usual = np.median(size[frequencies > 0.15])
        near = np.abs(frequencies[None] - wanted[:, None]) <= 1.5 / len(level)
        strengths.append(np.where(near, size, 0).max(1) / max(usual, 1e-9))
    both = np.minimum(*strengths)
    both[wanted >= 0.5] = 0  # halves: both phases are alike
    place = int(both.argmax())
    return float(both[place]), FACTORS[place]


def _alias(frequency: float) -> float:
    return abs(frequency - round(frequency))
