"""What presets draw, parameter by parameter, against the published tables; by their record of what was done."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import pytest
import torch
from scipy import stats

from gansr.build.degrading.degradations import pipeline
from gansr.data.degradations.blurs.blur import gaussian
from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.record import Record

Operations = list[dict[str, Any]]
MANY = 3000
CERTAIN = 1e-3  # of p-values; seeds are fixed, so what passes once always does
METHODS = ("area", "bilinear", "bicubic")
OPENCV = ("opencv_area", "bilinear", "bicubic")
SIZES = range(7, 22, 2)


@cache
def drawn(preset: str, scale: int = 4) -> list[Operations]:
    """What was done to each of many samples, which are as small as can be: nothing drawn depends on pixels."""
    record = Record(MANY)
    window = torch.zeros(1, 3, 2 * scale, 2 * scale).expand(MANY, -1, -1, -1)
    pipeline(preset, scale)(Canvas.of(window), Draws(MANY, 5, record=record))
    return record.samples


def evenly(found: Iterable[float], low: float, high: float) -> bool:
    """None beyond the ends, but for the record's rounding, and none of them more often."""
    values = list(found)
    inside = min(values) >= low - 1e-3 * abs(low) and max(values) <= high + 1e-3 * abs(high)
    return inside and len(values) > 50 and stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > CERTAIN


def shares(kinds: Iterable[Any], expected: dict[Any, float]) -> bool:
    """Nothing but what is expected, and as often."""
    counts = Counter(kinds)
    total, weights = sum(counts.values()), sum(expected.values())
    if not counts.keys() <= expected.keys():
        return False
    found = [counts[kind] for kind in expected]
    return stats.chisquare(found, [total * weight / weights for weight in expected.values()]).pvalue > CERTAIN


def alike(kinds: Iterable[Any]) -> dict[Any, float]:
    return dict.fromkeys(kinds, 1.0)


def of_type(name: str, samples: Iterable[Operations]) -> Operations:
    return [row for operations in samples for row in operations if row["type"] == name]


def values(rows: Operations, name: str, **having: Any) -> list[Any]:
    chosen = [row for row in rows if all(row.get(key) == value for key, value in having.items())]
    return [row[name] for row in chosen if name in row]


# Real-ESRGAN: options/train_realesrgan_x4plus.yml and realesrgan_dataset.py of its authors


def orders_of_real_esrgan() -> tuple[list[Operations], list[Operations], list[Operations]]:
    """First order, second order up to its noise, and the end."""
    first, second, end = [], [], []
    for operations in drawn("real_esrgan"):
        cuts = [place for place, row in enumerate(operations) if row["type"] == "gaussian_or_poisson"]
        first.append(operations[: cuts[0] + 2])  # and JPEG
        second.append(operations[cuts[0] + 2 : cuts[1] + 1])
        end.append(operations[cuts[1] + 1 :])
    return first, second, end


@pytest.mark.parametrize(("number", "probability", "sigma"), [(0, 1.0, 3.0), (1, 0.8, 1.5)])
def test_blur_of_real_esrgan(number: int, probability: float, sigma: float) -> None:
    rows = of_type("blur", orders_of_real_esrgan()[number])
    assert abs(len(rows) / MANY - probability) < 0.03
    kinds = {"isotropic": 0.45, "anisotropic": 0.25, "generalised_isotropic": 0.12, "generalised_anisotropic": 0.03}
    kinds |= {"plateau_isotropic": 0.12, "plateau_anisotropic": 0.03}
    expected = {"sinc": 0.1} | {kind: 0.9 * share for kind, share in kinds.items()}
    assert shares(values(rows, "kind"), expected) and shares(values(rows, "size"), alike(SIZES))
    assert evenly(values(rows, "sigma", kind="isotropic"), 0.2, sigma)
    for axis in zip(*values(rows, "sigma", kind="anisotropic"), strict=True):
        assert evenly(axis, 0.2, sigma)
    assert evenly(values(rows, "rotation"), -math.pi, math.pi)
    for kind, most in (("generalised_isotropic", 4), ("plateau_isotropic", 2)):
        beta = values(rows, "beta", kind=kind)
        below = [value for value in beta if value < 1]
        if kind == "generalised_isotropic":
            assert abs(len(below) / len(beta) - 0.5) < 0.1 and evenly(below, 0.5, 1)
        else:
            assert not below and abs(beta.count(1.0) / len(beta) - 0.5) < 0.1
        assert evenly((value for value in beta if value > 1), 1, most)
    rings = [row for row in rows if row["kind"] == "sinc"]
    assert all("sigma" not in row and "beta" not in row for row in rings)
    assert evenly((row["cutoff"] for row in rings if row["size"] < 13), math.pi / 3, math.pi)
    assert evenly((row["cutoff"] for row in rings if row["size"] >= 13), math.pi / 5, math.pi)


@pytest.mark.parametrize(
    ("number", "up", "down", "keep", "least", "most"), [(0, 0.2, 0.7, 0.1, 0.15, 1.5), (1, 0.3, 0.4, 0.3, 0.3, 1.2)]
)
def test_resize_of_real_esrgan(number: int, up: float, down: float, keep: float, least: float, most: float) -> None:
    rows = of_type("resize", orders_of_real_esrgan()[number])
    factors = values(rows, "factor")
    assert len(rows) == MANY and shares(values(rows, "method"), alike(METHODS))
    assert shares((math.copysign(factor != 1, factor - 1) for factor in factors), {1.0: up, -1.0: down, 0.0: keep})
    assert evenly((factor for factor in factors if factor > 1), 1, most)
    assert evenly((factor for factor in factors if factor < 1), least, 1)


@pytest.mark.parametrize(("number", "sigma", "strength"), [(0, 30, 3), (1, 25, 2.5)])
def test_noise_of_real_esrgan(number: int, sigma: float, strength: float) -> None:
    rows = of_type("gaussian_or_poisson", orders_of_real_esrgan()[number])
    assert len(rows) == MANY and shares(values(rows, "kind"), alike(("gaussian", "poisson")))
    for kind in ("gaussian", "poisson"):
        assert shares(values(rows, "grey", kind=kind), {True: 0.4, False: 0.6})
    assert evenly(values(rows, "sigma"), 1, sigma) and evenly(values(rows, "strength"), 0.05, strength)
    assert not values(rows, "sigma", kind="poisson") and not values(rows, "strength", kind="gaussian")


def test_compression_and_end_of_real_esrgan() -> None:
    first, _, end = orders_of_real_esrgan()
    for samples in (first, end):
        qualities = values(of_type("jpeg", samples), "quality")
        assert len(qualities) == MANY and evenly(qualities, 30, 95)
    ways = Counter("".join(row["type"][0] for row in operations) for operations in end)
    expected = {"rsjt": 0.4, "rjt": 0.1, "jrst": 0.4, "jrt": 0.1}  # resize, sinc, JPEG, to 8 bits
    assert shares(ways.elements(), expected)
    assert shares(values(of_type("resize_to_scale", end), "method"), alike(METHODS))
    rings = of_type("sinc", end)
    assert shares(values(rings, "size"), alike(SIZES)) and evenly(values(rings, "cutoff"), math.pi / 3, math.pi)


# BSRGAN: utils/utils_blindsr.py of KAIR, its authors'

SIZE_CHANGES = ("shrink", "decimate", "matlab_bicubic", "resize_to_scale")
LETTERS = {"bsrgan_blur": "B", "shrink": "D", "decimate": "D", "resize_to_scale": "R", "bsrgan_noise": "N", "jpeg": "J"}


def bsrgan_halved_or_not(scale: int = 4) -> dict[bool, list[Operations]]:
    """Samples by whether they were halved first, without that step."""
    found: dict[bool, list[Operations]] = {True: [], False: []}
    for operations in drawn("bsrgan", scale):
        halved = sum(row["type"] in SIZE_CHANGES for row in operations) == 3
        found[halved].append(operations[halved:])
    return found


def test_bsrgan_halves_a_quarter_at_x4_alone() -> None:
    halved = bsrgan_halved_or_not()[True]
    assert abs(len(halved) / MANY - 0.25) < 0.03
    first = [operations[0] for operations in drawn("bsrgan") if operations[0]["type"] in ("matlab_bicubic", "shrink")]
    ways = [row for row in first if row["type"] == "matlab_bicubic" or row["divisor"] == 2]
    assert len(ways) == len(halved) and shares((row["type"] for row in ways), alike(("matlab_bicubic", "shrink")))
    assert shares(values(ways, "method"), alike(OPENCV))
    assert not bsrgan_halved_or_not(2)[True]


@pytest.mark.parametrize("scale", [2, 4])
def test_bsrgan_goes_every_order(scale: int) -> None:
    """Uniformly, but the last change of size comes after the other; JPEG among them 9 times of 10, and at the end."""
    orders = []
    for operations in (one for samples in bsrgan_halved_or_not(scale).values() for one in samples):
        assert [row["type"] for row in operations[-2:]] == ["jpeg", "to_8_bit"]
        orders.append("".join(LETTERS.get(row["type"], "") for row in operations[:-2]))
    assert all(order.index("D") < order.index("R") for order in orders)
    complete = [order for order in orders if "J" in order]
    assert abs(len(complete) / MANY - 0.9) < 0.02
    counts = Counter(complete)
    assert len(counts) == 180 and all(sorted(order) == list("BBDJNR") for order in counts)
    assert stats.chisquare(list(counts.values())).pvalue > CERTAIN


@pytest.mark.parametrize(("scale", "halved", "factor"), [(4, False, 4), (4, True, 2), (2, False, 2)])
def test_bsrgan_blurs_and_shrinks_by_what_is_left(scale: int, halved: bool, factor: int) -> None:
    samples = bsrgan_halved_or_not(scale)[halved]
    blurs = of_type("bsrgan_blur", samples)
    assert len(blurs) == 2 * len(samples) and shares(values(blurs, "size"), alike(range(7, 26, 2)))
    turned = [row for row in blurs if "rotation" in row]
    assert shares(("rotation" in row for row in blurs), alike((True, False)))
    assert evenly((row["sigma"] for row in blurs if "rotation" not in row), 0, 2 + 0.2 * factor)
    assert evenly((row["rotation"] for row in turned), 0, math.pi)
    for axis in (0, 1):
        assert evenly((row["sigma"][axis] ** 2 for row in turned), 0, 4 + factor)
    shrunk, kernels = of_type("shrink", samples), of_type("gaussian", samples)
    assert len(kernels) == len(of_type("decimate", samples)) == len(samples) - len(shrunk)
    assert abs(len(shrunk) / len(samples) - 0.75) < 0.05
    assert evenly(values(shrunk, "divisor"), 1, 2 * factor) and shares(values(shrunk, "method"), alike(OPENCV))
    assert evenly(values(kernels, "sigma"), 0.1, 0.6 * factor)
    assert shares(values(of_type("resize_to_scale", samples), "method"), alike(OPENCV))


def test_bsrgan_noise_and_compression() -> None:
    samples = drawn("bsrgan")
    noises = of_type("bsrgan_noise", samples)
    assert len(noises) == MANY and shares(values(noises, "kind"), {"colour": 0.4, "grey": 0.4, "correlated": 0.2})
    assert shares(values(noises, "level"), alike(range(2, 26))) and not values(noises, "level", kind="correlated")
    files = of_type("jpeg", samples)
    assert shares(values(files, "quality"), alike(float(quality) for quality in range(30, 96)))


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("bicubic", [{"type": "matlab_bicubic"}]),
        (
            "bicubic_noise",
            [{"type": "matlab_bicubic"}, {"type": "gaussian_noise", "kind": "gaussian", "grey": False, "sigma": 30.0}],
        ),
        ("blur_bicubic", [{"type": "gaussian", "sigma": 1.6}, {"type": "decimate"}]),
    ],
)
def test_presets_without_choice(preset: str, expected: Sequence[Operations]) -> None:
    assert drawn(preset) == [expected] * MANY


@pytest.mark.parametrize(("scale", "first"), [(2, 1), (3, 1), (4, 2)])
def test_blur_bicubic_keeps_the_pixel_that_matlab_does(scale: int, first: int) -> None:
    """`imresize(x, 1/s, 'nearest')` takes pixel ceil(s (i - 1/2) + 1/2) of i = 1, 2, ... (for s = 3 the middle one)."""
    image = torch.rand(1, 3, 8 * scale, 6 * scale, generator=torch.Generator().manual_seed(0))
    found = pipeline("blur_bicubic", scale)(Canvas.of(image), Draws(1, 0)).image
    blurred = gaussian((1.6, 1.6), 7, "replicate")(Canvas.of(image), Draws(1, 0)).image
    assert torch.equal(found, blurred[..., first::scale, first::scale])
