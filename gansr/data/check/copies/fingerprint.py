"""What an image is recognised by: its pixels' checksum, and what is left of it at 32x32."""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from PIL import Image

SIDE = 32
KEPT = 8  # frequencies along each axis


@dataclass(frozen=True)
class Fingerprint:
    """Of one image.

    Args:
        digest: of its size and pixels
        size: height and width
        hash: signs of 64 low frequencies, against their median
        small: uint8 (32, 32), of brightness, whatever the image's proportions
    """

    digest: bytes
    size: tuple[int, int]
    hash: int
    small: np.ndarray


def fingerprint(image: np.ndarray) -> Fingerprint:
    """Of uint8 (H, W, C)."""
    checksum = blake2b(np.ascontiguousarray(image).data, digest_size=16)
    checksum.update(repr(image.shape).encode())
    whole = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    factor = max(1, min(image.shape[:2]) // (4 * SIDE))
    small = np.asarray(whole.reduce(factor).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX))
    return Fingerprint(checksum.digest(), (image.shape[0], image.shape[1]), perceptual_hash(small), small)


def perceptual_hash(small: np.ndarray) -> int:
    """64 bits of uint8 (32, 32): which of the 8x8 lowest cosines without the mean lie above their median."""
    low = COSINES @ small.astype(float) @ COSINES.T
    values = low.ravel()[1:]
    bits = np.append(values > np.median(values), False)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _cosines() -> np.ndarray:
    places, waves = np.arange(SIDE) + 0.5, np.arange(KEPT)[:, None]
    return np.cos(np.pi / SIDE * waves * places)


COSINES = _cosines()
