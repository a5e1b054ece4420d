"""Where two images differ, and what frequencies an image has: numbers in colours, with a scale."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from gansr.imaging.colour import grey

STEPS = (2, 5, 10, 20, 40, 80, 160, 255)  # levels that scales of errors may reach to
HIGHEST = 99.5  # percentile: a scale that reaches to the largest error shows nothing else
FLOOR = 1e-3  # levels of 255: below a hundredth of what rounding to 8 bits adds to a spectrum


@dataclass(frozen=True)
class Scale:
    """What the first and the last colour stand for."""

    low: float
    high: float
    unit: str

    def colours(self, values: np.ndarray) -> np.ndarray:
        """Numbers of colours, uint8; what lies outside of the scale gets its ends."""
        part = (values - self.low) / (self.high - self.low)
        return (part.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def error_map(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Mean over the channels of |one - other|, in levels of 255: uint8 (H, W, 1 or 3) twice -> float32 (H, W)."""
    assert one.shape[:2] == other.shape[:2], f"{one.shape} and {other.shape}"
    return np.abs(one.astype(np.float32) - other.astype(np.float32)).mean(axis=2)


def spectrum_map(image: np.ndarray) -> np.ndarray:
    """Power of each frequency in dB, the mean brightness in the middle: uint8 (H, W, 1 or 3) -> float32 (H, W).

    20 log10 of the amplitude in levels of 255 of a wave of that frequency, from the discrete Fourier transform of
    brightness times a Hann window (without which the border's jump draws a cross), whose mean is taken off before.
    """
    brightness = _brightness(image)
    window = np.outer(np.hanning(brightness.shape[0] + 2)[1:-1], np.hanning(brightness.shape[1] + 2)[1:-1])
    around = brightness - (brightness * window).sum() / window.sum()
    amplitude = 2 * np.abs(np.fft.fftshift(np.fft.fft2(around * window))) / window.sum()
    return (20 * np.log10(amplitude + FLOOR)).astype(np.float32)


def error_scale(maps: Iterable[np.ndarray]) -> Scale:
    """One scale for all maps, from 0 to a round number that nearly all of their pixels stay below."""
    highest = max((float(np.percentile(one, HIGHEST)) for one in maps), default=0.0)
    return Scale(0, next((step for step in STEPS if step >= highest), STEPS[-1]), "levels of 255")


def spectrum_scale(maps: Iterable[np.ndarray]) -> Scale:
    """One scale for all maps, in tens of dB, that leaves out a percent of their pixels at the lower end."""
    found = list(maps)
    low = min((float(np.percentile(one, 1)) for one in found), default=-40.0)
    high = max((float(np.percentile(one, HIGHEST)) for one in found), default=20.0)
    low, high = 10 * math.floor(low / 10), 10 * math.ceil(high / 10)
    return Scale(low, max(high, low + 10), "dB")


def palette() -> np.ndarray:
    """256 colours from black to white whose brightness rises evenly, uint8 (256, 3): in grey they read the same.

    Cubehelix (D. A. Green 2011, Bull. Astr. Soc. India 39, 289, Eq. 2) with start 0.3, -0.9 rotations, hue 1.3.
    """
    part = np.linspace(0, 1, 256)
    angle = 2 * math.pi * (0.3 / 3 - 0.9 * part)
    strength = 1.3 * part * (1 - part) / 2
    turned = np.stack([np.cos(angle), np.sin(angle)])  # (2, 256)
    directions = np.array([[-0.14861, 1.78277], [-0.29227, -0.90649], [1.97294, 0.0]])
    colours = part + strength * (directions @ turned)  # (3, 256)
    return (colours.T.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _brightness(image: np.ndarray) -> np.ndarray:
    if image.shape[2] == 1:
        return image[..., 0].astype(np.float64)
    pixels = torch.tensor(image).permute(2, 0, 1).to(torch.float64) / 255
    return 255 * grey(pixels)[0].numpy()
