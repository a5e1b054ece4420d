"""The loop with a recipe of paper: what happens when, and what stops it."""

import math
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from gansr.errors import DataError, StorageError, TrainingError
from gansr.training import loop
from gansr.training.interrupt import Interrupt
from gansr.training.loop import Intervals, Loop, Progress


class FakeAccelerator:
    """One process: counts micro-batches as Accelerate does."""

    device = torch.device("cpu")
    num_processes = 1
    process_index = 0

    def __init__(self, accumulate: int = 1) -> None:
        self.gradient_accumulation_steps, self.taken, self.sync_gradients = accumulate, 0, True

    @contextmanager
    def accumulate(self, *networks: Any) -> Iterator[None]:
        self.taken += 1
        self.sync_gradients = self.taken % self.gradient_accumulation_steps == 0
        yield

    def reduce(self, values: Tensor, reduction: str) -> Tensor:
        return values


class FakeRecipe:
    """Reports the batch it is given, and notes the pace it is told."""

    losses: Any = None
    memory: Mapping[str, Any] = {}

    def __init__(self, at: dict[int, Any] | None = None) -> None:
        self.seen: list[int] = []
        self.steps: list[int] = []
        self.paces: list[float] = []
        self.at = at or {}
        self.players: Any = (SimpleNamespace(prepared={}, pace=self.paces.append),)

    def step(self, batch: int, step: int) -> dict[str, Tensor]:
        self.seen.append(batch)
        self.steps.append(step)
        value = self.at.get(batch, float(batch))
        return {"loss/pixel": torch.tensor(float(value() if callable(value) else value))}


class Notes:
    """A loop over fakes, and all it did, in order."""

    def __init__(self, recipe: FakeRecipe, steps: int = 10, accumulate: int = 1, start: int = 0, **every: int) -> None:
        self.done: list[tuple[Any, ...]] = []
        self.started: list[int] = []
        self.closed = 0
        intervals = Intervals(steps, every.get("log", 100), every.get("validate", 100), every.get("save", 100))
        self.loop = Loop(
            FakeAccelerator(accumulate),  # pyright: ignore[reportArgumentType]
            recipe,
            lambda step: 10.0 * step,
            self.batches,
            intervals,
            lambda step, values: self.done.append(("log", step, values)),
            lambda step: self.done.append(("validate", step)),
            lambda step: self.done.append(("save", step)),
            Progress(start),
        )

    def batches(self, start: int) -> Iterator[int]:
        self.started.append(start)
        try:
            while True:
                yield start
                start += 1
        finally:
            self.closed += 1


def test_everything_when_it_is_due_and_at_the_end() -> None:
    recipe = FakeRecipe()
    notes = Notes(recipe, steps=7, log=2, validate=3, save=4)
    assert notes.loop.run()
    assert notes.done == [
        ("log", 2, {"loss/pixel": 0.5}),
        ("validate", 3),
        ("log", 4, {"loss/pixel": 2.5}),
        ("save", 4),
        ("log", 6, {"loss/pixel": 4.5}),
        ("validate", 6),
        ("log", 7, {"loss/pixel": 6}),
        ("validate", 7),
        ("save", 7),
    ]
    assert recipe.seen == [0, 1, 2, 3, 4, 5, 6]
    assert recipe.paces == [0, 10, 20, 30, 40, 50, 60], "the schedule is a function of the steps taken so far"
    assert notes.closed == 1


def test_several_intervals_between_validations() -> None:
    notes = Notes(FakeRecipe(), steps=11)
    notes.loop.intervals = Intervals(11, 100, (4, 6), 100)
    assert notes.loop.run()
    assert [step for what, step, *_ in notes.done if what == "validate"] == [4, 6, 8, 11]


def test_enough_ends_the_run_after_a_validation_and_saves() -> None:
    """Asked before the first step and after validations alone; what is due at the last step is not due now."""
    recipe, asked = FakeRecipe(), []
    notes = Notes(recipe, steps=20, validate=3, log=4)
    notes.loop.enough = lambda: asked.append(notes.loop.progress.step) or notes.loop.progress.step >= 5
    assert notes.loop.run() and notes.loop.satisfied and not notes.loop.interrupted
    assert asked == [0, 3, 6] and recipe.seen == [0, 1, 2, 3, 4, 5] and notes.closed == 1
    assert notes.done == [("validate", 3), ("log", 4, {"loss/pixel": 1.5}), ("validate", 6), ("save", 6)]


def test_enough_is_enough_when_a_run_is_taken_up_again() -> None:
    recipe = FakeRecipe()
    notes = Notes(recipe, steps=20, start=6)
    notes.loop.enough = lambda: True
    assert notes.loop.run() and not recipe.seen and not notes.done and not notes.started


def test_a_signal_with_the_last_validation_is_told_too() -> None:
    notes = Notes(FakeRecipe(at={2: lambda: os.kill(os.getpid(), signal.SIGTERM) or 1.0}), validate=3)
    notes.loop.enough = lambda: notes.loop.progress.step == 3
    assert notes.loop.run() and notes.loop.interrupted
    assert notes.done == [("validate", 3), ("save", 3)]


def test_enough_of_one_process_ends_all() -> None:
    notes = Notes(FakeRecipe(), validate=2)
    accelerator: Any = notes.loop.accelerator
    accelerator.num_processes = 2
    flags = iter([0.0, 0.0, 0.0, 1.0])  # step 2: nonsense? enough?; step 4: nonsense? enough?
    accelerator.reduce = lambda values, reduction: torch.tensor(next(flags))
    assert notes.loop.run() and notes.loop.satisfied
    assert notes.done == [("validate", 2), ("validate", 4), ("save", 4)]


def test_micro_batches_add_up_to_a_step() -> None:
    recipe = FakeRecipe()
    notes = Notes(recipe, steps=3, accumulate=4, log=2)
    assert notes.loop.run()
    assert recipe.seen == list(range(12))
    assert notes.done[0] == ("log", 2, {"loss/pixel": 3.5})
    assert recipe.paces == [0] * 4 + [10] * 4 + [20] * 4
    assert notes.loop.progress.step == 3


def test_goes_on_where_it_stood() -> None:
    recipe = FakeRecipe()
    notes = Notes(recipe, steps=6, accumulate=2, start=4)
    assert notes.loop.run()
    assert notes.started == [8] and recipe.seen == [8, 9, 10, 11] and recipe.paces == [40, 40, 50, 50]


def test_nothing_is_left_to_do() -> None:
    recipe = FakeRecipe()
    notes = Notes(recipe, steps=6, start=6)
    assert notes.loop.run()
    assert not recipe.seen and not notes.done and not notes.started


@pytest.mark.parametrize("nonsense", [math.nan, math.inf])
@pytest.mark.parametrize("due", ["log", "validate", "save"])
def test_a_loss_that_is_not_finite_is_named_and_nothing_is_saved(nonsense: float, due: str) -> None:
    notes = Notes(FakeRecipe(at={3: nonsense}), **{due: 5})
    with pytest.raises(
        TrainingError, match=r"step 5: the loss 'pixel' is no longer finite \(first at step 4\)\. No ch"
    ):
        notes.loop.run()
    assert notes.done == [] and notes.closed == 1


def asked(notes: Notes) -> list[tuple[int, list[str]]]:
    """What the loop asks the autopsy from now on."""
    questions: list[tuple[int, list[str]]] = []
    notes.loop.autopsy = lambda micro_batch, names: questions.append((micro_batch, names)) or "Its images: a, b."
    return questions


def test_the_first_bad_step_is_found_though_noticed_later() -> None:
    notes = Notes(FakeRecipe(at={1203: math.nan, 1207: math.inf}), steps=2000, start=1190, log=50)
    questions = asked(notes)
    with pytest.raises(TrainingError) as error:
        notes.loop.run()
    assert questions == [(1203, ["loss/pixel"])]
    assert str(error.value) == (
        "step 1250: the loss 'pixel' is no longer finite (first at step 1204). Its images: a, b. No checkpoint was "
        "made of it; the last one is sound. Usual remedies: a smaller train.lr, train.clip: 1, train.warm_up: 1000, or "
        "train.precision: fp32."
    )


def test_the_first_bad_micro_batch_of_a_step_is_found() -> None:
    notes = Notes(FakeRecipe(at={9: math.nan}), accumulate=4, log=5)
    questions = asked(notes)
    with pytest.raises(TrainingError, match=r"step 5: .* \(first at step 3, micro-batch 2 of 4\)"):
        notes.loop.run()
    assert questions == [(9, ["loss/pixel"])]


def test_a_recipe_knows_how_many_steps_were_taken() -> None:
    recipe = FakeRecipe()
    Notes(recipe, steps=4, accumulate=2, start=1).loop.run()
    assert recipe.steps == [1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_step_and_saves(number: signal.Signals) -> None:
    def interrupted() -> float:
        os.kill(os.getpid(), number)
        return 2.0

    before = signal.getsignal(number)
    recipe = FakeRecipe(at={2: interrupted})
    notes = Notes(recipe, log=2)
    assert not notes.loop.run()
    assert recipe.seen == [0, 1, 2], "the step it came in is finished, and no other is begun"
    assert notes.done == [("log", 2, {"loss/pixel": 0.5}), ("save", 3)]
    assert signal.getsignal(number) == before and notes.closed == 1


def test_a_signal_amid_accumulation_waits_for_the_step() -> None:
    recipe = FakeRecipe(at={1: lambda: os.kill(os.getpid(), signal.SIGTERM) or 1.0})
    notes = Notes(recipe, accumulate=4)
    assert not notes.loop.run()
    assert recipe.seen == [0, 1, 2, 3] and notes.done == [("save", 1)]


def test_a_signal_in_the_last_step_is_no_interruption() -> None:
    notes = Notes(FakeRecipe(at={2: lambda: os.kill(os.getpid(), signal.SIGTERM) or 1.0}), steps=3, save=3)
    assert notes.loop.run()
    assert notes.done.count(("save", 3)) == 1


def test_a_signal_in_the_last_step_is_told_to_whoever_would_begin_another_stage() -> None:
    notes = Notes(FakeRecipe(at={2: lambda: os.kill(os.getpid(), signal.SIGTERM) or 1.0}), steps=3)
    assert notes.loop.run() and notes.loop.interrupted
    calm = Notes(FakeRecipe(), steps=3)
    assert calm.loop.run() and not calm.loop.interrupted


@pytest.mark.parametrize(("error", "saved"), [(DataError, [("save", 5)]), (StorageError, []), (ValueError, [])])
def test_a_failed_validation_does_not_cost_the_steps_before_it(error: type[Exception], saved: list[Any]) -> None:
    """An image that cannot be judged is the user's to mend; a full disk would not take a checkpoint either."""

    def fail(step: int) -> None:
        raise error("no")

    notes = Notes(FakeRecipe(), validate=5)
    notes.loop.validate = fail
    with pytest.raises(error):
        notes.loop.run()
    assert notes.done == saved


def test_a_signal_after_nonsense_saves_nothing() -> None:
    notes = Notes(FakeRecipe(at={2: lambda: os.kill(os.getpid(), signal.SIGTERM) or math.nan}))
    with pytest.raises(TrainingError):
        notes.loop.run()
    assert notes.done == []


def test_a_second_interrupt_stops_at_once() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what is started in the background ignores it
    try:
        with pytest.raises(KeyboardInterrupt), Interrupt() as interrupt:
            os.kill(os.getpid(), signal.SIGINT)
            assert interrupt.asked
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_second_termination_does_not_spoil_the_saving() -> None:
    with Interrupt() as interrupt:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupt.asked and interrupt.signal == signal.SIGTERM


def test_in_another_thread_signals_act_as_ever() -> None:
    before, asked = signal.getsignal(signal.SIGTERM), []

    def train() -> None:
        with Interrupt() as interrupt:
            asked.append(interrupt.asked)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert asked == [False] and signal.getsignal(signal.SIGTERM) is before


def test_another_process_stops_all() -> None:
    """Reduced over two processes: the other one's flag arrives here, and is asked for when a log line is due."""
    notes = Notes(FakeRecipe(), log=2)
    accelerator: Any = notes.loop.accelerator
    accelerator.num_processes = 2
    flags = iter([0.0, 0.0, 1.0, 0.0])  # step 2: stop? nonsense?; step 4: stop? nonsense?
    accelerator.reduce = lambda values, reduction: values if values.ndim else torch.tensor(next(flags))
    assert not notes.loop.run()
    assert notes.done[-1] == ("save", 4)


@pytest.mark.parametrize("here", [False, True])
def test_nonsense_of_any_process_stops_all(here: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says the same, gathered from all: whichever comes to an end first has said it."""
    notes = Notes(FakeRecipe(at={0: math.nan} if here else {}), log=2)
    questions = asked(notes)
    accelerator: Any = notes.loop.accelerator
    accelerator.num_processes = 2
    flags = iter([0.0, 1.0])  # stop? nonsense?
    accelerator.reduce = lambda values, reduction: values if values.ndim else torch.tensor(next(flags))
    monkeypatch.setattr(loop, "gather_object", lambda known: [*known, "in process 1, so and so."])
    with pytest.raises(TrainingError) as error:
        notes.loop.run()
    own = "in process 0, the loss 'pixel' is no longer finite (first at step 1). Its images: a, b. " if here else ""
    assert str(error.value).startswith(f"step 2: {own}in process 1, so and so. No checkpoint")
    assert questions == ([(0, ["loss/pixel"])] if here else [])
    assert notes.done == []
