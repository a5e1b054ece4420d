"""Means of reports, and since when they are none."""

import io
import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from gansr.training.meter import Meter

ALONE: Any = SimpleNamespace(reduce=lambda values, reduction: values)


def test_meter_gives_means_since_the_last_reading() -> None:
    meter = Meter()
    assert meter.read(ALONE) == {}
    for value in (1.0, 2.0, 6.0):
        meter.add({"a": torch.tensor(value, requires_grad=True), "b": torch.tensor(2 * value, dtype=torch.float64)}, 0)
    assert meter.read(ALONE) == {"a": 3, "b": 6}
    meter.add({"a": torch.tensor(5.0)}, 0)
    assert meter.read(ALONE) == {"a": 5}


def test_meter_divides_each_sum_by_its_own_count() -> None:
    meter = Meter()
    meter.add({"always": torch.tensor(1.0), "rarely": torch.tensor(8.0)}, 0)
    meter.add({"always": torch.tensor(3.0)}, 0)
    assert meter.read(ALONE) == {"always": 2, "rarely": 8}


def test_meter_does_not_change_the_report() -> None:
    meter, value = Meter(), torch.tensor(1.0)
    meter.add({"a": value}, 0)
    meter.add({"a": torch.tensor(1.0)}, 0)
    assert value == 1


def test_meter_names_what_is_not_finite_and_since_when() -> None:
    """Noticed at the end, the first micro-batch is still known: of each value its own, though later ones are well."""
    meter = Meter()
    assert meter.not_finite() == {}
    good, nan, infinite = torch.tensor(1.0), torch.tensor(math.nan), torch.tensor(-math.inf)
    rows = [(good, good, good), (good, nan, good), (good, infinite, infinite), (good, good, nan), (good, good, good)]
    for number, (a, b, c) in enumerate(rows, start=1200):
        meter.add({"a": a, "b": b, "c": c}, number)
    assert meter.not_finite() == {"b": 1201, "c": 1202}


def test_meter_follows_a_value_that_is_reported_now_and_then() -> None:
    meter = Meter()
    meter.add({"always": torch.tensor(1.0)}, 0)
    meter.add({"always": torch.tensor(1.0), "rarely": torch.tensor(math.nan)}, 1)
    meter.add({"rarely": torch.tensor(math.nan), "always": torch.tensor(math.nan)}, 2)
    assert meter.not_finite() == {"rarely": 1, "always": 2}


def test_meter_tells_of_a_sum_that_overflows() -> None:
    """Each value is finite, and their mean would be infinite."""
    meter = Meter()
    for number in range(3):
        meter.add({"a": torch.tensor(3e38)}, number)
    assert meter.not_finite() == {"a": 1}


def test_meter_adds_an_empty_report() -> None:
    meter = Meter()
    meter.add({}, 0)
    assert meter.not_finite() == {} and meter.read(ALONE) == {}


@pytest.mark.parametrize("saved_at", range(6))
def test_meter_counts_on_exactly_after_a_checkpoint(saved_at: int) -> None:
    """Saved anywhere between two log lines, it ends as one that was not."""
    values = [1.0, 2.0, math.nan, 4.0, math.inf, 6.0]
    whole, part = Meter(), Meter()
    for number, value in enumerate(values):
        if number == saved_at:
            file = io.BytesIO()
            torch.save(part.state_dict(), file)
            file.seek(0)
            part = Meter()
            part.load_state_dict(torch.load(file, weights_only=True))
        for meter in (whole, part):
            meter.add({"a": torch.tensor(value), "b": torch.tensor(value / 3 if number < 4 else math.nan)}, number)
    assert whole.not_finite() == part.not_finite() == {"a": 2, "b": 2}
    states = [meter.state_dict() for meter in (whole, part)]
    assert states[0]["counts"] == states[1]["counts"]
    for kind in ("sums", "first"):
        for name, value in states[0][kind].items():
            torch.testing.assert_close(states[1][kind][name], value, rtol=0, atol=0, equal_nan=True)


def test_meter_goes_on_from_a_checkpoint_of_the_version_before() -> None:
    meter = Meter()
    meter.load_state_dict({"sums": {"a": torch.tensor(1.0)}, "counts": {"a": 1}})
    meter.add({"a": torch.tensor(math.nan)}, 7)
    assert meter.not_finite() == {"a": 7}


def test_meter_never_waits_for_the_device() -> None:
    """On the meta device there is no value to wait for: whatever asks for one fails."""
    meter = Meter()
    for number in range(3):
        scalar, many = torch.empty((), device="meta"), torch.empty(2, 3, device="meta")
        meter.add({"a": scalar, "b": scalar, "c": many}, number)
    assert meter.first["a"].is_meta and meter.sums["b"].is_meta
    with pytest.raises((NotImplementedError, RuntimeError)):
        meter.not_finite()


def test_meter_keeps_the_newest_of_what_is_no_scalar() -> None:
    """It is told apart, once, and is no part of means, of what is not finite, or of a checkpoint."""
    meter = Meter()
    for number in range(2):
        logits = torch.arange(4.0, requires_grad=True).view(2, 1, 2) + 10 * number
        meter.add({"a": torch.tensor(1.0), "logits": logits, "empty": torch.zeros(0)}, number)
    meter.add({"one": torch.full((1, 1), math.nan, dtype=torch.bfloat16)}, 2)
    assert set(meter.state_dict()) == {"sums", "counts", "first"} and meter.not_finite() == {}
    assert meter.read(ALONE) == {"a": 1}
    spread = meter.spread()
    assert spread.keys() == {"logits", "one"}
    assert spread["logits"].tolist() == [10, 11, 12, 13] and not spread["logits"].requires_grad
    assert spread["one"].dtype == torch.float32 and spread["one"].shape == (1,)
    assert meter.spread() == {}


@pytest.mark.parametrize("count", [1, 9, 10, 11, 20, 25])
def test_of_very_many_numbers_a_part_is_kept(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gansr.training.meter.SPREAD", 10)
    meter = Meter()
    meter.add({"logits": torch.arange(count)}, 0)
    found = meter.spread()["logits"]
    assert found.tolist() == list(range(0, count, {20: 2, 25: 3, 11: 2}.get(count, 1))) and len(found) <= 10


def test_meter_goes_on_from_its_state() -> None:
    meter, other = Meter(), Meter()
    meter.add({"a": torch.tensor(1.0)}, 0)
    other.load_state_dict(meter.state_dict())
    other.add({"a": torch.tensor(3.0)}, 0)
    assert other.read(ALONE) == {"a": 2}


def test_meter_shares_the_mean_of_all_processes() -> None:
    """A checkpoint holds the first process's sums: they must speak for all."""
    two: Any = SimpleNamespace(
        num_processes=2, reduce=lambda values, reduction: (values + values.new_tensor([3, 5])) / 2
    )
    meter = Meter()
    meter.add({"a": torch.tensor(1.0), "b": torch.tensor(1.0)}, 0)
    meter.share(two)
    assert meter.read(ALONE) == {"a": 2, "b": 3}


def test_meter_goes_on_on_another_device_than_the_state_came_from() -> None:
    meter = Meter()
    meter.load_state_dict({"sums": {"a": torch.tensor(1.0)}, "counts": {"a": 1}, "first": {"a": torch.tensor(-1)}})
    meter.add({"a": torch.tensor(1.0, device="meta")}, 0)
    assert meter.sums["a"].is_meta and meter.first["a"].is_meta
