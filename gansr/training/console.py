"""What a person sees of a run: a progress bar on a terminal, plain lines in a file."""

from collections.abc import Mapping
from types import TracebackType

from rich.console import Console as Terminal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SHOWN = ("loss/", "logit/", "degrader/kernel_width", "degrader/noise_level")  # how shown names begin

SHARE = 0.05  # of a step's time: who waits less for data is not bothered with it


class Console:
    """Progress of one run. With `visible=False` (all processes but the first) nothing is shown."""

    def __init__(self, title: str, steps: int, step: int, images: int, visible: bool = True) -> None:
        self.terminal = Terminal(quiet=not visible, highlight=False, soft_wrap=True)
        self.images, self.steps = images, steps
        self.bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            console=self.terminal,
            disable=not (visible and self.terminal.is_terminal),
        )
        self.task = self.bar.add_task(title, total=steps, completed=step, speed="", losses="")

    def __enter__(self) -> "Console":
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def losses(self, step: int, values: Mapping[str, float], seconds: float, waiting: float = 0.0) -> None:
        """The losses, the logits, the speed, and the time that is left; the rest is for the log and TensorBoard.

        `seconds` are those of a step, `waiting` the ones of them in which it waited for its data.
        """
        share = f", waiting for data {waiting / seconds:.0%}" if waiting >= SHARE * seconds else ""
        speed = f"{self.images / seconds:.1f} images/s{share}"
        shown = {name: value for name, value in values.items() if name.startswith(SHOWN)}
        losses = "  ".join(f"{name.removeprefix('loss/')} {value:.4g}" for name, value in shown.items())
        self.bar.update(self.task, completed=step, speed=speed, losses=losses)
        if not self.terminal.is_terminal:
            left = (self.steps - step) * seconds
            self.say(f"step {step}/{self.steps}  {speed}  {_clock(left)} left  {losses}")

    def say(self, text: str) -> None:
        """One line for the reader."""
        self.terminal.print(text, markup=False)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
