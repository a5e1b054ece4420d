import math

import pytest

from gansr.evaluation.compared import Entry, best, contrasts, labels, statistics_of
from gansr.evaluation.scores import Row, Scores
from gansr.evaluation.statistics import mean_interval, signed_rank
from gansr.metrics import METRICS

PSNR, LOW = METRICS["psnr"](4), METRICS["psnr"](4)
LOW.higher_is_better = False  # type: ignore[misc]


def entry(name: str, psnr: dict[str, list[float]], scale: int = 4) -> Entry:
    rows = [
        Row((place, number), images, f"{images}{number}", {"psnr": value})
        for place, (images, values) in enumerate(psnr.items())
        for number, value in enumerate(values)
    ]
    return Entry(name, scale, Scores(rows, {"psnr": METRICS["psnr"](scale)}))


A = entry("a", {"set": [30.0, 31.0, 32.0], "one": [20.0]})
B = entry("b", {"set": [29.0, 29.0, 29.0], "one": [21.0]})
C = entry("c", {"set": [29.5, 29.5, 33.0], "one": [21.0]})
X2 = entry("x2", {"set": [35.0, 36.0, 37.0], "one": [21.0]}, scale=2)


def test_the_best_is_what_prints_best() -> None:
    assert best([30.004, 30.001, 29.99], PSNR) == {0, 1}
    assert best([30.004, 30.001, 29.99], LOW) == {2}
    assert best([math.nan, 2.0, 1.0], PSNR) == {1} and best([math.inf, 2.0], PSNR) == {0}
    assert best([30.0], PSNR) == best([30.001, 30.002], PSNR) == best([math.nan] * 2, PSNR) == set()


def test_every_pair_of_one_scale_is_tested_on_every_set_of_several_images() -> None:
    found = contrasts([A, B, X2, C])
    assert [(one.first, one.second, one.set, one.metric) for one in found] == [
        ("a", "b", "set", "psnr"),
        ("a", "c", "set", "psnr"),
        ("b", "c", "set", "psnr"),
    ]
    assert found[0].found.difference == 2 and found[0].found.p == signed_rank([1, 2, 3]) == 0.25
    assert found[0].corrected == pytest.approx(0.75)  # three pairs: Holm
    assert contrasts([A, X2]) == []


def test_names_as_short_as_they_can_be() -> None:
    assert labels(["runs/a/best.pth", "runs/b/best.pth", "bicubic"]) == {
        "runs/a/best.pth": "a/best.pth",
        "runs/b/best.pth": "b/best.pth",
        "bicubic": "bicubic",
    }
    assert labels(["runs/a/last.pth"]) == {"runs/a/last.pth": "last.pth"}
    assert labels(["best.pth", "a/best.pth"]) == {"best.pth": "best.pth", "a/best.pth": "a/best.pth"}
    assert labels(["a", "./a"]) == {"a": "a", "./a": "./a"}


def test_what_json_has_of_intervals_and_tests() -> None:
    found = contrasts([A, B])
    of_a, of_b = (statistics_of(one, found, seed=3) for one in (A, B))
    interval = mean_interval([30.0, 31.0, 32.0], 3)
    assert interval is not None
    assert of_a["intervals"] == {"set": {"psnr": [interval.low, interval.high]}, "one": {"psnr": None}}
    assert of_a["seed"] == 3
    shared = {"set": "set", "metric": "psnr", "images": 3, "p": 0.25, "p_corrected": 0.25}
    assert of_a["tests"] == [shared | {"against": "b", "difference": 2.0, "higher": 3, "lower": 0}]
    assert of_b["tests"] == [shared | {"against": "a", "difference": -2.0, "higher": 0, "lower": 3}]


def test_differences_that_json_lacks_are_words() -> None:
    perfect = entry("perfect", {"set": [math.inf, 31.0], "one": [1.0]})
    other = entry("other", {"set": [30.0, 31.0], "one": [1.0]})
    (test,) = statistics_of(perfect, contrasts([perfect, other]), 0)["tests"]
    assert test["difference"] == "inf" and test["higher"] == 1 and test["lower"] == 0
