"""Photos made of random numbers, so that what is measured is known."""

from collections.abc import Callable

import numpy as np
import pytest


def textured(seed: int, side: int = 192, slope: float = 1.6, deviation: float = 40.0) -> np.ndarray:
    """Levels (side, side, 3) with the spectrum of photos, amplitudes f^-slope, and an edge; colours nearly grey."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequency[0, 0] = np.inf
    planes = []
    shared = np.fft.rfft2(random.normal(size=(side, side)))
    for _ in range(3):
        spectrum = shared + 0.3 * np.fft.rfft2(random.normal(size=(side, side)))
        plane = np.fft.irfft2(spectrum * frequency**-slope, s=(side, side))
        planes.append(plane / plane.std() * deviation)
    edge = np.where(np.arange(side)[:, None] + np.arange(side) > side, 20.0, -20.0)
    return 125 + np.stack(planes, 2) + edge[..., None]


def flat(seed: int, side: int = 192) -> np.ndarray:
    """A slow ramp."""
    random = np.random.default_rng(seed)
    ramp = np.linspace(-50, 50, side)[:, None] * random.uniform(-1, 1) + np.linspace(-50, 50, side)
    return np.repeat((125 + ramp)[..., None], 3, 2)


@pytest.fixture
def scenes() -> dict[str, Callable[[int], np.ndarray]]:
    return {"flat": flat, "textured": textured}
