"""Numbers that change with the step, anywhere in a tree of options."""

from typing import Any

import pytest

from gansr.build.degrading import ramps
from gansr.errors import OptionsError

TREE = {"sigma": {"from": [0.2, 1], "to": [0.2, 3.0], "over": 10, "start": 4}, "rows": [{"when": 0.5}, "reflect"]}


@pytest.mark.parametrize(("step", "upper"), [(0, 1), (4, 1), (9, 2.0), (14, 3.0), (99, 3.0)])
def test_a_tree_at_a_step(step: int, upper: float) -> None:
    assert ramps.at(TREE, step) == {"sigma": pytest.approx([0.2, upper]), "rows": [{"when": 0.5}, "reflect"]}


def test_mappings_and_whole_numbers() -> None:
    ramp = {"from": {"up": 0, "keep": 7}, "to": {"up": 1, "keep": 7}, "over": 4}
    assert [ramps.at(ramp, step)["up"] for step in range(6)] == [0, 0.25, 0.5, 0.75, 1, 1]
    assert all(isinstance(ramps.at(ramp, step)["keep"], int) for step in range(6)), "what does not change stays whole"


def test_bends_are_found_however_deep() -> None:
    tree = [{"branches": [[{"when": {"from": 0, "to": 1, "over": 5}}]], "weights": {"from": [1], "to": [2], "over": 7}}]
    assert ramps.bends(tree, "here") == {0, 5, 7} and ramps.has_ramp(tree) and not ramps.has_ramp(TREE["rows"])
    assert ramps.bends(TREE, "here") == {4, 14} and ramps.bends([{"sigma": [1, 2]}], "here") == set()


def test_telling_steps() -> None:
    assert ramps.telling(set()) == [0]
    assert ramps.telling({100, 300}) == [0, 100, 300, 1, 50, 99, 102, 200, 298]


@pytest.mark.parametrize(
    ("ramp", "message"),
    [
        ({"from": 1, "to": 2}, r"here\.sigma: over: is missing"),
        ({"from": 1, "to": 2, "over": 0}, r"here\.sigma: over: .*greater than 0"),
        ({"from": 1, "to": 2, "over": 5, "stat": 3}, r"here\.sigma: stat: there is no such key\. Did you mean 'start'"),
        ({"from": [0.2, 1], "to": [0.2], "over": 5}, r"here\.sigma: it goes from \(0\.2, 1\) to \(0\.2\)"),
        ({"from": [0.2, 1], "to": 3, "over": 5}, r"here\.sigma: it goes from \(0\.2, 1\) to 3"),
        ({"from": {"up": 1}, "to": {"down": 1}, "over": 5}, r"mappings with the same keys"),
        ({"from": "a", "to": "b", "over": 5}, r"it goes from a to b"),
        ({"from": False, "to": True, "over": 5}, r"it goes from False to True"),
    ],
)  # fmt: skip
def test_ends_that_do_not_fit(ramp: Any, message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        ramps.bends({"sigma": ramp}, "here")
