"""The training loop, the same for every recipe: it knows nothing of GANs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from accelerate import Accelerator
from torch import Tensor

from gansr.errors import StorageError, TrainingError, UserError
from gansr.training.interrupt import Interrupt
from gansr.training.meter import Meter
from gansr.training.recipe import Recipe
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
    """Steps in all, and between two log lines, two validations and two checkpoints."""

    steps: int
    log: int
    validate: int
    save: int

    def due(self, step: int, every: int) -> bool:
        """Every so many steps, and at the end."""
        return step % every == 0 or step == self.steps


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
    """

    accelerator: Accelerator
    recipe: Recipe
    schedule: Schedule
    batches: Callable[[int], Iterator[Any]]
    intervals: Intervals
    log: Callable[[int, dict[str, float]], None]
    validate: Callable[[int], None]
    save: Callable[[int], None]
    progress: Progress = field(default_factory=Progress)
    meter: Meter = field(default_factory=Meter)
    interrupted: bool = False  # did a signal ask to stop, be it at the last step?

    def run(self) -> bool:
        """Train to the last step. True when it was reached, False when a signal asked to stop before (and saved).

        Raises:
            TrainingError: a loss is no longer finite.
        """
        if self.progress.step >= self.intervals.steps:
            return True
        batches = self.batches(self.progress.step * self.accelerator.gradient_accumulation_steps)
        networks = [network for player in self.recipe.players for network in player.prepared.values()]
        try:
            with Interrupt() as interrupt:
                while self.progress.step < self.intervals.steps:
                    factor = self.schedule(self.progress.step)
                    for player in self.recipe.players:
                        player.pace(factor)
                    with self.accelerator.accumulate(*networks):
                        self.meter.add(self.recipe.step(next(batches)))
                    if self.accelerator.sync_gradients:
                        self.progress.step += 1
                        if self._after(interrupt):
                            self.interrupted = True
                            return self.progress.step == self.intervals.steps
        finally:
            if hasattr(batches, "close"):
                batches.close()  # pyright: ignore[reportAttributeAccessIssue] - generators have one
        return True

    def _after(self, interrupt: Interrupt) -> bool:
        """Whatever is due after this step. True when all processes agree to stop."""
        step, due = self.progress.step, self.intervals.due
        logs, validates, saves = (
            due(step, every) for every in (self.intervals.log, self.intervals.validate, self.intervals.save)
        )
        stops = self._stops(interrupt, logs)
        if logs or validates or saves or stops:
            self._refuse_nonsense()
        if logs:
            self.log(step, self.meter.read(self.accelerator))
        if validates:
            self._validate_or_save(step)
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
        if self.accelerator.num_processes == 1:
            return interrupt.asked
        if not ask_others:
            return False
        return self._anyone(interrupt.asked)

    def _anyone(self, here: bool) -> bool:
        """Is it so in any process? All of them get the same answer."""
        count = torch.tensor(float(here), device=self.accelerator.device)
        return bool(cast(Tensor, self.accelerator.reduce(count, reduction="sum")).item())

    def _refuse_nonsense(self) -> None:
        """Stop before a loss that is not finite reaches the log, the validation or a checkpoint."""
        bad = self.meter.not_finite()
        if self.accelerator.num_processes > 1 and self._anyone(bool(bad)) and not bad:
            bad = ["a loss of another process"]  # all stop together: whoever went on would wait for ever
        if bad:
            raise TrainingError(
                f"step {self.progress.step}: no longer finite: {', '.join(bad)}. Nothing of it was saved; the "
                f"last checkpoint is sound. Usual remedies: a smaller train.lr, train.clip: 1, train.warm_up: "
                f"1000, or train.precision: fp32."
            )
