"""A chart as data: the page's script gives it to plotly, in the colours of the page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gansr.report.markup import Markup, data, tag

POINTS = 1000  # of a curve: more than a chart has pixels

PLAIN, DASHED, DOTTED = "solid", "dash", "dot"


@dataclass(frozen=True)
class Trace:
    """One curve, or some points.

    Args:
        name: what a reader sees who points at it
        x: of each point
        y: of each point; what is not finite leaves a gap
        part: number of the part that it belongs to, which the legend hides; None: shown always
        colour: number of its colour; None: that of text
        dash: how lines are drawn
        mode: lines, markers or lines+markers
        text: said of each point when a reader points at it
        filled: added to those before it, as an area
        symbol: of markers
        labelled: its name stands beside its points
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    part: int | None = None
    colour: int | None = None
    dash: str = PLAIN
    mode: str = "lines"
    text: Sequence[str] = ()
    filled: bool = False
    symbol: str = "circle"
    labelled: bool = False

    def json(self) -> dict[str, Any]:
        """As plotly has it, but for colours."""
        written: dict[str, Any] = {
            "name": self.name,
            "x": [_number(one) for one in self.x],
            "y": [_number(one) for one in self.y],
            "mode": self.mode,
            "line": {"dash": self.dash, "width": 2},
            "marker": {"size": 10 if self.symbol != "circle" else 6, "symbol": self.symbol},
            "meta": {"part": self.part, "colour": self.colour},
        }
        if self.text:
            written |= {"hovertext": list(self.text), "hovertemplate": "%{hovertext}<extra>%{fullData.name}</extra>"}
        if self.labelled:
            names = [self.name for _ in self.x]
            written |= {"mode": f"{self.mode}+text", "text": names, "textposition": "top center"}
        return written | ({"stackgroup": "one"} if self.filled else {})


@dataclass(frozen=True)
class Chart:
    """Curves with two axes.

    Args:
        title: what is drawn
        traces: one at least
        x: of the horizontal axis
        y: of the vertical axis
        logarithmic: follows the page's switch between a linear and a logarithmic axis
        named: curves are told apart by a legend within the chart: they are not parts
        line: height of a horizontal line of reference
    """

    title: str
    traces: Sequence[Trace]
    x: str = "step"
    y: str = ""
    logarithmic: bool = False
    named: bool = False
    line: float | None = None

    def markup(self) -> Markup:
        """A place for the chart, with what it shows."""
        content = {
            "traces": [trace.json() for trace in self.traces],
            "x": self.x,
            "y": self.y,
            "logarithmic": self.logarithmic,
            "named": self.named,
            "line": self.line,
        }
        drawn = tag("div", class_="plot", role="img", aria_label=f"Chart: {self.title}")
        return tag("figure", tag("figcaption", self.title), drawn, data(content), class_="chart")


def grid(charts: Sequence[Chart]) -> Markup:
    """Charts beside and below each other."""
    return tag("div", *(chart.markup() for chart in charts), class_="charts")


def thinned(x: Sequence[float], y: Sequence[float], points: int = POINTS) -> tuple[list[float], list[float]]:
    """A long curve as means of neighbours, no more than `points` of them; what is not finite stays so."""
    if len(x) <= points:
        return list(x), list(y)
    size = -(-len(x) // points)
    blocks = [slice(start, start + size) for start in range(0, len(x), size)]
    return [_mean(x[block]) for block in blocks], [_mean(y[block]) for block in blocks]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _number(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None
