"""Several models on the same sets: which is best, how sure that is, and by how much they differ."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from gansr.evaluation.measuring import AnyMetric
from gansr.evaluation.scores import Scores, in_json
from gansr.evaluation.statistics import Interval, Paired, holm, mean_interval, paired


@dataclass(frozen=True)
class Entry:
    """What was judged, and how it scored."""

    name: str  # as the user gave it
    scale: int
    scores: Scores

    def interval(self, images: str, metric: str, seed: int) -> Interval | None:
        """Bootstrap interval of a set's mean; None for metrics of sets, single images and scores not finite."""
        return mean_interval(self.scores.values(images, metric), seed)


@dataclass(frozen=True)
class Contrast:
    """Two entries on one set by one metric."""

    first: str
    second: str
    set: str
    metric: str
    found: Paired
    corrected: float  # p after Holm's correction for all pairs of entries on this set by this metric


def contrasts(entries: Sequence[Entry]) -> list[Contrast]:
    """Every pair of entries of the same scale, on every set, by every metric of images; two images at least."""
    found: list[Contrast] = []
    for scale in dict.fromkeys(entry.scale for entry in entries):
        alike = [entry for entry in entries if entry.scale == scale]
        pairs = [(one, other) for place, one in enumerate(alike) for other in alike[place + 1 :]]
        for images, metric in columns(alike) if pairs else ():
            values = {entry.name: entry.scores.values(images, metric) for entry in alike}
            if len(values[alike[0].name]) < 2:
                continue
            measured = [paired(values[one.name], values[other.name]) for one, other in pairs]
            corrected = holm([each.p for each in measured])
            found += [
                Contrast(one.name, other.name, images, metric, each, p)
                for (one, other), each, p in zip(pairs, measured, corrected, strict=True)
            ]
    return found


def columns(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Every set with every metric; all entries have the same."""
    scores = entries[0].scores
    return [(images, metric) for images in scores.sets for metric in scores.metrics]


def best(values: Sequence[float], metric: AnyMetric) -> set[int]:
    """Places of the best value and of those that print the same; none where all do."""
    shown = [format(value, metric.format) for value in values]
    known = [value for value in values if not math.isnan(value)]
    if len(values) < 2 or not known or len(set(shown)) == 1:
        return set()
    winner = format((max if metric.higher_is_better else min)(known), metric.format)
    return {place for place, one in enumerate(shown) if one == winner}


def labels(names: Sequence[str]) -> dict[str, str]:
    """Names for tables: of paths their last parts, as many as tell all apart.

    >>> labels(["runs/a/best.pth", "runs/b/best.pth"])
    {'runs/a/best.pth': 'a/best.pth', 'runs/b/best.pth': 'b/best.pth'}
    """
    parts = {name: PurePath(name).parts or (name,) for name in names}
    for count in range(1, max(map(len, parts.values())) + 1):
        found = {name: str(PurePath(*own[-count:])) for name, own in parts.items()}
        if len(set(found.values())) == len(found):
            return found
    return {name: name for name in names}  # such as a and ./a


def statistics_of(entry: Entry, found: Sequence[Contrast], seed: int) -> dict[str, Any]:
    """Intervals of an entry's means, and its tests against all others, as JSON has them.

    In a test `difference` is this entry's mean minus the other's.
    """
    intervals: dict[str, dict[str, Any]] = {}
    for images, metric in columns([entry]):
        interval = entry.interval(images, metric, seed)
        intervals.setdefault(images, {})[metric] = None if interval is None else list(interval)
    return {
        "intervals": intervals,
        "tests": [_in_json(test, entry.name) for test in found if entry.name in {test.first, test.second}],
        "seed": seed,
    }


def _in_json(test: Contrast, name: str) -> dict[str, Any]:
    turned = name == test.second
    pair = test.found
    return {
        "against": test.first if turned else test.second,
        "set": test.set,
        "metric": test.metric,
        "images": pair.images,
        **in_json({"difference": -pair.difference if turned else pair.difference}),
        "higher": pair.lower if turned else pair.higher,
        "lower": pair.higher if turned else pair.lower,
        "p": pair.p,
        "p_corrected": test.corrected,
    }
