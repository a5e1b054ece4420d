"""Scores as a table for people."""

from rich.markup import escape
from rich.table import Table

from gansr.evaluation.scores import Metric, Scores


def score_table(scores: Scores, title: str | None = None) -> Table:
    """One row for each set, one column for each metric, and beneath them how each number was made."""
    table = Table(title=title, caption_justify="left", caption=_captions(scores))
    table.add_column("set")
    table.add_column("images", justify="right")
    for name, metric in scores.metrics.items():
        table.add_column(_heading(name, metric), justify="right")
    for name, means in scores.means.items():
        images = sum(row.set == name for row in scores.rows)
        values = [format(means[metric], scores.metrics[metric].format) for metric in scores.metrics]
        table.add_row(escape(name), str(images), *values)
    return table


def _heading(name: str, metric: Metric) -> str:
    unit = f" [{metric.unit}]" if metric.unit else ""
    return escape(f"{name}{unit} {'↑' if metric.higher_is_better else '↓'}")


def _captions(scores: Scores) -> str:
    return "\n".join(escape(f"{name}: {metric.protocol}") for name, metric in scores.metrics.items())
