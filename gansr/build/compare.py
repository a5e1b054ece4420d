"""`gansr compare`: the page of a report for finished images of any program."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from torch import Tensor

from gansr.build.evaluating.asked import component
from gansr.build.report import made_by, refuse_other_suffixes, told, write_page
from gansr.build.showing.shots import asks_for_lr, cut
from gansr.build.showing.sources import USUAL
from gansr.data.files.counterparts import counterparts
from gansr.data.files.folders import image_sizes
from gansr.data.files.images import read_as_stored
from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.errors import DataError, OptionsError
from gansr.evaluation.scores import Metric, Scores, evaluate
from gansr.imaging.resize import mod_crop
from gansr.metrics import METRICS
from gansr.options.component import Component, build
from gansr.report.compare_page import compare_page
from gansr.report.pictures.layers import HR
from gansr.report.pictures.maps import error_map
from gansr.report.pictures.shot import Shot, chosen, first_metric
from gansr.report.reading.labels import labels

WHERE = "gansr compare"
SET = "images"
SCALE = 4  # where nobody says one: what most results are compared at
Files = Sequence[tuple[str, Mapping[str, Path]]]  # name, and who made it -> file


class Difference:
    """Mean over pixels and channels of |one - other|, in levels of 255: the least of both is what both agree in."""

    protocol = "mean of |one − other| over the pixels and channels of the whole image, levels of 255"
    higher_is_better = False
    unit = "levels"
    format = ".2f"

    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """Of two uint8 images (C, H, W)."""
        one, other = (image.permute(1, 2, 0).cpu().numpy() for image in (sr, hr))
        return float(error_map(one, other).mean(dtype=np.float64))


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    Args:
        one: folder of finished images
        other: the second one
        hr: folder of the ground truth, if there is one
        output: the page
        metrics: names, or components; empty: psnr and ssim with HR, none without
        scale: the border that metrics leave out
        images: how many the page shows
    """

    one: Path
    other: Path
    hr: Path | None
    output: Path
    metrics: Sequence[str] = ()
    scale: int | None = None
    images: int = 8


def run(request: Request, console: Console) -> None:
    """Match, score and show the images, and write the page.

    Raises:
        UserError: a folder is missing, an image has no counterpart, sizes differ, or the page cannot be written.
    """
    refuse_other_suffixes(request.output)
    scale = request.scale or SCALE
    names = labels([request.one, request.other])
    folders = dict(zip(names, (request.one, request.other), strict=True))
    folders |= {HR: request.hr} if request.hr else {}
    files = counterparts(folders, WHERE)
    factor, metrics = _factor(files, scale), _metrics(request, scale)
    with console.status("") as status:
        judged = {}
        for who in names if metrics else ():
            status.update(f"{who}, {len(files)} images")
            judged[who] = _judged(files, who, HR if request.hr else who, factor, metrics)
        if not request.hr:
            apart: dict[str, Metric] = {"difference": Difference()}
            judged[f"{names[0]} against {names[1]}"] = _judged(files, names[0], names[1], 1, apart)
        shots = _shots(files, names, factor, judged, request.images)
    said = _said(request, factor, len(files), len(shots))
    texts = {who: str(folder) for who, folder in folders.items()}
    html = compare_page((names[0], names[1]), texts, judged, shots, said, made_by())
    write_page(request.output, html)
    told(console, request.output, html, f"{len(shots)} of {len(files)} image(s)")


def _metrics(request: Request, scale: int) -> dict[str, Metric]:
    asked = [component(text) for text in request.metrics] or [
        Component(type=name) for name in USUAL if request.hr is not None
    ]
    found: dict[str, Metric] = {row.type: build(row, METRICS, "--metric", scale=scale) for row in asked}
    for name, metric in found.items():
        if asks_for_lr(metric):
            raise OptionsError(f"--metric {name}: it compares with LR, and finished images come without. Leave it out.")
        if request.hr is None and getattr(metric, "needs_hr", True):
            raise OptionsError(
                f"--metric {name}: it compares with a ground truth, and none is given. Expected a third folder, "
                "HR_DIR, or a metric that looks at results alone, such as niqe."
            )
    return found


def _factor(files: Files, scale: int) -> int:
    """1 where all sizes are equal, `scale` where results lack the rest of HR that is no multiple of it.

    Raises:
        DataError: neither is so.
    """
    *others, last = files[0][1]
    sizes = {label: image_sizes([one[label] for _, one in files]) for label in files[0][1]}

    def wrong(factor: int) -> Iterator[tuple[int, str]]:
        for number, (height, width) in enumerate(sizes[last]):
            wanted = (height - height % factor, width - width % factor)
            yield from ((number, label) for label in others if sizes[label][number] != wanted)

    for factor in (1, scale) if last == HR else (1,):
        if not any(wrong(factor)):
            return factor
    number, label = next(wrong(1))
    (height, width), (true_height, true_width) = sizes[label][number], sizes[last][number]
    rest = f", or HR without the rest that x{scale} cannot make (--scale)" if last == HR else ""
    raise DataError(
        f"{WHERE}: {files[number][1][label]} is {width}x{height} and {files[number][1][last]} is "
        f"{true_width}x{true_height} (width x height). Expected the same size for all images{rest}."
    )


def _judged(files: Files, who: str, truth: str, factor: int, metrics: Mapping[str, Metric]) -> Scores:
    """Files are results already: what is evaluated is given back as it is."""
    pairs = [(image, one[who], one[truth]) for image, one in files]
    return evaluate(_as_it_is, [EvaluationSet(SET, pairs, factor)], metrics)


def _as_it_is(image: np.ndarray) -> np.ndarray:
    return image


def _shots(files: Files, names: Sequence[str], factor: int, judged: Mapping[str, Scores], count: int) -> list[Shot]:
    """The images that the first metric finds worst and best, of the last one judged."""
    values, rises = first_metric(list(judged.values())[-1])
    shots = []
    for number in chosen(values, count, rises):
        image, one = files[number]
        results = {who: read_as_stored(one[who]) for who in names}
        hr = mod_crop(read_as_stored(one[HR]), factor) if HR in one else None
        scores = {who: found.rows[number].values for who, found in judged.items()}
        shots.append(cut(Shot(SET, image, results[names[0]].shape[:2], None, None, results, hr, scores), 1))
    return shots


def _said(request: Request, factor: int, count: int, shown: int) -> list[str]:
    said = ["Grey of 16 bits is compared in 8 bits; transparency is dropped."]
    if factor > 1:
        said.append(f"The rows and columns of HR beyond a multiple of {factor} are left out, as no result has them.")
    if request.scale is None and request.hr is not None:
        said.append(f"No --scale was given: metrics leave out borders as they do at x{SCALE}.")
    if shown < count:
        said.append(f"{shown} of {count} images are shown: half of them the worst, half the best by the first metric.")
    return said
