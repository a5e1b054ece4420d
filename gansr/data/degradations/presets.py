"""Published pipelines, as the rows that an options file could have in their place."""

from collections.abc import Callable
from typing import Any

Rows = list[dict[str, Any]]
OPENCV = {"bilinear": 1.0, "bicubic": 1.0, "opencv_area": 1.0}  # BSRGAN's methods, and their shares


def _second_order(first: dict[str, Any], second: dict[str, Any], final: dict[str, Any]) -> Rows:
    """Real-ESRGAN's pipeline (Wang et al. 2021, section 3): blur, resize, noise, JPEG, and all of them once more."""
    resized = {"type": "resize_to_scale"}
    ends = [[resized, final, second["jpeg"]], [second["jpeg"], resized, final]]
    return [
        *[first[name] for name in ("blur", "resize", "noise", "jpeg")],
        *[second[name] for name in ("blur", "resize", "noise")],
        {"type": "one_of", "branches": ends},
        {"type": "to_8_bit"},
    ]


REAL_ESRGAN = _second_order(
    {
        "blur": {"type": "blur", "sigma": [0.2, 3.0]},
        "resize": {"type": "resize", "kinds": {"up": 0.2, "down": 0.7, "keep": 0.1}, "factors": [0.15, 1.5]},
        "noise": {"type": "gaussian_or_poisson"},
        "jpeg": {"type": "jpeg", "quality": [30, 95]},
    },
    {
        "blur": {"type": "blur", "probability": 0.8, "sigma": [0.2, 1.5]},
        "resize": {
            "type": "resize",
            "kinds": {"up": 0.3, "down": 0.4, "keep": 0.3},
            "factors": [0.3, 1.2],
            "relative_to": "target",
        },
        "noise": {"type": "gaussian_or_poisson", "sigma": [1, 25], "strength": [0.05, 2.5]},
        "jpeg": {"type": "jpeg", "quality": [30, 95]},
    },
    {"type": "sinc", "probability": 0.8},
)

# Last in BSRGAN, and with a probability of 0.9 among the shuffled.
BSRGAN_JPEG = {"type": "jpeg", "quality": [30, 95], "whole": True, "tables": "libjpeg"}


def bsrgan(scale: int) -> Rows:
    """BSRGAN's pipeline (Zhang et al. 2021, figure 3), as KAIR's `degradation_bsrgan` has it, without a camera's ISP.

    That step needs a network that was never published; KAIR leaves it out too. Noise, blurs, and JPEG come in any order
    with two changes of size, the last of which makes LR. At x4, a quarter of the images are halved before, and then go
    what is published for x2.
    """
    if scale != 4:
        return [*_bsrgan_ways(scale), BSRGAN_JPEG, {"type": "to_8_bit"}]
    halves = [
        [{"type": "shrink", "divisors": [2, 2], "methods": OPENCV}],
        [{"type": "matlab_bicubic", "factor": 2, "clip": True}],
    ]
    ways = [_bsrgan_ways(4), [{"type": "one_of", "branches": halves}, *_bsrgan_ways(2)]]
    return [{"type": "one_of", "branches": ways, "weights": [0.75, 0.25]}, BSRGAN_JPEG, {"type": "to_8_bit"}]


def _bsrgan_ways(scale: int) -> Rows:
    """From images `scale` times as large as LR to LR."""
    blur = {"type": "bsrgan_blur", "factor": scale}
    decimated = [
        {"type": "gaussian", "sigma": [0.1, 0.6 * scale], "size": 25, "shift": (scale - 1) / 2},
        {"type": "decimate", "factor": scale},
    ]
    shrunk = [{"type": "shrink", "divisors": [1, 2 * scale], "methods": OPENCV}]
    operations = [
        blur,
        blur,
        {"type": "one_of", "branches": [shrunk, decimated], "weights": [0.75, 0.25]},
        {"type": "resize_to_scale", "methods": OPENCV, "clip": True},
        {"type": "bsrgan_noise"},
        {**BSRGAN_JPEG, "probability": 0.9},
    ]
    return [{"type": "shuffled", "operations": operations, "keep_order": [2, 3]}]


PRESETS: dict[str, Callable[[int], Rows]] = {
    "bicubic": lambda scale: [{"type": "matlab_bicubic"}],
    # DN of the RDN paper: bicubic, then noise of level 30.
    "bicubic_noise": lambda scale: [
        {"type": "matlab_bicubic"},
        {"type": "gaussian_noise", "sigma": [30, 30], "grey_probability": 0},
    ],
    # BD of the same: 7x7, sigma 1.6, then MATLAB's nearest, which takes the middle one of three pixels.
    "blur_bicubic": lambda scale: [
        {"type": "gaussian", "sigma": [1.6, 1.6], "size": 7, "border": "replicate"},
        {"type": "decimate", "first": scale // 2},
    ],
    "real_esrgan": lambda scale: REAL_ESRGAN,
    "bsrgan": bsrgan,
}
"""The rows of a scale, by name."""
