"""What a run writes down: log.jsonl (exact, resumable), TensorBoard and other trackers, and the console."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from accelerate.tracking import GeneralTracker
from torch import Tensor

from gansr.errors import StorageError
from gansr.training.console import Console
from gansr.training.diagnosis.advice import Advice, advice
from gansr.training.diagnosis.speed import SECONDS, WAITING
from gansr.training.files import replace_text
from gansr.training.stopwatch import Stopwatch

LONG = 20_000  # steps: of longer runs, the first so many are what beginners are judged by
LARGEST = 1e19  # TensorBoard's buckets end at 1e20, and numbers that are all beyond are an error to it
ENOUGH = 10.0  # seconds from line to line, to say something of the speed
LINES = 4  # that means reach back to, about


class Journal:
    """The first process's notes. Made with `writes=False` by the others, it stays silent.

    log.jsonl holds only what a resumed run repeats exactly: no times. Lines beyond `step`, written before a crash
    and after the last checkpoint, are cut off. `trackers` are told what TensorBoard is told, but for histograms and
    advice; one that fails is told no more.
    """

    def __init__(
        self,
        folder: Path,
        step: int,
        console: Console,
        stopwatch: Stopwatch,
        images: int,
        writes: bool = True,
        trackers: Sequence[GeneralTracker] = (),
    ) -> None:
        self.folder, self.console, self.stopwatch, self.images, self.writes = (
            folder, console, stopwatch, images, writes,
        )  # fmt: skip
        self.trackers = list(trackers)
        self.laps = 0  # lines of losses that this process has seen
        self.advice: Advice = {}  # what was the matter at the last line
        self.gradients: dict[str, float] = {}  # the newest norms: not every line brings some
        self.means: dict[str, tuple[float, int]] = {}  # of what differs with what images show, over so many lines
        if not writes:
            return
        from torch.utils.tensorboard.writer import SummaryWriter  # slow to import

        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "log.jsonl"
        self._cut_after(step)
        self.board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1 if step else None)

    def losses(self, step: int, values: Mapping[str, float], rates: Mapping[str, float]) -> None:
        """A line of mean losses and learning rates; a word of advice when there is news.

        Speed and time spent waiting for data are for the console, TensorBoard and trackers, not for log.jsonl.
        """
        seconds = self.stopwatch.lap(step)
        waiting, self.laps = self.stopwatch.waiting, self.laps + 1
        if not self.writes:
            return
        self._line({"step": step, **values, **rates})
        speed = {SECONDS: seconds, "speed/images_per_second": self.images / seconds, WAITING: waiting}
        self._scalars(step, {**values, **rates, **speed})
        self.console.losses(step, values, seconds, waiting)
        # At first everyone waits: nothing is in memory yet. And a few seconds say little.
        judged = speed if self.laps > 1 and self.stopwatch.length >= ENOUGH else {}
        self._advise(step, {**values, **judged})

    def scores(self, step: int, scores: Mapping[str, float], note: str) -> None:
        """A line of validation scores; `note` says what happened to the best weights."""
        if not self.writes:
            return
        self._line({"step": step, **scores})
        self._scalars(step, {f"validation/{name}": value for name, value in scores.items()})
        self.console.say(f"step {step}: " + ", ".join(f"{k} {v:.4f}" for k, v in scores.items()) + note)

    def picture(self, step: int, name: str, image: np.ndarray) -> None:
        """A picture (H, W, 3) uint8 for TensorBoard, and for trackers that take pictures."""
        if not self.writes:
            return
        self.board.add_image(name, image, step, dataformats="HWC")
        self._tell(lambda tracker: tracker.log_images({name: [image]}, step=step), "log_images")

    def histograms(self, step: int, samples: Mapping[str, Tensor]) -> None:
        """How numbers (N,) are spread, for TensorBoard."""
        for name, values in samples.items() if self.writes else ():
            self.board.add_histogram(name, values.clamp(-LARGEST, LARGEST), step)

    def settings(self, settings: Mapping[str, Any], outcome: Mapping[str, float]) -> None:
        """What was set and what came of it, for TensorBoard's table of runs (HPARAMS)."""
        if self.writes:
            self.board.add_hparams(dict(settings), dict(outcome), run_name=".")  # of this run, not of one below it

    def close(self) -> None:
        """Flush TensorBoard's queue, and end the trackers' runs."""
        if self.writes:
            self._or_full(self.board.close)
            self._tell(lambda tracker: tracker.finish(), "finish")

    def _scalars(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self.board.add_scalar(name, value, step)
        self._tell(lambda tracker: tracker.log(dict(values), step=step), "log")

    def _tell(self, say: Callable[[Any], Any], what: str) -> None:
        """Tell the trackers that can do `what`. A service that is down must not cost the run."""
        for tracker in [one for one in self.trackers if hasattr(one, what)]:
            try:
                say(tracker)
            except Exception as error:  # noqa: BLE001 - any program may stand behind it
                self.trackers.remove(tracker)
                name, said = getattr(tracker, "name", "a tracker"), str(error) or type(error).__name__
                self.console.say(f"  {name} failed and is told no more: {said}")

    def _advise(self, step: int, values: Mapping[str, float]) -> None:
        """Say what is the matter, but for what was already so at the line before. Not for log.jsonl: a resumed run
        does not know what an interrupted one has said.
        """
        self.gradients |= {name: value for name, value in values.items() if name.startswith("gradient/")}
        progress = step / min(self.console.steps, LONG)
        before, self.advice = self.advice, advice(self.gradients | dict(values) | self._steady(values), progress)
        for what, sentence in self.advice.items():
            if what not in before:
                self.board.add_text(f"watch out/{what}", sentence, step)
                self.console.say(f"  watch out: {sentence}")

    def _steady(self, values: Mapping[str, float]) -> dict[str, float]:
        """Means over the last few lines of what is compared between different images.

        So advice on it does not come and go with what the images of a line show.
        """
        for name, value in values.items():
            if name.startswith(("domain/", "change/")):
                mean, lines = self.means.get(name, (value, 0))
                self.means[name] = mean + (value - mean) / min(lines + 1, LINES), lines + 1
        return {name: mean for name, (mean, _) in self.means.items()}

    def _line(self, values: Mapping[str, float]) -> None:
        line = json.dumps({k: v if math.isfinite(v) else str(v) for k, v in values.items()})

        def append() -> None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")

        self._or_full(append)

    def _cut_after(self, step: int) -> None:
        if not self.path.exists():
            return
        text = self.path.read_text("utf-8")
        kept = "".join(f"{line}\n" for line in text.splitlines() if _step_of(line) <= step)
        if kept != text:
            self._or_full(lambda: replace_text(self.path, kept))

    def _or_full(self, write: Callable[[], Any]) -> None:
        try:
            write()
        except OSError as error:
            raise StorageError(
                f"{self.folder}: the log cannot be written: {error.strerror}. Checkpoints written before stand."
            ) from None


def _step_of(line: str) -> float:
    """The step of a log line; a line cut short by a crash belongs to no step and is dropped."""
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return math.inf
