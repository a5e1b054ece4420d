"""What the page says of runs, part by part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gansr.report.charts import curves, health
from gansr.report.charts.chart import Chart, grid
from gansr.report.charts.plane import MISSING, Means, planes
from gansr.report.markup import Content, Markup, folded, joined, notes, table, tag
from gansr.report.options_table import options_table
from gansr.report.page import Section, page
from gansr.report.pictures.gallery import gallery
from gansr.report.pictures.layers import HR, LR, Layers
from gansr.report.pictures.shot import Shot
from gansr.report.reading.audit import audit_of
from gansr.report.reading.runs import Part
from gansr.report.score_tables import Judged, score_tables
from gansr.report.terms import Terms


@dataclass(frozen=True)
class Shown:
    """What the weights of runs make of images.

    Args:
        judged: scores of everybody, on sets with ground truth
        unseen: scores on images without any, by metrics that need none
        shots: images as everybody made them
        weights: label of a part -> which of its weights were used, in words
        missing: what could not be shown, and why
    """

    judged: Judged = field(default_factory=dict)
    unseen: Judged = field(default_factory=dict)
    shots: Sequence[Shot] = ()
    weights: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = ()


def run_page(
    parts: Sequence[Part], advice: Mapping[str, Sequence[Content]], shown: Shown, others: Means, made_by: str
) -> str:
    """The HTML of a report.

    Args:
        parts: stages of the runs, in order
        advice: label of a part -> what was the matter with it
        shown: what its weights make of images
        others: models that are no part of the runs -> set -> metric -> mean
        made_by: the last line
    """
    runs = len({part.run for part in parts})
    title = parts[0].name if runs == 1 else f"{runs} runs"
    finals = {name: scores.means for name, scores in shown.judged.items()} | dict(others)
    sections = [
        Section("warnings", "Watch out", [_advice(parts, advice)]),
        Section("pictures", "Pictures", _pictures(shown)),
        Section("scores", "Scores", [*_tables(shown), _others(others), _charts(parts, curves.scores(parts))]),
        Section("plane", "Perception and distortion", _plane(parts, finals)),
        Section("losses", "Losses", [_charts(parts, curves.losses(parts), logarithmic=True)]),
        Section("game", "The game", [_charts(parts, health.game(parts))]),
        Section("domains", "Without pairs", [*_audits(parts), _charts(parts, health.without_pairs(parts))]),
        Section("options", "Options", [options_table(parts)]),
        Section("more", "More curves", [_more(parts)]),
        Section("about", "About this page", [tag("p", made_by, class_="quiet")]),
    ]
    return page(title, [_cards(parts, shown)], sections)


def legend(parts: Sequence[Part], charts: Sequence[Chart], logarithmic: bool = False) -> Markup:
    """Names of the parts that charts have curves of, in their colours; a click hides one in all charts."""
    drawn = {trace.part for chart in charts for trace in chart.traces}
    buttons = [
        tag("button", part.label, type="button", data_part=number, aria_pressed="true")
        for number, part in enumerate(parts)
        if number in drawn
    ]
    switch = tag("label", tag("input", type="checkbox", data_logarithmic=True), "logarithmic") if logarithmic else None
    return tag("div", *buttons, switch, class_="legend")


def _charts(parts: Sequence[Part], charts: Sequence[Chart], logarithmic: bool = False) -> Content:
    found = [chart for chart in charts if chart.traces]
    return joined([legend(parts, found, logarithmic), grid(found)]) if found else None


def _cards(parts: Sequence[Part], shown: Shown) -> Markup:
    return tag("div", *(_card(part, shown) for part in parts), class_="cards")


def _card(part: Part, shown: Shown) -> Markup:
    options = part.options or {}
    generator = options.get("generator")
    facts: dict[str, str | None] = {
        "state": part.state,
        "recipe": str(options["recipe"]) if "recipe" in options else None,
        "generator": str(generator["type"]) if isinstance(generator, dict) and "type" in generator else None,
        "scale": f"×{options['scale']}" if "scale" in options else None,
        "weights": shown.weights.get(part.label),
        "folder": str(part.folder),
    }
    if part.log.scores:
        line = part.log.scores[-1]
        facts["scores"] = ", ".join(f"{name} {value:.4g}" for name, value in line.items() if name != "step")
    lacks = [] if part.options is not None else ["There is no options.yml."]
    if part.log.cut:
        lacks.append("The last line of log.jsonl is not whole; it is left out.")
    if part.log.step and not part.log.scores:
        lacks.append("The log holds no validation.")
    if broken := _not_finite(part):
        lacks.append(broken)
    told = [(tag("dt", name), tag("dd", value)) for name, value in facts.items() if value]
    listed = tag("dl", *(one for pair in told for one in pair))
    return tag("div", tag("h3", part.label), listed, notes(lacks, "quiet notes"), class_="card")


def _not_finite(part: Part) -> str | None:
    for line in part.log.losses:
        for name, value in line.items():
            if value - value != 0:
                return f"{name} is not finite at step {line['step']:,.0f}."
    return None


def _advice(parts: Sequence[Part], advice: Mapping[str, Sequence[Content]]) -> Content:
    found: list[Content] = []
    for part in parts:
        if sentences := advice.get(part.label):
            found += [tag("h3", part.label), notes(sentences, "warnings")]
    return joined(found) if found else None


def _pictures(shown: Shown) -> list[Content]:
    found: list[Content] = [notes(shown.missing)]
    if shown.shots:
        metrics: dict[str, Terms] = {}
        for scores in (*shown.judged.values(), *shown.unseen.values()):
            metrics |= dict(scores.metrics)
        layers = Layers(shown.shots)
        left, right = _sides(layers.sources)
        found.append(gallery(layers, metrics, left, right))
    return found


def _sides(sources: Sequence[str]) -> tuple[str, str]:
    """The newest result beside the truth, or else beside LR."""
    results = [name for name in sources if name not in (LR, HR)]
    return (results[-1], HR) if HR in sources else (LR, results[-1])


def _tables(shown: Shown) -> list[Content]:
    found: list[Content] = [score_tables(shown.judged, shown.shots)] if shown.judged else []
    if shown.unseen:
        found.append(score_tables(shown.unseen, shown.shots))
    return found


def _others(others: Means) -> Content:
    """Models of a file of scores."""
    if not others:
        return None
    keys = [f"{place}/{name}" for sets in others.values() for place, means in sets.items() for name in means]
    columns = list(dict.fromkeys(keys))
    flat = {
        who: {f"{place}/{name}": f"{value:.4g}" for place, means in sets.items() for name, value in means.items()}
        for who, sets in others.items()
    }
    rows = [[who, *(values.get(column, "") for column in columns)] for who, values in flat.items()]
    return joined([tag("h3", "Other models"), table(["mean", *columns], rows)])


def _plane(parts: Sequence[Part], finals: Means) -> list[Content]:
    charts = planes(parts, finals)
    if not charts:
        return [tag("p", MISSING)]
    said = (
        "Points of a line are validations, a star is where the weights of a part stand that made the pictures, a "
        "diamond is a model that is no part of these runs. PSNR and looks are at odds: a GAN goes left and down."
    )
    return [tag("p", said, class_="quiet"), _charts(parts, charts)]


def _audits(parts: Sequence[Part]) -> list[Content]:
    found: list[Content] = []
    for part in parts:
        audit = audit_of(part.folder)
        if audit is not None:
            found.append(folded(f"Domain audit of {part.label}", audit))
    return found


def _more(parts: Sequence[Part]) -> Content:
    charts = _charts(parts, health.rest(parts))
    return folded("Learning rates, colours and whatever else was logged", charts) if charts else None
