"""The training loop, the same for every recipe: it knows nothing of GANs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import Tensor

from gansr.errors import StorageError, TrainingError, UserError
from gansr.training.diagnosis.account import account
from gansr.training.interrupt import Interrupt
from gansr.training.meter import Meter
from gansr.training.recipe import Step
from gansr.training.schedule import Schedule


@dataclass
class Progress:
    """How far the run has come; saved with every checkpoint."""

    step: int = 0

    def state_dict(self) -> dict[str, int]:
        """The number of steps taken."""
        return {"step": self.step}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue from `state`."""
        self.step = state["step"]


@dataclass(frozen=True)
class Intervals:
    """Steps in all, and between two log lines, two validations and two checkpoints.

    Of several intervals between validations each has its own.
    """

    steps: int
    log: int
    validate: int | tuple[int, ...]
    save: int

    def due(self, step: int, every: int | tuple[int, ...]) -> bool:
        """Every so many steps, and at the end."""
        several = (every,) if isinstance(every, int) else every
        return any(step % one == 0 for one in several) or step == self.steps


@dataclass
class Loop:
    """Steps, with logging, validation and checkpoints at their intervals.

    Args:
        accelerator: processes, devices and gradient accumulation.
        recipe: takes the steps.
        schedule: steps taken so far -> factor on every learning rate.
        batches: number of the first micro-batch -> endless micro-batches from there.
        intervals: when to log, validate and save.
        log: (step, means of the reports) -> None.
        validate: step -> None; measures, and keeps the best weights.
        save: step -> None; writes a checkpoint.
        progress: where the run stands.
        meter: sums of the reports since the last log line.
        autopsy: (micro-batch, names) -> sentences about the micro-batch in which those values of this process
            stopped being finite; None says nothing about it.
        enough: asked before the first step and after each validation: is there nothing to gain from going on?
    """

    accelerator: Accelerator
    recipe: Step
    schedule: Schedule
    batches: Callable[[int], Iterator[Any]]
    intervals: Intervals
    log: Callable[[int, dict[str, float]], None]
    validate: Callable[[int], None]
    save: Callable[[int], None]
    progress: Progress = field(default_factory=Progress)
    meter: Meter = field(default_factory=Meter)
    autopsy: Callable[[int, list[str]], str] | None = None
    enough: Callable[[], bool] = lambda: False
    interrupted: bool = False  # did a signal ask to stop, be it at the last step?
    satisfied: bool = False  # did a validation find that it is enough?

    def run(self) -> bool:
        """Train to the last step. True when it was reached, or enough before; False when a signal asked to stop before.

        What it had is saved in either case.

        Raises:
            TrainingError: a loss is no longer finite.
        """
        if self.progress.step >= self.intervals.steps or self.enough():
            return True
        start = self.progress.step * self.accelerator.gradient_accumulation_steps
        batches = self.batches(start)
        numbered = enumerate(batches, start)
        networks = [network for player in self.recipe.players for network in player.prepared.values()]
        try:
            with Interrupt() as interrupt:
                while self.progress.step < self.intervals.steps:
                    factor = self.schedule(self.progress.step)
                    for player in self.recipe.players:
                        player.pace(factor)
                    with self.accelerator.accumulate(*networks):
                        number, batch = next(numbered)
                        self.meter.add(self.recipe.step(batch, self.progress.step), number)
                    if self.accelerator.sync_gradients:
                        self.progress.step += 1
                        if self._after(interrupt):
                            return self.satisfied or self.progress.step == self.intervals.steps
        finally:
            if hasattr(batches, "close"):
                batches.close()  # pyright: ignore[reportAttributeAccessIssue] - generators have one
        return True

    def _after(self, interrupt: Interrupt) -> bool:
        """Whatever is due after this step. True when all processes agree to stop, be it for a signal or for good."""
        step, due = self.progress.step, self.intervals.due
        logs, validates, saves = (
            due(step, every) for every in (self.intervals.log, self.intervals.validate, self.intervals.save)
        )
        self.interrupted = self._stops(interrupt, logs)
        if logs or validates or saves or self.interrupted:
            self._refuse_nonsense()
        if logs:
            self.log(step, self.meter.read(self.accelerator))
        if validates:
            self._validate_or_save(step)
            self.satisfied = self._anyone(self.enough())
        stops = self.interrupted or self.satisfied
        if saves or stops:
            self.save(step)
        return stops

    def _validate_or_save(self, step: int) -> None:
        """A validation image that cannot be judged must not cost the steps since the last checkpoint."""
        try:
            self.validate(step)
        except StorageError:
            raise
        except UserError:
            self.save(step)
            raise

    def _stops(self, interrupt: Interrupt, ask_others: bool) -> bool:
        """One process may decide at any step; several agree where they synchronise anyway."""
        return self._anyone(interrupt.asked) if ask_others or self.accelerator.num_processes == 1 else False

    def _anyone(self, here: bool) -> bool:
        """Is it so in any process? All of them get the same answer."""
        if self.accelerator.num_processes == 1:
            return here
        count = torch.tensor(float(here), device=self.accelerator.device)
        return bool(cast(Tensor, self.accelerator.reduce(count, reduction="sum")).item())

    def _refuse_nonsense(self) -> None:
        """Stop before a value that is not finite reaches the log, the validation or a checkpoint."""
        first, several = self.meter.not_finite(), self.accelerator.num_processes > 1
        if not self._anyone(bool(first)):
            return
        known = [self._account(first)] if first else []
        if several:  # all stop together, and not before each has written down what it knows
            known = gather_object([f"in process {self.accelerator.process_index}, {text}" for text in known])
        raise TrainingError(
            f"step {self.progress.step}: {' '.join(known)} No checkpoint was made of it; the last one is sound. "
            f"Usual remedies: a smaller train.lr, train.clip: 1, train.warm_up: 1000, or train.precision: fp32."
        )

    def _account(self, first: dict[str, int]) -> str:
        """What stopped being finite in this process, when, and what can be said of that micro-batch."""
        earliest = min(first.values())
        more = self.autopsy(earliest, [n for n, at in first.items() if at == earliest]) if self.autopsy else ""
        return f"{account(first, self.accelerator.gradient_accumulation_steps)}. {more}".rstrip()
