"""What is measured when, what is the best, and when it is enough."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from gansr.build.watching.validation import Validation, best
from gansr.errors import OptionsError
from gansr.options.load import validate

Run = Callable[..., Any]
HIGH, LOW = SimpleNamespace(higher_is_better=True), SimpleNamespace(higher_is_better=False)
METRICS: Any = {"psnr": HIGH, "distance": LOW}


def options(tree: Run, **changes: Any) -> Any:
    rows = {"psnr": {"type": "psnr"}, "distance": {"type": "niqe"}}
    return validate(tree(**{"validation__metrics": rows, **changes}), "run.yml")


def test_metrics_are_due_at_their_own_steps_and_all_after_the_last(tree: Run) -> None:
    rows = {"psnr": {"type": "psnr"}, "distance": {"type": "niqe", "every": 4}}
    given = options(tree, validation__metrics=rows, validation__every=3, train__steps=13)
    one = Validation(given, [], {}, accelerator=None)  # pyright: ignore[reportArgumentType]
    due = {step: one.due(step) for step in range(1, 14) if one.due(step)}
    both = ["psnr", "distance"]
    assert due == {3: ["psnr"], 4: ["distance"], 6: ["psnr"], 8: ["distance"], 9: ["psnr"], 12: both, 13: both}


@pytest.mark.parametrize(
    ("asked", "followed", "higher"),
    [(None, "judge/psnr", True), ("judge/psnr", "judge/psnr", True), ("judge/distance", "judge/distance", False)],
)
def test_one_metric_is_best_in_its_own_direction(tree: Run, asked: str | None, followed: str, higher: bool) -> None:
    found = best(options(tree, checkpoints__best=asked), METRICS)
    assert (found.metric, found.higher_is_better) == (followed, higher)


def test_without_sets_nothing_is_best(tree: Run) -> None:
    assert best(options(tree, data__validation={}), {}).metric is None


def test_a_sum_is_best_when_it_is_high(tree: Run) -> None:
    weights = {"judge/psnr": 1.0, "judge/distance": -20.0}
    found = best(options(tree, checkpoints__best=weights), METRICS)
    assert found.metric == weights and found.higher_is_better


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"judge/psnr": 1.0, "judge/distance": 20.0}, r"of judge/distance, lower is better, .* below 0; found 20\."),
        ({"judge/psnr": -1.0}, r"of judge/psnr, higher is better, so its weight must be above 0; found -1\."),
    ],
)
def test_a_weight_with_the_wrong_sign_is_refused(tree: Run, weights: dict[str, float], message: str) -> None:
    with pytest.raises(OptionsError, match=r"checkpoints\.best: " + message):
        best(options(tree, checkpoints__best=weights), METRICS)
