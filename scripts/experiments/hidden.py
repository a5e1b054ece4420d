"""The degradation that learners may not know. NumPy alone, and nothing of gansr: who makes the exam does not sit it."""

import numpy as np

REACH = 4  # sigmas on either side


def places(length: int, scale: int, sigma: float) -> np.ndarray:
    """(length / scale, length): a Gaussian around the middle of each `scale` pixels; mirrored at the border."""
    centres = (np.arange(length // scale) + 0.5) * scale - 0.5
    weights = np.zeros((len(centres), length))
    reach = int(np.ceil(REACH * sigma)) + scale
    for row, centre in enumerate(centres):
        taps = np.arange(int(centre) - reach, int(centre) + reach + 2)
        values = np.exp(-((taps - centre) ** 2) / (2 * sigma**2))
        mirrored = np.where(taps < 0, -1 - taps, np.where(taps >= length, 2 * length - 1 - taps, taps))
        np.add.at(weights[row], mirrored, values / values.sum())
    return weights


def blur_and_noise(hr: np.ndarray, scale: int, sigma: float, noise: float, random: np.random.Generator) -> np.ndarray:
    """Uint8 (H, W, 3) -> uint8 (H/scale, W/scale, 3): Gaussian blur, every scale-th pixel, Gaussian noise, 8 bits.

    LR pixels lie where bicubic reduction has them, so that no arm is shifted against another.
    """
    rows, columns = (places(side, scale, sigma) for side in hr.shape[:2])
    blurred = np.einsum("hH,HWc,wW->hwc", rows, hr.astype(np.float64), columns, optimize=True)
    return (blurred + random.normal(0, noise, blurred.shape)).round().clip(0, 255).astype(np.uint8)
