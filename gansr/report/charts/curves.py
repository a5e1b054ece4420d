"""Losses and scores over the steps, all runs in one chart for each value."""

from collections.abc import Callable, Iterable, Sequence

from gansr.metrics import METRICS
from gansr.report.charts.chart import Chart, Trace, thinned
from gansr.report.reading.runs import Part


def curve(part: Part, number: int, key: str, name: str | None = None, **look: object) -> Trace:
    """A value of one part over the steps; stages stand one behind the other."""
    steps, values = thinned(*part.log.curve(key))
    text = [f"step {step:,.0f}: {value:.5g}" for step, value in zip(steps, values, strict=True)]
    mode = "lines+markers" if len(steps) < 12 else "lines"
    settings = {"part": number, "colour": number, "mode": mode, "text": text} | look
    return Trace(name or part.label, [part.begins + step for step in steps], values, **settings)  # type: ignore[arg-type]


def keys(parts: Sequence[Part], wanted: Callable[[str], bool]) -> list[str]:
    """Names of values in any of the logs, in the order of their appearance."""
    lines = (line for part in parts for line in (*part.log.losses, *part.log.scores))
    return list(dict.fromkeys(key for line in lines for key in line if key != "step" and wanted(key)))


def one_each(parts: Sequence[Part], names: Iterable[str], **look: object) -> list[Chart]:
    """A chart for each value."""
    found = []
    for name in names:
        traces = [curve(part, number, name) for number, part in enumerate(parts)]
        found.append(Chart(name, [trace for trace in traces if trace.x], **look))  # type: ignore[arg-type]
    return found


def losses(parts: Sequence[Part]) -> list[Chart]:
    """Every loss, before weighting."""
    return one_each(parts, keys(parts, lambda key: "loss/" in key), logarithmic=True)


def scores(parts: Sequence[Part]) -> list[Chart]:
    """Every metric on every set."""
    measured = {key for part in parts for line in part.log.scores for key in line}
    charts = []
    for name in keys(parts, measured.__contains__):
        traces = [curve(part, number, name, mode="lines+markers") for number, part in enumerate(parts)]
        arrow = {True: " ↑", False: " ↓", None: ""}[rises(parts, name)]
        charts.append(Chart(f"{name}{arrow}", [trace for trace in traces if trace.x], y=unit(parts, name)))
    return charts


def kind(parts: Sequence[Part], key: str) -> str:
    """The type of the metric that SET/METRIC was measured with: options may give it any name."""
    name = key.rpartition("/")[2]
    for part in parts:
        validation = (part.options or {}).get("validation")
        metrics = validation.get("metrics") if isinstance(validation, dict) else None
        row = metrics.get(name) if isinstance(metrics, dict) else None
        if isinstance(row, dict) and isinstance(row.get("type"), str):
            return row["type"]
    return name


def rises(parts: Sequence[Part], key: str) -> bool | None:
    """Is more better? None of metrics that are not ours."""
    return getattr(METRICS.get(kind(parts, key)), "higher_is_better", None)


def unit(parts: Sequence[Part], key: str) -> str:
    """Of the metric, perhaps none."""
    found = getattr(METRICS.get(kind(parts, key)), "unit", "")
    return found if isinstance(found, str) else ""
