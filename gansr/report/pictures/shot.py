"""One image of a set, as everybody made it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gansr.evaluation.scores import Scores
from gansr.report.pictures.window import Window

Values = Mapping[str, float]  # metric -> score


@dataclass(frozen=True)
class Shot:
    """An image of a set, from LR to HR, cut to the part that the page shows.

    Args:
        set: name of the set
        image: its name in the set
        size: (height, width) of the whole
        window: the part that is shown; None: all of it
        lr: uint8 (h, w, C), where there is one
        results: who made it -> uint8 (H, W, C)
        hr: the ground truth as the results, where there is one
        scores: who made it -> metric -> score of the whole image
    """

    set: str
    image: str
    size: tuple[int, int]
    window: Window | None
    lr: np.ndarray | None
    results: Mapping[str, np.ndarray]
    hr: np.ndarray | None
    scores: Mapping[str, Values] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Set and image."""
        return f"{self.set} / {self.image}"

    def compared(self) -> list[np.ndarray]:
        """All images that have the size of the results."""
        return [*self.results.values(), *([] if self.hr is None else [self.hr])]


def first_metric(scores: Scores) -> tuple[list[float], bool]:
    """Everything's score by the first metric that judges single images."""
    for name, metric in scores.metrics.items():
        if all(name in row.values for row in scores.rows):
            return [row.values[name] for row in scores.rows], metric.higher_is_better
    return [0.0] * len(scores.rows), True


def chosen(values: Sequence[float], count: int, higher_is_better: bool) -> list[int]:
    """Numbers of the images that are shown of a set: all, or half of them the worst and half the best, in order."""
    if len(values) <= count:
        return list(range(len(values)))
    ranked = ranking(values, higher_is_better)
    return sorted([*ranked[: -(-count // 2)], *ranked[len(values) - count // 2 :]])


def ranking(values: Sequence[float], higher_is_better: bool) -> list[int]:
    """Numbers of the images, the worst first; those without a number (nan) before all."""

    def badness(number: int) -> tuple[int, float]:
        value = values[number]
        return (0, 0.0) if math.isnan(value) else (1, value if higher_is_better else -value)

    return sorted(range(len(values)), key=badness)
