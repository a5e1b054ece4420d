"""Schedules are functions of the step, worked out by hand."""

import math

import pytest

from gansr.training.schedule import SCHEDULES, constant, cosine, halving, linear, warmed_up


def test_constant() -> None:
    assert [constant()(step) for step in (0, 10**6)] == [1.0, 1.0]


def test_halving_from_each_milestone_onwards() -> None:
    schedule = halving((10, 20))
    assert [schedule(step) for step in (0, 9, 10, 19, 20, 99)] == [1, 1, 0.5, 0.5, 0.25, 0.25]
    assert halving((10,), factor=0.1)(10) == pytest.approx(0.1)


def test_cosine_goes_from_one_to_the_floor() -> None:
    schedule = cosine(100, floor=0.1)
    assert schedule(0) == 1.0
    assert schedule(50) == pytest.approx(0.55)
    assert schedule(25) == pytest.approx(0.1 + 0.9 * (1 + math.sqrt(0.5)) / 2)
    assert schedule(100) == schedule(150) == pytest.approx(0.1)


def test_cosine_restarts() -> None:
    schedule = cosine(400, periods=4)
    assert schedule(100) == schedule(0) == 1.0
    assert schedule(150) == pytest.approx(0.5)
    assert schedule(400) == pytest.approx(0.0)


def test_linear_starts_to_fall_where_it_is_told() -> None:
    schedule = linear(200, start=100)
    assert [schedule(step) for step in (0, 100, 150, 200, 300)] == pytest.approx([1, 1, 0.5, 0, 0])
    assert linear(200, start=100, floor=0.2)(150) == pytest.approx(0.6)


def test_warm_up_rises_on_a_line_and_never_starts_at_nothing() -> None:
    schedule = warmed_up(constant(), 4)
    assert [schedule(step) for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    assert warmed_up(halving((2,)), 0)(2) == 0.5


def test_every_row_makes_a_schedule_that_starts_at_the_full_rate() -> None:
    needed = {"constant": {}, "halving": {"at": (5,)}, "cosine": {"steps": 10}, "linear": {"steps": 10}}
    assert {name: make(**needed[name])(0) for name, make in SCHEDULES.items()} == dict.fromkeys(needed, 1.0)
