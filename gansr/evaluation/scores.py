"""Upscale benchmark sets, score every image, and average."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from gansr.data.sets.evaluation_set import EvaluationSet, Example
from gansr.errors import DataError, StorageError, UserError
from gansr.evaluation.measuring import AnyMetric, Metric, is_of_sets, measure, needs_truth
from gansr.evaluation.statistics import mean
from gansr.inference.ready_made import ReadyMade

__all__ = ["Metric", "Row", "Scores", "Triple", "Upscale", "evaluate", "joined", "write_json", "write_text"]

Upscale = Callable[[np.ndarray], np.ndarray]  # uint8 (h, w, C) -> uint8 (H, W, C)


class Triple(NamedTuple):
    """An image before and after, uint8 (H, W, C)."""

    lr: np.ndarray
    sr: np.ndarray
    hr: np.ndarray


@dataclass(frozen=True)
class Row:
    """One image's scores."""

    place: tuple[int, int]  # number of the set, number in the set
    set: str
    image: str
    values: dict[str, float]  # metric -> score
    pictures: Triple | None = None
    observed: dict[str, Any] = field(default_factory=dict)  # metric of sets -> what it keeps, until it is scored


@dataclass(frozen=True)
class Scores:
    """Every image's scores, in the order of the sets."""

    rows: Sequence[Row]
    metrics: Mapping[str, AnyMetric]
    of_sets: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Set -> metric -> score, of metrics that score a set as a whole."""

    @property
    def sets(self) -> dict[str, int]:
        """Set -> number of its images."""
        found: dict[str, int] = {}
        for row in self.rows:
            found[row.set] = found.get(row.set, 0) + 1
        return found

    def values(self, name: str, metric: str) -> list[float]:
        """Scores of a set's images, in their order; empty for a metric of sets."""
        return [row.values[metric] for row in self.rows if row.set == name and metric in row.values]

    @property
    def means(self) -> dict[str, dict[str, float]]:
        """Set -> metric -> mean over the set's images, or the score of the set."""
        return {name: {metric: self._mean(name, metric) for metric in self.metrics} for name in self.sets}

    def _mean(self, name: str, metric: str) -> float:
        of_set = self.of_sets.get(name, {})
        return of_set[metric] if metric in of_set else mean(self.values(name, metric))

    def flat(self) -> dict[str, float]:
        """The means as `{"set5/psnr": 28.42}`."""
        return {f"{name}/{metric}": value for name, means in self.means.items() for metric, value in means.items()}

    def json(self) -> dict[str, Any]:
        """Protocols, means and images; numbers that JSON lacks are the strings "inf", "-inf" and "nan"."""
        images = [{"set": row.set, "image": row.image, **in_json(row.values)} for row in self.rows]
        return {
            "protocols": {name: metric.protocol for name, metric in self.metrics.items()},
            "means": {name: in_json(values) for name, values in self.means.items()},
            "images": images,
        }


def joined(parts: Sequence[Scores]) -> Scores:
    """Scores of several sets, measured apart, in one; the metrics have the same names."""
    of_sets = {name: values for part in parts for name, values in part.of_sets.items()}
    return Scores([row for part in parts for row in part.rows], parts[0].metrics, of_sets)


def evaluate(
    upscale: Upscale | ReadyMade,
    sets: Sequence[EvaluationSet],
    metrics: Mapping[str, AnyMetric],
    rank: int = 0,
    world: int = 1,
    gather: Callable[[list[Any]], list[Any]] = list,
    keep_images: int = 0,
    device: torch.device | str = "cpu",
) -> Scores:
    """Score every image of every set once, each process its share.

    Args:
        upscale: uint8 (h, w, C) -> uint8 (H, W, C), or pictures that are made already
        sets: what to upscale, each under its own name
        metrics: what to measure, by name
        rank: this process, of `world`
        world: number of processes
        gather: this process's list -> the lists of all processes, joined, on each of them
        keep_images: keep the pictures of the first so many images of each set; not of those without ground truth
        device: where the metrics are computed

    Raises:
        DataError: a result's size is not that of its ground truth, or a metric compares with a ground truth that a set
            lacks. A mistake found by one process is raised by all of them, so none is left waiting.
    """
    assert len({one.name for one in sets}) == len(sets), "two sets have one name"
    _refuse_missing_truth(sets, metrics)
    places = [(s, i) for s, one in enumerate(sets) for i in range(len(one))]
    found: list[Row | UserError] = []
    try:
        for s, i in places[rank::world]:
            found.append(_judge(upscale, sets[s], (s, i), metrics, i < keep_images, device))
    except UserError as error:
        found = [error]
    rows: list[Row] = []
    for row in gather(found):
        if isinstance(row, UserError):
            raise row
        rows.append(row)
    rows.sort(key=lambda row: row.place)
    return Scores([replace(row, observed={}) for row in rows], metrics, _scores_of_sets(rows, metrics))


def _refuse_missing_truth(sets: Sequence[EvaluationSet], metrics: Mapping[str, AnyMetric]) -> None:
    without = [one.name for one in sets if not one.has_truth]
    if without and (comparing := [name for name, metric in metrics.items() if needs_truth(metric)]):
        raise DataError(
            f"Set {without[0]} has no ground truth, which is needed for {', '.join(comparing)}. "
            "Give its HR too, or ask for metrics alone that look at results, such as niqe."
        )


def _scores_of_sets(rows: Sequence[Row], metrics: Mapping[str, AnyMetric]) -> dict[str, dict[str, float]]:
    whole: dict[str, Any] = {name: metric for name, metric in metrics.items() if is_of_sets(metric)}
    found: dict[str, dict[str, float]] = {}
    for images in dict.fromkeys(row.set for row in rows) if whole else ():
        observed = [row.observed for row in rows if row.set == images]
        try:
            found[images] = {name: metric.score([one[name] for one in observed]) for name, metric in whole.items()}
        except UserError as error:
            raise type(error)(f"Set {images}: {error}") from None
    return found


def _judge(
    upscale: Upscale | ReadyMade,
    images: EvaluationSet,
    place: tuple[int, int],
    metrics: Mapping[str, AnyMetric],
    keep: bool,
    device: torch.device | str,
) -> Row:
    example = images[place[1]]
    try:
        sr = upscale.picture(images.name, example.name) if isinstance(upscale, ReadyMade) else upscale(example.lr)
        lr, made, hr = (image if image is None else _tensor(image, device) for image in (example.lr, sr, example.hr))
        _refuse_another_size(sr, example, images.scale)
        assert made is not None
        found = measure(metrics, made, hr, lr=lr, name=example.name)
    except UserError as error:
        raise type(error)(f"Set {images.name}, image {example.name}: {error}") from None
    observed = {name: found.pop(name) for name, metric in metrics.items() if is_of_sets(metric)}
    pictures = Triple(example.lr, sr, example.hr) if keep and example.hr is not None else None
    return Row(place, images.name, example.name, found, pictures, observed)


def _tensor(image: np.ndarray, device: torch.device | str) -> torch.Tensor:
    return torch.tensor(image).permute(2, 0, 1).to(device)  # (C, H, W)


def _refuse_another_size(sr: np.ndarray, example: Example, scale: int) -> None:
    height, width = sr.shape[:2]
    true_height, true_width = (
        example.hr.shape[:2] if example.hr is not None else (s * scale for s in example.lr.shape[:2])
    )
    if (height, width) != (true_height, true_width):
        truth = "its ground truth" if example.hr is not None else f"its LR at x{scale}"
        raise DataError(
            f"the result is {width}x{height} pixels, {truth} {true_width}x{true_height}. "
            "Does the scale of the LR images fit the network?"
        )


def write_json(document: dict[str, Any], path: Path) -> None:
    """Write what `Scores.json` gives, as `write_text` does."""
    write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", path)


def write_text(text: str, path: Path) -> None:
    """Write a file of scores; what was at `path` is replaced at once or not at all.

    Raises:
        StorageError: the file could not be written.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(text, encoding="utf-8", newline="")  # CSV's own line ends stay
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"The scores could not be written to {path}: {error.strerror}.") from None


def in_json(values: Mapping[str, float]) -> dict[str, float | str]:
    """Numbers as JSON can have them: those that are not finite as "inf", "-inf" and "nan"."""
    return {name: value if math.isfinite(value) else str(value) for name, value in values.items()}
