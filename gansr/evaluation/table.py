"""Scores of several models as tables, whatever they are printed on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gansr.evaluation.compared import Contrast, Entry, best, columns, labels
from gansr.evaluation.measuring import AnyMetric
from gansr.evaluation.statistics import RESAMPLES, Interval

UP, DOWN = "↑", "↓"
FEW = 6  # with fewer images no signed-rank test can reach p < 0.05
NOTHING = "–"


@dataclass(frozen=True)
class Cell:
    """A number, or a word, and what stands beside it in small print."""

    text: str
    small: str = ""
    best: bool = False


@dataclass(frozen=True)
class Grid:
    """A table: a title, headings, blocks of rows with a line between, and notes beneath."""

    title: str
    headings: list[str]
    words: int  # so many columns at the left hold words, the others numbers
    blocks: list[list[list[Cell]]]
    notes: list[str] = field(default_factory=list)
    head: int = 1  # so many columns at the left say what a row is of


def score_grids(entries: Sequence[Entry], seed: int = 0, notes: Sequence[str] = ()) -> list[Grid]:
    """One table for each scale, since a border of another width is another protocol: a block for each set.

    Args:
        entries: what was judged, on the same sets by the same metrics
        seed: of the intervals
        notes: what else stands beneath
    """
    found = []
    for scale in dict.fromkeys(entry.scale for entry in entries):
        alike = [entry for entry in entries if entry.scale == scale]
        found.append(_score_grid(alike, scale, seed, notes))
    return found


def _score_grid(entries: Sequence[Entry], scale: int, seed: int, notes: Sequence[str]) -> Grid:
    scores = entries[0].scores
    headings = ["set", "weights", "images", *(heading(name, metric) for name, metric in scores.metrics.items())]
    blocks = [_block(entries, images, seed) for images in scores.sets]
    protocols = [f"{name}: {metric.protocol}" for name, metric in scores.metrics.items()]
    return Grid(
        f"Scores at x{scale}", headings, 2, blocks, [*protocols, *_on_intervals(entries, blocks, seed), *notes], head=3
    )


def _block(entries: Sequence[Entry], images: str, seed: int) -> list[list[Cell]]:
    short, metrics = labels([entry.name for entry in entries]), entries[0].scores.metrics
    means = [entry.scores.means[images] for entry in entries]
    winners = {name: best([one[name] for one in means], metric) for name, metric in metrics.items()}
    rows = []
    for place, entry in enumerate(entries):
        head = [images if place == 0 else "", short[entry.name], str(entry.scores.sets[images])]
        numbers = [
            Cell(
                format(means[place][name], metric.format),
                _interval(entry.interval(images, name, seed), metric),
                place in winners[name],
            )
            for name, metric in metrics.items()
        ]
        rows.append([*map(Cell, head), *numbers])
    return rows


def heading(name: str, metric: AnyMetric) -> str:
    """A column's name with its unit, and an arrow to where better scores are."""
    unit = f" [{metric.unit}]" if metric.unit else ""
    return f"{name}{unit} {UP if metric.higher_is_better else DOWN}"


def _interval(interval: Interval | None, metric: AnyMetric) -> str:
    return "" if interval is None else f"{interval.low:{metric.format}} to {interval.high:{metric.format}}"


def _on_intervals(entries: Sequence[Entry], blocks: list[list[list[Cell]]], seed: int) -> list[str]:
    notes = []
    if any(cell.small for block in blocks for row in block for cell in row):
        notes.append(
            "Ranges: 95 % bootstrap interval of the mean over images "
            f"(percentiles of {RESAMPLES:,} resamples, seed {seed})."
        )
    if alone := [name for name, images in entries[0].scores.sets.items() if images == 1]:
        notes.append(f"No interval and no test from a single image: {', '.join(alone)}.")
    return notes


def difference_grids(entries: Sequence[Entry], tests: Sequence[Contrast]) -> list[Grid]:
    """For each scale with several entries: how much each pair differs, and p of Wilcoxon's signed-rank test."""
    found = []
    for scale in dict.fromkeys(entry.scale for entry in entries):
        alike = [entry for entry in entries if entry.scale == scale]
        names = {entry.name for entry in alike}
        if own := [test for test in tests if test.first in names]:
            found.append(_test_grid(alike, own, scale))
    return found


def _test_grid(entries: Sequence[Entry], tests: Sequence[Contrast], scale: int) -> Grid:
    short, metrics = labels([entry.name for entry in entries]), entries[0].scores.metrics
    tested = {(test.first, test.second, test.set, test.metric): test for test in tests}
    shown = [pair for pair in columns(entries) if any((test.set, test.metric) == pair for test in tests)]
    rows = []
    for first, second in dict.fromkeys((test.first, test.second) for test in tests):
        cells = [_difference(tested[first, second, *pair], metrics[pair[1]]) for pair in shown]
        rows.append([Cell(f"{short[first]} - {short[second]}"), *cells])
    headings = ["difference", *(f"{images} {heading(metric, metrics[metric])}" for images, metric in shown)]
    pairs = len(rows)
    held = f", Holm's correction for {pairs} pairs" if pairs > 1 else ""
    notes = [f"Mean difference over images and p of Wilcoxon's signed-rank test, exact and two-sided{held}."]
    if few := {test.set: test.found.images for test in tests if test.found.images < FEW}:
        named = ", ".join(f"{name} ({images})" for name, images in few.items())
        notes.append(f"Too few images to find p < 0.05, whatever the scores: {named}.")
    return Grid(f"Differences at x{scale}", headings, 1, [rows], notes)


def _difference(test: Contrast, metric: AnyMetric) -> Cell:
    if not test.found.images:
        return Cell(NOTHING)
    return Cell(f"{test.found.difference:+{metric.format}}", f"p {test.corrected:.2g}")
