"""`gansr report`: one page about runs, which may still be going on."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

import gansr
from gansr.build.showing.shots import show
from gansr.build.showing.sources import gather
from gansr.errors import OptionsError, StorageError
from gansr.report.page import plotly
from gansr.report.reading.runs import Part, read_runs
from gansr.report.reading.scores_file import read_scores
from gansr.report.run_page import Shown, run_page
from gansr.training.diagnosis.history import history
from gansr.training.files import replace_text


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    Args:
        runs: folders
        output: the page
        on: further sets, NAME=HR[:LR]
        metrics: further ones
        scores: files of `gansr evaluate --json`
        images: pictures of each set; 0: none, and nothing is upscaled
        tile: upscale in tiles of so many LR pixels
        cpu: do not use a GPU
    """

    runs: Sequence[Path]
    output: Path
    on: Sequence[str] = ()
    metrics: Sequence[str] = ()
    scores: Sequence[Path] = ()
    images: int = 8
    tile: int | None = None
    cpu: bool = False


def run(request: Request, console: Console) -> None:
    """Make the page and write it.

    Raises:
        UserError: plotly is missing, a folder is no run, a log cannot be read, or the page cannot be written.
    """
    refuse_other_suffixes(request.output)
    plotly()  # a missing library is told before minutes of upscaling
    parts, others = read_runs(request.runs), read_scores(request.scores)
    with console.status("") as status:
        shown = _shown(request, parts, lambda text: status.update(f"[bold]{len(parts)} part(s)[/]: {text}"))
    advice = {part.label: _advice(part) for part in parts}
    html = run_page(parts, advice, shown, others, made_by())
    write_page(request.output, html)
    for sentence in shown.missing:
        console.print(f"Missing: {sentence}", markup=False, soft_wrap=True)
    told(console, request.output, html, f"{len(parts)} part(s), {len(shown.shots)} image(s)")


def _shown(request: Request, parts: Sequence[Part], say: Callable[[str], None]) -> Shown:
    if not request.images:
        return Shown(missing=["Pictures and scores of weights were not asked for."])
    material = gather(parts, request.on, request.metrics, request.tile, request.cpu)
    return show(material, request.images, say)


def _advice(part: Part) -> list[str]:
    """What the console said as it ran, with the steps."""
    found = []
    for one in history(part.log.losses, part.steps or part.log.step):
        when = f"step {one.first:,}" if one.first == one.last else f"steps {one.first:,} to {one.last:,}"
        lines = f", {one.lines} of {len(part.log.losses)} lines" if one.lines > 1 else ""
        tail = "" if one.still else "; not at the last line"
        found.append(f"{one.sentence[0].upper()}{one.sentence[1:]} ({when}{lines}{tail})")
    return found


def refuse_other_suffixes(path: Path) -> None:
    """A page is a .html file: what is called otherwise was meant otherwise.

    Raises:
        OptionsError: the suffix is another.
    """
    if path.suffix.lower() not in {".html", ".htm"}:
        raise OptionsError(f"--output {path}: expected a file that ends in .html.")


def made_by() -> str:
    """The last line of a page."""
    now = datetime.datetime.now().astimezone()
    return f"Made by gansr {gansr.__version__} on {now:%Y-%m-%d at %H:%M %Z}. This file is all of it."


def write_page(path: Path, html: str) -> None:
    """Write the page whole, or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        replace_text(path, html)
    except OSError as error:
        raise StorageError(f"{path}: the page cannot be written: {error.strerror}.") from None


def told(console: Console, path: Path, html: str, what: str) -> None:
    """Say where the page is."""
    console.print(f"Wrote {path}: {what}, {len(html.encode()) / 1e6:.1f} MB.", markup=False, soft_wrap=True)
