"""Scores as tables of the page: means, the ends of each ranking, and every image."""

import math
from collections.abc import Mapping, Sequence

from gansr.evaluation.scores import Row, Scores
from gansr.report.markup import Content, Markup, folded, joined, notes, table, tag
from gansr.report.pictures.gallery import anchor, written
from gansr.report.pictures.shot import Shot, ranking
from gansr.report.terms import Terms

ENDS = 3  # images at each end of a ranking

Judged = Mapping[str, Scores]
"""Who upscaled -> what it scored."""


def score_tables(judged: Judged, shots: Sequence[Shot]) -> Markup:
    """Means of each set, worst and best images, and all of them, folded up; beneath, how numbers were made."""
    metrics = {name: one for scores in judged.values() for name, one in scores.metrics.items()}
    places = list(dict.fromkeys(row.set for scores in judged.values() for row in scores.rows))
    links = {(shot.set, shot.image): anchor(number) for number, shot in enumerate(shots)}
    found: list[Content] = []
    for place in places:
        found += [tag("h3", f"Set {place}"), _means(judged, place, metrics)]
    found.append(notes((f"{name}: {one.protocol}." for name, one in metrics.items()), "quiet notes"))
    found.append(folded("Worst and best images", _ends(judged, metrics, links)))
    found.append(folded("Every image", *(_all(judged, place, metrics, links) for place in places)))
    return joined(found)


def _of(scores: Scores, place: str) -> list[Row]:
    return [row for row in scores.rows if row.set == place]


def _means(judged: Judged, place: str, metrics: Mapping[str, Terms]) -> Markup:
    """A line for everybody; the best mean of each metric is bold."""
    means = {who: scores.means[place] for who, scores in judged.items() if place in scores.means}
    best = {}
    for name, metric in metrics.items():
        values = [one[name] for one in means.values() if name in one and not math.isnan(one[name])]
        best[name] = (max if metric.higher_is_better else min)(values, default=math.nan)

    def cell(who: str, name: str) -> Content:
        if name not in means[who]:
            return ""
        value = means[who][name]
        text = written(name, value, metrics)
        return tag("b", text) if len(means) > 1 and value == best[name] else text

    count = max(len(_of(scores, place)) for scores in judged.values())
    head = [f"mean of {count} image{'s' * (count != 1)}", *(_heading(name, one) for name, one in metrics.items())]
    return table(head, [[who, *(cell(who, name) for name in metrics)] for who in means])


def _ends(judged: Judged, metrics: Mapping[str, Terms], links: Mapping[tuple[str, str], str]) -> Markup:
    rows: list[list[Content]] = []
    for name, metric in metrics.items():
        for who, scores in judged.items():
            found = [row for row in scores.rows if name in row.values]  # metrics of whole sets have none
            if not found:
                continue
            order = ranking([row.values[name] for row in found], metric.higher_is_better)
            count = min(ENDS, max(1, len(order) // 2))  # nobody is among the worst and the best
            worst, best = order[:count], order[::-1][:count]
            cells = [[_named(found[one], name, metrics, links) for one in end] for end in (worst, best)]
            rows.append([f"{name}: {who}", *(_listed(end) for end in cells)])
    return table(["", "worst", "best"], rows, "text")


def _all(judged: Judged, place: str, metrics: Mapping[str, Terms], links: Mapping[tuple[str, str], str]) -> Markup:
    """A line for each image, a column for everybody and metric."""
    columns = [(who, name) for name in metrics for who, scores in judged.items() if name in scores.metrics]
    by_image = {who: {row.image: row.values for row in _of(scores, place)} for who, scores in judged.items()}
    images = list(dict.fromkeys(image for rows in by_image.values() for image in rows))

    def cell(image: str, who: str, name: str) -> str:
        values = by_image[who].get(image)
        return written(name, values[name], metrics) if values and name in values else ""

    rows = [
        [_link(image, links.get((place, image))), *(cell(image, who, name) for who, name in columns)]
        for image in images
    ]
    return table([place, *(f"{name}: {who}" for who, name in columns)], rows)


def _named(row: Row, name: str, metrics: Mapping[str, Terms], links: Mapping[tuple[str, str], str]) -> Content:
    text = f"{row.set} / {row.image} ({written(name, row.values[name], metrics)})"
    return _link(text, links.get((row.set, row.image)))


def _link(text: str, where: str | None) -> Content:
    return tag("a", text, href=f"#{where}") if where else text


def _listed(cells: Sequence[Content]) -> Markup:
    pieces: list[Content] = []
    for cell in cells:
        pieces += [cell, ", "]
    return joined(pieces[:-1])


def _heading(name: str, metric: Terms) -> str:
    unit = f" [{metric.unit}]" if metric.unit else ""
    return f"{name}{unit} {'↑' if metric.higher_is_better else '↓'}"
