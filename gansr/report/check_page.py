"""The page of `gansr data check`: what was found, with pictures of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gansr.report.markup import Markup, folded, joined, notes, table, tag
from gansr.report.page import Section, page
from gansr.report.pictures.encode import photo_uri

HEADINGS = {"error": "Errors", "warning": "Warnings", "note": "Notes"}


@dataclass(frozen=True)
class Shown:
    """One finding.

    Args:
        said: what it is
        pictures: label, and uint8 (H, W, 3)
    """

    said: str
    pictures: Sequence[tuple[str, np.ndarray]]


@dataclass(frozen=True)
class Group:
    """Findings of one kind.

    Args:
        severity: error, warning or note
        title: what they are
        advice: what to do
        count: of all
        shown: the first ones
        others: what is said of the rest
    """

    severity: str
    title: str
    advice: str
    count: int
    shown: Sequence[Shown]
    others: Sequence[str]


def check_page(
    said: str,
    may_start: bool,
    folders: Sequence[tuple[str, str]],
    statistics: Mapping[str, Sequence[tuple[str, str]]],
    groups: Sequence[Group],
    made_by: str,
) -> str:
    """The HTML of a check.

    Args:
        said: the verdict
        may_start: whether there is no error
        folders: what each is, and where
        statistics: role -> names and values
        groups: findings, the gravest first
        made_by: the last line
    """
    intro = [
        notes([said], "notes" if may_start else "warnings"),
        table(["", "folder"], [[tag("b", what), where] for what, where in folders], "text"),
    ]
    sections = [
        Section(severity, heading, [_group(one) for one in groups if one.severity == severity])
        for severity, heading in HEADINGS.items()
    ]
    sections.append(Section("statistics", "Statistics", [_statistics(statistics)] if statistics else []))
    sections.append(Section("about", "About this page", [tag("p", made_by, class_="quiet")]))
    return page("Data check", intro, sections)


def _group(group: Group) -> Markup:
    head = [tag("h3", f"{group.count} × {group.title}"), tag("p", group.advice)]
    shown = [_shown(one) for one in group.shown if one.pictures]
    listed = [one.said for one in group.shown if not one.pictures]
    more = [folded(f"{len(group.others)} more", notes(group.others))] if group.others else []
    grid = tag("div", *shown, class_="cards pictures") if shown else None
    return joined([*head, notes(listed), grid, *more])


def _shown(shown: Shown) -> Markup:
    pictures = [
        tag("figure", tag("img", src=photo_uri(image), alt=label, width=image.shape[1], height=image.shape[0]),
            tag("figcaption", label), class_="thumbnail")
        for label, image in shown.pictures
    ]  # fmt: skip
    return tag("div", tag("p", shown.said, class_="quiet"), tag("div", *pictures, class_="thumbnails"), class_="card")


def _statistics(statistics: Mapping[str, Sequence[tuple[str, str]]]) -> Markup:
    columns = list(statistics.values())
    lines = [[cells[0][0], *(value for _, value in cells)] for cells in zip(*columns, strict=True)]
    return table(["", *statistics], lines, "text")
