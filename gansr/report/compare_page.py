"""What the page says of two folders of finished images."""

from collections.abc import Mapping, Sequence

from gansr.report.markup import notes, table, tag
from gansr.report.page import Section, page
from gansr.report.pictures.gallery import gallery
from gansr.report.pictures.layers import HR, Layers
from gansr.report.pictures.shot import Shot
from gansr.report.score_tables import Judged, score_tables
from gansr.report.terms import Terms


def compare_page(
    labels: tuple[str, str],
    folders: Mapping[str, str],
    judged: Judged,
    shots: Sequence[Shot],
    said: Sequence[str],
    made_by: str,
) -> str:
    """The HTML of a comparison.

    Args:
        labels: of both
        folders: label, or HR -> folder
        judged: scores of both; without HR, those by metrics that need none, and how far the two are apart
        shots: images as both made them
        said: what a reader has to know of the comparison
        made_by: the last line
    """
    one, other = labels
    known = any(shot.hr is not None for shot in shots)
    metrics: dict[str, Terms] = {name: found for scores in judged.values() for name, found in scores.metrics.items()}
    layers = Layers(shots, HR if known else one)
    intro = table(["", "folder"], [[tag("b", label), folder] for label, folder in folders.items()], "text")
    sections = [
        Section("pictures", "Pictures", [gallery(layers, metrics, one, other)]),
        Section("scores", "Scores", [score_tables(judged, shots)] if judged else []),
        Section("about", "About this page", [notes(said), tag("p", made_by, class_="quiet")]),
    ]
    return page(f"{one} and {other}", [intro], sections)
