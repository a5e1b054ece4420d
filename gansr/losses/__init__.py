"""Losses by the name that options use: comparisons of images, rules of the adversarial game, and its penalties."""

from collections.abc import Callable
from typing import Any

from gansr.losses.adversarial import ADVERSARIAL, AUGMENTATIONS, MATCHING, PENALTIES
from gansr.losses.degradation import DEGRADATION
from gansr.losses.face import FACE, FACE_MAPS
from gansr.losses.maps import MAPS as IMAGE_MAPS
from gansr.losses.perceptual import PERCEPTUAL
from gansr.losses.pixel import PIXEL

__all__ = ["ADVERSARIAL", "AUGMENTATIONS", "DEGRADER_LOSSES", "LOSSES", "MAPS", "PENALTIES"]

LOSSES: dict[str, Callable[..., Any]] = PIXEL | PERCEPTUAL | FACE | MATCHING
DEGRADER_LOSSES: dict[str, Callable[..., Any]] = LOSSES | DEGRADATION
"""What a degrader may learn from: it says of its noise what no generator has to say."""
MAPS: dict[str, Callable[..., Any]] = IMAGE_MAPS | FACE_MAPS
