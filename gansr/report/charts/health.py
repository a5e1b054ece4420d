"""How the game between generator and discriminator goes, and what is seen of runs without pairs."""

import re
from collections.abc import Iterator, Sequence

from gansr.report.charts.chart import DASHED, DOTTED, PLAIN, Chart, Trace, thinned
from gansr.report.charts.curves import curve, keys, one_each
from gansr.report.reading.runs import Part

LOGIT = re.compile(r"(?P<before>.*?)logit/(?P<side>real|fake)(?P<after>/.*)?")
ENERGY = re.compile(r"domain/(?P<domain>.+)/energy_(?P<side>made|real|source)")
LOGITS = {"real": PLAIN, "fake": DASHED}
ENERGIES = {"made": PLAIN, "real": DASHED, "source": DOTTED}


def game(parts: Sequence[Part]) -> list[Chart]:
    """Logits of both sides, accuracies, and who pulls at the generator."""
    accuracies = keys(parts, lambda key: "discriminator/accuracy" in key)
    return [
        *_logits(parts),
        *one_each(parts, accuracies, line=0.5),
        *_by_role(parts, "gradient/", "gradient norms"),
        *_by_role(parts, "share/", "shares of the losses"),
    ]


def without_pairs(parts: Sequence[Part]) -> list[Chart]:
    """What the degrader has learned, and whether made images look like real ones."""
    learned = keys(parts, lambda key: key.endswith(("/kernel_width", "/noise_level")))
    changes = keys(parts, lambda key: key.startswith("change/"))
    return [*one_each(parts, learned), *_energies(parts), *one_each(parts, changes)]


def rest(parts: Sequence[Part]) -> list[Chart]:
    """Everything that no other chart shows."""
    shown = ("loss/", "logit/", "discriminator/accuracy", "/kernel_width", "/noise_level")
    begins = ("gradient/", "share/", "change/")
    scores = {key for part in parts for line in part.log.scores for key in line}

    def is_left(key: str) -> bool:
        known = key.startswith(begins) or any(name in key for name in shown) or ENERGY.fullmatch(key)
        return not known and key not in scores

    return one_each(parts, keys(parts, is_left))


def _logits(parts: Sequence[Part]) -> list[Chart]:
    charts: dict[str, list[Trace]] = {}
    for key, found in _matching(parts, LOGIT):
        title = f"{found['before']}logits{found['after'] or ''}: real (line), fake (dashes)"
        charts.setdefault(title, []).extend(_sides(parts, key, found["side"], LOGITS[found["side"]]))
    return [Chart(title, traces) for title, traces in charts.items()]


def _energies(parts: Sequence[Part]) -> list[Chart]:
    charts: dict[str, list[Trace]] = {}
    for key, found in _matching(parts, ENERGY):
        title = f"fine detail, {found['domain']}: made (line), real (dashes), source (dots)"
        charts.setdefault(title, []).extend(_sides(parts, key, found["side"], ENERGIES[found["side"]]))
    return [Chart(title, traces, y="levels of 255") for title, traces in charts.items()]


def _matching(parts: Sequence[Part], pattern: re.Pattern[str]) -> Iterator[tuple[str, re.Match[str]]]:
    for key in keys(parts, lambda key: pattern.fullmatch(key) is not None):
        found = pattern.fullmatch(key)
        assert found is not None, key
        yield key, found


def _sides(parts: Sequence[Part], key: str, side: str, dash: str) -> list[Trace]:
    traces = [curve(part, number, key, f"{part.label}: {side}", dash=dash) for number, part in enumerate(parts)]
    return [trace for trace in traces if trace.x]


def _by_role(parts: Sequence[Part], prefix: str, title: str) -> list[Chart]:
    """A chart for each part, with a curve for each loss: they are to be compared with each other."""
    charts = []
    for number, part in enumerate(parts):
        roles = keys([part], lambda key: key.startswith(prefix))
        traces = []
        for colour, key in enumerate(roles):
            steps, values = thinned(*part.log.curve(key))
            role = key.removeprefix(prefix)
            text = [f"step {step:,.0f}: {value:.3g}" for step, value in zip(steps, values, strict=True)]
            places = [part.begins + step for step in steps]
            traces.append(Trace(role, places, values, number, colour, text=text, filled=prefix == "share/"))
        if len(traces) > 1:
            charts.append(Chart(f"{title}, {part.label}", traces, named=True))
    return charts
