"""Published pipelines, as the rows that an options file could have in their place."""

from typing import Any

Rows = list[dict[str, Any]]


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

PRESETS: dict[str, Rows] = {
    "bicubic": [{"type": "matlab_bicubic"}],
    # DN of the RDN paper: bicubic, then noise of level 30.
    "bicubic_noise": [{"type": "matlab_bicubic"}, {"type": "gaussian_noise", "sigma": [30, 30], "grey_probability": 0}],
    # BD of the same: 7x7, sigma 1.6, every third pixel in its authors' code.
    "blur_bicubic": [{"type": "gaussian", "sigma": [1.6, 1.6], "size": 7, "border": "replicate"}, {"type": "decimate"}],
    "real_esrgan": REAL_ESRGAN,
}
