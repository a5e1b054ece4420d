"""Scores as rows of a CSV file: one number each, for spreadsheets and data frames."""

import csv
import io
from collections.abc import Iterator, Sequence

from gansr.evaluation.compared import Entry, columns

COLUMNS = ("weights", "scale", "set", "image", "metric", "value", "low", "high", "protocol")


def csv_text(entries: Sequence[Entry], seed: int = 0) -> str:
    """The means first, with an empty `image` and their interval in `low` and `high`; then every image's scores."""
    paper = io.StringIO()
    writer = csv.writer(paper, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerows(_means(entry, seed))
    for entry in entries:
        writer.writerows(_images(entry))
    return paper.getvalue()


def _means(entry: Entry, seed: int) -> Iterator[tuple[object, ...]]:
    means = entry.scores.means
    for images, metric in columns([entry]):
        low, high = entry.interval(images, metric, seed) or ("", "")
        protocol = entry.scores.metrics[metric].protocol
        yield entry.name, entry.scale, images, "", metric, means[images][metric], low, high, protocol


def _images(entry: Entry) -> Iterator[tuple[object, ...]]:
    for row in entry.scores.rows:
        for metric, value in row.values.items():
            protocol = entry.scores.metrics[metric].protocol
            yield entry.name, entry.scale, row.set, row.image, metric, value, "", "", protocol
