"""The plane of perception and distortion: what a GAN pays in PSNR for pictures that look sharp.

Blau and Michaeli 2018: of all methods none can be best at both, so a run is judged by its place in the plane.
"""

import math
from collections.abc import Mapping, Sequence

from gansr.report.charts.chart import DOTTED, Chart, Trace
from gansr.report.charts.curves import kind, rises
from gansr.report.reading.runs import Part

PERCEPTUAL = ("lpips", "dists", "feature_distance", "pi", "niqe", "fid", "kid")
"""Types of metrics that look at pictures as people do, the ones that follow people's judgement best first."""

MISSING = (
    "The plane of perception and distortion needs a metric that looks at pictures as people do, beside PSNR. Add one "
    "to the options, for example validation.metrics: {psnr: {type: psnr}, lpips: {type: lpips}}, or ask for it here: "
    "--metric niqe."
)

Means = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Who upscaled -> set -> metric -> mean."""


def planes(parts: Sequence[Part], finals: Means) -> list[Chart]:
    """A chart for each set and perceptual metric: validations as a path, and where each of `finals` ended."""
    return [_plane(parts, finals, *names) for names in _measured(parts, finals)]


def _measured(parts: Sequence[Part], finals: Means) -> list[tuple[str, str, str]]:
    """(set, its PSNR, its perceptual metric), by the names that these metrics have."""
    keys = [key for part in parts for line in part.log.scores for key in line if "/" in key]
    keys += [f"{place}/{metric}" for sets in finals.values() for place, means in sets.items() for metric in means]
    known: dict[str, dict[str, str]] = {}  # set -> type of metric -> name of the first of that type
    for key in keys:
        place, _, metric = key.rpartition("/")
        known.setdefault(place, {}).setdefault(kind(parts, key), metric)
    return [
        (place, kinds["psnr"], kinds[perceptual])
        for place, kinds in known.items()
        for perceptual in PERCEPTUAL
        if perceptual in kinds and "psnr" in kinds
    ]


def _plane(parts: Sequence[Part], finals: Means, place: str, psnr: str, metric: str) -> Chart:
    traces = []
    for number, part in enumerate(parts):
        lines = [line for line in part.log.scores if {f"{place}/{psnr}", f"{place}/{metric}"} <= line.keys()]
        x, y = ([line[f"{place}/{name}"] for line in lines] for name in (psnr, metric))
        text = [f"step {line['step']:,.0f}: {a:.2f} dB, {b:.4g}" for line, a, b in zip(lines, x, y, strict=True)]
        if lines:
            traces.append(Trace(part.label, x, y, number, number, mode="lines+markers", text=text, dash=DOTTED))
    for name, sets in finals.items():
        means = sets.get(place, {})
        if {psnr, metric} <= means.keys() and all(math.isfinite(means[one]) for one in (psnr, metric)):
            traces.append(_end(parts, name, means[psnr], means[metric]))
    better = "↑ better" if rises(parts, f"{place}/{metric}") else "↓ better"
    return Chart(f"{place}: {metric} against PSNR", traces, x="PSNR [dB], better →", y=f"{metric}, {better}")


def _end(parts: Sequence[Part], name: str, x: float, y: float) -> Trace:
    """A star for the weights of a part, a diamond with its name for what is no part: a baseline."""
    number = next((number for number, part in enumerate(parts) if part.label == name), None)
    symbol = "diamond" if number is None else "star"
    text = [f"{name}: {x:.2f} dB, {y:.4g}"]
    return Trace(name, [x], [y], number, number, mode="markers", text=text, symbol=symbol, labelled=number is None)
