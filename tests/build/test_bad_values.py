"""Every parameter of every operation: values that cannot be are refused before training, by the key that they have."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gansr.build.feeding.data import maker
from gansr.data.degradations import OPERATIONS
from gansr.errors import OptionsError, UserError
from gansr.options.load import validate

Make = Callable[..., Any]
INFINITE = float("inf")

RANGE = ([3, 1], [1], [1, 2, 3], ["a", "b"], [0, INFINITE], [float("nan"), 1], 3, "a", {"low": 1}, [[1, 2], 3])
"""What no range can be: the wrong way round, too few, too many, no numbers, not finite, no list."""
POSITIVE = (*RANGE, [-2, -1], [-1, 1])
PROBABILITY = (-0.1, 1.1, "a", [0.5], float("nan"), INFINITE, True)
KINDS = ({}, {"nothing": 1}, [1], 3, {"colour": -1, "bicubic": -1, "isotropic": -1, "up": -1})
FACTOR = (0, -1, 1.5, "a", 65, [2])
LEVELS = (*POSITIVE, [0, 256])
SIDE = (0, -1, 1.5, "a", 1001, 10**9)
FLAG = (3, "a", [True])
NAME = ("nothing", 3, True)

BAD: dict[str, dict[str, tuple[Any, ...]]] = {
    "blur": {
        "probability": PROBABILITY,
        "sinc_probability": PROBABILITY,
        "kinds": (*KINDS, {"isotropic": INFINITE}),
        "sizes": (*POSITIVE, [8, 21], [7, 20], [7.0, 21.5], [7, 1001]),
        "sigma": POSITIVE,
        "rotation": RANGE,
        "beta_generalised": (*POSITIVE, [0, 2], [2, 3], [0.1, 0.9]),
        "beta_plateau": (*POSITIVE, [0, 2], [2, 3]),
    },
    "gaussian": {
        "sigma": POSITIVE,
        "size": (*SIDE, 8),
        "border": NAME,
        "shift": (-1, 11, "a", INFINITE),
        "sigma_across": POSITIVE,
        "rotation": RANGE,
    },
    "bsrgan_blur": {"factor": FACTOR},
    "sinc": {"probability": PROBABILITY, "sizes": (*POSITIVE, [8, 21]), "cutoff": (*POSITIVE, [0, 1], [1, 3.2])},
    "motion": {"length": (*POSITIVE, [0, 3], [1, 1e9]), "angle": RANGE},
    "defocus": {"radius": (*POSITIVE, [1, 1e9])},
    "kernel_bank": {"file": ("nothing.npy", 3, None)},
    "sharpen": {
        "probability": PROBABILITY,
        "weight": (-1, INFINITE, "a"),
        "radius": SIDE,
        "threshold": (-0.1, 1.1, "a"),
    },
    "resize": {
        "kinds": KINDS,
        "factors": (*POSITIVE, [0, 1], [0.001, 1], [0.5, 9], [1.2, 1.5], [0.5, 0.9]),
        "methods": KINDS,
        "antialias": FLAG,
        "relative_to": NAME,
        "clip": FLAG,
    },
    "resize_to_scale": {"methods": KINDS, "antialias": FLAG, "clip": FLAG},
    "shrink": {"divisors": (*POSITIVE, [0.5, 2], [1, 65]), "methods": KINDS, "antialias": FLAG, "clip": FLAG},
    "decimate": {"factor": FACTOR, "first": (-1, 64, "a", 0.5)},
    "matlab_bicubic": {"factor": FACTOR, "clip": FLAG},
    "gaussian_noise": {"sigma": LEVELS, "grey_probability": PROBABILITY},
    "poisson_noise": {"strength": POSITIVE, "grey_probability": PROBABILITY},
    "gaussian_or_poisson": {
        "probability": PROBABILITY,
        "sigma": LEVELS,
        "strength": POSITIVE,
        "grey_probability": PROBABILITY,
    },
    "bsrgan_noise": {"level": LEVELS, "kinds": KINDS},
    "speckle_noise": {"level": LEVELS, "kinds": KINDS},
    "camera_noise": {"shot": (*POSITIVE, [0, 1], [1, 2]), "read": (*POSITIVE, [0, 1], [1, 2])},
    "noise_patches": {
        "folder": ("nothing", 3, None),
        "side": (0, 1, -1, 1.5, "a"),
        "variance": POSITIVE,
        "brightness": LEVELS,
    },
    "noise_bank": {"file": ("nothing.npy", 3, None), "growth": PROBABILITY},
    "learned": {"weights": (3, None, ["a"], True)},
    "jpeg": {
        "quality": (*POSITIVE, [0, 50], [50, 101]),
        "subsampling": NAME,
        "probability": PROBABILITY,
        "whole": FLAG,
        "tables": NAME,
        "differentiable": FLAG,
    },
    "webp": {"quality": (*POSITIVE, [0, 50], [50, 101]), "probability": PROBABILITY},
    "colour_shift": {"shift": (*RANGE, [-256, 0], [0, 256]), "gain": POSITIVE},
    "quantise": {"levels": (*POSITIVE, [1, 16], [2, 1e6]), "probability": PROBABILITY},
    "to_8_bit": {},
    "interlace": {"shift": POSITIVE, "probability": PROBABILITY},
    "halftone": {
        "period": (*POSITIVE, [1, 4]),
        "angle": RANGE,
        "hardness": POSITIVE,
        "probability": PROBABILITY,
    },
    "one_of": {
        "branches": ([], [3], "a", {"type": "jpeg"}, [["jpeg"]], [[{"typ": "jpeg"}]], [[{"type": "jpg"}]], None),
        "weights": ([], [1], [1, 1, 1], [0, 0], [-1, 2], ["a", 1], [True, 1], [INFINITE, 1], [float("nan"), 1], 3, {}),
    },
    "shuffled": {
        "operations": ([], [3], "a", [[]], [{"type": "jpg"}], None),
        "keep_order": ([0, 0], [5], [-1], ["a"], [[0]], [True], [0.5], 3, "a"),
        "per": ("image", 3, ["batch"], {}),
    },
}
FINE: dict[str, Any] = {
    "one_of": {"branches": [[{"type": "jpeg"}], []]},
    "shuffled": {"operations": [{"type": "jpeg"}, {"type": "webp"}]},
}
CASES = [(name, key, value) for name, keys in BAD.items() for key, values in keys.items() for value in values]


def test_the_table_has_every_parameter() -> None:
    for name, make in OPERATIONS.items():
        assert set(inspect.signature(make).parameters) - {"scale", "load_network"} == set(BAD[name]), name


@pytest.mark.parametrize(("name", "key", "value"), CASES, ids=lambda value: str(value)[:30])
def test_bad_values_are_refused_where_they_are(tree: Make, tmp_path: Any, name: str, key: str, value: Any) -> None:
    given = {"folder": str(_flat_photos(tmp_path))} if name == "noise_patches" else {}
    given |= {"file": str(_patches(tmp_path))} if name == "noise_bank" else {}
    row = {"type": name, **FINE.get(name, {}), **given, key: value}
    options = tree(data__train__degradation=[{"type": "to_8_bit"}, row, {"type": "resize_to_scale"}])
    with pytest.raises(UserError) as caught:
        maker(validate(options, "run.yml"))
    assert str(caught.value).startswith(f"data.train.degradation.1 (type {name}): ") or name in FINE
    assert "data.train.degradation.1" in str(caught.value) and "\n" not in str(caught.value)
    assert key in str(caught.value)


def _flat_photos(folder: Any) -> Any:
    from PIL import Image

    Image.fromarray(np.full((64, 64, 3), 90, np.uint8)).save(folder / "flat.png")
    return folder


def _patches(folder: Any) -> Any:
    np.save(folder / "noise.npy", np.zeros((2, 3, 8, 8), np.float32))
    return folder / "noise.npy"


@pytest.mark.parametrize(
    ("row", "side"),
    [
        ({"type": "blur", "sizes": [7, 301]}, 301),
        ({"type": "sinc", "sizes": [301, 301]}, 301),
        ({"type": "gaussian", "size": 301}, 301),
        ({"type": "motion", "length": [1, 301]}, 301),
        ({"type": "defocus", "radius": [1, 150.5]}, 301),
        ({"type": "sharpen", "radius": 300}, 301),
        ({"type": "kernel_bank"}, 301),
    ],
)
def test_a_kernel_larger_than_the_image(tree: Make, tmp_path: Any, row: dict[str, Any], side: int) -> None:
    """The images are crops with their margin: what is beyond would be mirrored again and again."""
    if row["type"] == "kernel_bank":
        np.save(tmp_path / "kernels.npy", np.ones((1, side, side), np.float32))
        row = {**row, "file": str(tmp_path / "kernels.npy")}
    rows, where = [row, {"type": "resize_to_scale"}], rf"data\.train\.degradation\.0 \(type {row['type']}\)"
    for margin, room in ((72, 160), (142, 300)):
        options = tree(data__train__degradation=rows, data__train__margin=margin)
        with pytest.raises(OptionsError, match=rf"{where}: its kernel has {side} pixels .* the images have {room},"):
            maker(validate(options, "run.yml"))
    maker(validate(tree(data__train__degradation=rows, data__train__margin=144), "run.yml"))


@pytest.mark.parametrize("when", [-0.1, 1.1, "often", [0.5], {"from": 0}, {"from": 0, "to": 1.2, "over": 5}])
@pytest.mark.parametrize("inner", [False, True])
def test_chances_that_are_none(tree: Make, when: Any, inner: bool) -> None:
    row = {"type": "jpeg", "when": when}
    rows = [{"type": "one_of", "branches": [[row]]} if inner else row, {"type": "resize_to_scale"}]
    with pytest.raises(OptionsError, match=r"data\.train\.degradation\.0.*when"):
        maker(validate(tree(data__train__degradation=rows), "run.yml"))


@pytest.mark.parametrize(
    "asked", [{"type": "jpeg"}, 3, [3], ["jpeg"], [{"quality": [1, 2]}], [[{"type": "jpeg"}]], "", []]
)
def test_what_is_no_pipeline(tree: Make, asked: Any) -> None:
    with pytest.raises(OptionsError, match=r"data\.train\.degradation"):
        maker(validate(tree(data__train__degradation=asked), "run.yml"))


@pytest.mark.parametrize("margin", [-2, 1.5, "a", 3])
def test_margins_that_are_none(tree: Make, margin: Any) -> None:
    with pytest.raises(OptionsError, match=r"data\.train\.margin"):
        maker(validate(tree(data__train__degradation="bicubic", data__train__margin=margin), "run.yml"))
