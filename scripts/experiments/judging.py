"""Photos to learn from, true pairs, and the scores of every image."""

from pathlib import Path
from typing import Protocol

import numpy as np
from hidden import Hidden

from gansr.data.files.folders import find_images
from gansr.data.files.images import read_image, to_rgb, write_image
from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.evaluation.scores import Metric, Upscale, evaluate
from gansr.imaging.resize import mod_crop
from gansr.metrics.fidelity.psnr import PSNR
from gansr.metrics.fidelity.ssim import SSIM
from gansr.metrics.perceptual.feature_distance import FeatureDistance

Scored = dict[str, dict[str, dict[str, float]]]  # judge -> image -> metric -> score


class Judged(Protocol):
    """What judging needs to know of a job."""

    @property
    def scale(self) -> int: ...
    @property
    def folder(self) -> Path: ...
    @property
    def run(self) -> Path: ...
    @property
    def judges(self) -> tuple[str, ...]: ...
    @property
    def squeezenet(self) -> str | None: ...


def metrics(scale: int, squeezenet: str | None) -> dict[str, Metric]:
    """PSNR and SSIM on Y without `scale` pixels of the border, and the distance in a classifier's features."""
    found: dict[str, Metric] = {"psnr": PSNR(scale), "ssim": SSIM(scale)}
    return found | ({} if squeezenet is None else {"distance": FeatureDistance(scale, weights=squeezenet)})


def judged(upscale: Upscale, job: Judged) -> Scored:
    """Scores on every judge. The two images that are shown are kept beside the run."""
    found: Scored = {}
    measures = metrics(job.scale, job.squeezenet)
    for judge in job.judges:
        folder = job.folder / "judges" / judge
        pairs = EvaluationSet.open(judge, folder / "hr", folder / "lr", job.scale, judge)
        rows = evaluate(upscale, [pairs], measures).rows
        found[judge] = {row.image: row.values for row in rows}
        for number in shown(len(pairs)):
            keep(job.run / "sr" / judge / f"{pairs[number].name}.png", upscale(pairs[number].lr))
    return found


def shown(count: int) -> tuple[int, ...]:
    """Numbers of the images that pictures are made of."""
    return tuple(dict.fromkeys((count // 3, 2 * count // 3)))


def keep(path: Path, image: np.ndarray) -> None:
    """Write an image, and the folder that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, image)


def write_photos(photos: Path, folder: Path, hidden: Hidden, seed: int) -> None:
    """The first half of the photos as hr, their LR as true_lr, the LR of the other half as real_lr; PNG files.

    Raises:
        DataError: there is no photo, or a damaged one.
    """
    random = np.random.default_rng([seed, 1])
    files = find_images([photos], "photos")
    for number, file in enumerate(files):
        first = number < len(files) // 2
        hr = mod_crop(to_rgb(read_image(file)), hidden.scale)
        keep(folder / ("true_lr" if first else "real_lr") / f"{file.stem}.png", hidden(hr, random))
        if first:
            keep(folder / "hr" / f"{file.stem}.png", hr)


def write_pairs(truths: Path, folder: Path, hidden: Hidden, seed: int) -> None:
    """A judge: hr, and its lr through the hidden degradation; grey images have three channels too, since noise has."""
    random = np.random.default_rng([seed, 3])
    for file in find_images([truths], "judge"):
        hr = mod_crop(to_rgb(read_image(file)), hidden.scale)
        keep(folder / "lr" / f"{file.stem}.png", hidden(hr, random))
        keep(folder / "hr" / f"{file.stem}.png", hr)
