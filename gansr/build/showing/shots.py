"""Scores and pictures of everybody on every set."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gansr.build.showing.sources import Material, able
from gansr.data.files.images import read_image
from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.errors import UserError
from gansr.evaluation.measuring import is_of_sets, measure, needs_truth
from gansr.evaluation.scores import Metric, Row, Scores, Upscale, evaluate, joined
from gansr.report.pictures.shot import Shot, chosen, first_metric
from gansr.report.pictures.window import most_detail
from gansr.report.run_page import Shown

REAL = "real LR"
Say = Callable[[str], None]


def show(material: Material, images: int, say: Say) -> Shown:
    """Upscale and score all sets, and keep the pictures of some images of each.

    Args:
        material: who, what, and how
        images: pictures of each set
        say: what is being done, for people who wait
    """
    judged: dict[str, list[Scores]] = {}
    shots: list[Shot] = []
    for number, one in enumerate(material.sets):
        metrics = material.metrics(one.scale)
        found: dict[str, Scores] = {}
        runners = {source.label: source.upscale(one.scale) for source in able(material.sources, one.scale)}
        for who, upscale in runners.items():
            say(f"{who} on {one.name}, {len(one)} images")
            try:
                found[who] = evaluate(upscale, [one], metrics)
            except UserError as error:
                material.lacks(f"{who} cannot be judged on {one.name}. {error}")
        for who, scores in found.items():
            judged.setdefault(who, []).append(_numbered(scores, number))
        shots += _shots(one, {who: runners[who] for who in found}, found, images)
    unseen: dict[str, list[Scores]] = {}
    for scale, files in material.real.items():
        say(f"{REAL}, {min(images, len(files))} of {len(files)} images")
        shots += _real_shots(material, scale, files[:images], unseen)
    return Shown(_joined(judged), _joined(unseen), shots, material.weights, material.missing)


def _joined(judged: Mapping[str, Sequence[Scores]]) -> dict[str, Scores]:
    return {who: joined(scores) for who, scores in judged.items()}


def _numbered(scores: Scores, number: int) -> Scores:
    return replace(scores, rows=[replace(row, place=(number, row.place[1])) for row in scores.rows])


def _shots(
    images: EvaluationSet, runners: Mapping[str, Upscale], found: Mapping[str, Scores], count: int
) -> list[Shot]:
    """Pictures of the chosen images of a set: all, or those that the last one is worst and best at."""
    if not found:
        return []
    values, rises = first_metric(list(found.values())[-1])
    shots = []
    for number in chosen(values, count, rises):
        example = images[number]
        hr = example.hr
        assert hr is not None, "sets of runs have a ground truth"
        results = {who: upscale(example.lr) for who, upscale in runners.items()}
        scores = {who: one.rows[number].values for who, one in found.items()}
        whole = Shot(images.name, example.name, hr.shape[:2], None, example.lr, results, hr, scores)
        shots.append(cut(whole, images.scale))
    return shots


def cut(shot: Shot, scale: int) -> Shot:
    """The part of a shot that has most detail in HR, or else in the first result; a small one stays whole."""
    source = shot.hr if shot.hr is not None else next(iter(shot.results.values()))
    window = most_detail(source, scale)
    if window is None:
        return shot
    return Shot(
        shot.set,
        shot.image,
        shot.size,
        window,
        None if shot.lr is None else window.cut(shot.lr, scale),
        {who: window.cut(one) for who, one in shot.results.items()},
        None if shot.hr is None else window.cut(shot.hr),
        shot.scores,
    )


def _real_shots(material: Material, scale: int, files: Sequence[Path], unseen: dict[str, list[Scores]]) -> list[Shot]:
    """Photos without ground truth: pictures, and scores by metrics that need none."""
    metrics = {name: one for name, one in material.metrics(scale).items() if judges_alone(one)}
    runners = {source.label: source.upscale(scale) for source in able(material.sources, scale)}
    rows: dict[str, list[Row]] = {who: [] for who in runners}
    shots = []
    for number, file in enumerate(files):
        try:
            lr = read_image(file)
            results = {who: upscale(lr) for who, upscale in runners.items()}
        except UserError as error:
            material.lacks(f"{REAL}, {file.name}, cannot be shown. {error}")
            continue
        pair = {"lr": _channels_first(lr), "name": file.stem}
        values = {who: measure(metrics, _channels_first(one), None, **pair) for who, one in results.items()}
        for who in runners:
            rows[who].append(Row((0, number), REAL, file.stem, values[who]))
        size = (lr.shape[0] * scale, lr.shape[1] * scale)
        scores = values if metrics else {}
        shots.append(cut(Shot(REAL, file.stem, size, None, lr, results, None, scores), scale))
    for who, found in rows.items() if metrics else ():
        if found:
            unseen.setdefault(who, []).append(Scores(found, metrics))
    return shots


def judges_alone(metric: Metric) -> bool:
    """Does it look at single images, and at no ground truth?"""
    return not needs_truth(metric) and not is_of_sets(metric)


def _channels_first(image: np.ndarray) -> Tensor:
    return torch.tensor(image).permute(2, 0, 1)


def asks_for_lr(metric: Metric) -> bool:
    """Does it compare results with what they were made of?"""
    return "lr" in inspect.signature(metric).parameters
