"""Upscale benchmark sets, score every image, and average."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from gansr.data.evaluation_set import EvaluationSet, Example
from gansr.errors import DataError, StorageError, UserError

Upscale = Callable[[np.ndarray], np.ndarray]  # uint8 (h, w, C) -> uint8 (H, W, C)


class Metric(Protocol):
    """What a metric says about two images and about itself."""

    protocol: str  # all that a reader must know to compare the number with another paper's
    higher_is_better: bool
    unit: str
    format: str

    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """Score of two uint8 images (C, H, W)."""
        ...


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


@dataclass(frozen=True)
class Scores:
    """Every image's scores, in the order of the sets."""

    rows: Sequence[Row]
    metrics: Mapping[str, Metric]

    @property
    def means(self) -> dict[str, dict[str, float]]:
        """Set -> metric -> mean over the set's images."""
        sets = dict.fromkeys(row.set for row in self.rows)
        return {
            name: {metric: fmean(row.values[metric] for row in self.rows if row.set == name) for metric in self.metrics}
            for name in sets
        }

    def flat(self) -> dict[str, float]:
        """The means as `{"set5/psnr": 28.42}`."""
        return {f"{name}/{metric}": value for name, means in self.means.items() for metric, value in means.items()}

    def json(self) -> dict[str, Any]:
        """Protocols, means and images; numbers that JSON lacks are the strings "inf", "-inf" and "nan"."""
        images = [{"set": row.set, "image": row.image, **_in_json(row.values)} for row in self.rows]
        return {
            "protocols": {name: metric.protocol for name, metric in self.metrics.items()},
            "means": {name: _in_json(values) for name, values in self.means.items()},
            "images": images,
        }


def joined(parts: Sequence[Scores]) -> Scores:
    """Scores of several sets, measured apart, in one; the metrics have the same names."""
    return Scores([row for part in parts for row in part.rows], parts[0].metrics)


def evaluate(
    upscale: Upscale,
    sets: Sequence[EvaluationSet],
    metrics: Mapping[str, Metric],
    rank: int = 0,
    world: int = 1,
    gather: Callable[[list[Any]], list[Any]] = list,
    keep_images: int = 0,
    device: torch.device | str = "cpu",
) -> Scores:
    """Score every image of every set once, each process its share.

    Args:
        upscale: uint8 (h, w, C) -> uint8 (H, W, C)
        sets: what to upscale, each under its own name
        metrics: what to measure, by name
        rank: this process, of `world`
        world: number of processes
        gather: this process's list -> the lists of all processes, joined, on each of them
        keep_images: keep the pictures of the first so many images of each set
        device: where the metrics are computed

    Raises:
        DataError: a result's size is not that of its ground truth. A mistake found by one process is raised
            by all of them, so none is left waiting.
    """
    assert len({one.name for one in sets}) == len(sets), "two sets have one name"
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
    return Scores(sorted(rows, key=lambda row: row.place), metrics)


def _judge(
    upscale: Upscale,
    images: EvaluationSet,
    place: tuple[int, int],
    metrics: Mapping[str, Metric],
    keep: bool,
    device: torch.device | str,
) -> Row:
    example: Example = images[place[1]]
    sr = upscale(example.lr)
    if sr.shape[:2] != example.hr.shape[:2]:
        (height, width), (true_height, true_width) = sr.shape[:2], example.hr.shape[:2]
        raise DataError(
            f"Set {images.name}, image {example.name}: the result is {width}x{height} pixels, "
            f"its ground truth {true_width}x{true_height}. Does the scale of the LR images fit the network?"
        )
    pair = [torch.tensor(image).permute(2, 0, 1).to(device) for image in (sr, example.hr)]  # (C, H, W)
    try:
        values = {name: metric(*pair) for name, metric in metrics.items()}
    except DataError as error:
        raise DataError(f"Set {images.name}, image {example.name}: {error}") from None
    return Row(place, images.name, example.name, values, Triple(example.lr, sr, example.hr) if keep else None)


def write_json(document: dict[str, Any], path: Path) -> None:
    """Write what `Scores.json` gives; what was at `path` is replaced at once or not at all.

    Raises:
        StorageError: the file could not be written.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"The scores could not be written to {path}: {error.strerror}.") from None


def _in_json(values: Mapping[str, float]) -> dict[str, float | str]:
    return {name: value if math.isfinite(value) else str(value) for name, value in values.items()}
