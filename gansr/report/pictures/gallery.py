"""The viewer: two layers of each image with a divider between them; what is done to one image is done to all."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence

from gansr.report.markup import Content, Markup, table, tag
from gansr.report.pictures.layers import ERROR, PICTURE, SPECTRUM, Layers, colour_bar
from gansr.report.pictures.maps import Scale
from gansr.report.pictures.shot import Shot
from gansr.report.terms import Terms

VIEWS = {PICTURE: "Pictures", ERROR: "Errors", SPECTRUM: "Spectra"}
EXPLAINED = {
    ERROR: "mean over the channels of |result − {reference}|",
    SPECTRUM: "power of each frequency under a Hann window, the lowest in the middle",
}
HELP = (
    "Drag the divider, or focus it and use the arrow keys. Zoom with + and −, a double click, or Ctrl and the wheel; "
    "drag an enlarged image to move it, or use the arrow keys; 0 shows all of it. All images move together."
)


def gallery(layers: Layers, metrics: Mapping[str, Terms], left: str, right: str) -> Markup:
    """All shots under one set of controls.

    Args:
        layers: what is shown
        metrics: how scores are written, and which end of them is the worst
        left: who is shown left of the divider at first
        right: and right of it
    """
    scales = layers.scales
    figures = [_figure(number, shot, layers, scales, metrics) for number, shot in enumerate(layers.shots)]
    return tag(
        "div",
        _controls(layers, scales, metrics, left, right),
        tag("p", HELP, class_="quiet"),
        tag("div", *figures, class_="shots"),
        class_="gallery",
    )


def anchor(number: int) -> str:
    """Of a shot, for links."""
    return f"shot-{number}"


def written(name: str, value: float, metrics: Mapping[str, Terms]) -> str:
    """A score as its metric writes it."""
    return format(value, metrics[name].format if name in metrics else ".4g")


def _figure(
    number: int, shot: Shot, layers: Layers, scales: Mapping[str, Scale], metrics: Mapping[str, Terms]
) -> Markup:
    height, width = (shot.window.height, shot.window.width) if shot.window else shot.size
    frame = tag(
        "div",
        *(tag("div", tag("img", alt="", draggable="false"), class_=f"pane {side}") for side in ("right", "left")),
        *(tag("span", class_=f"label {side}") for side in ("left", "right")),
        _handle(shot),
        class_="frame",
        tabindex="0",
        role="group",
        aria_label=f"{shot.title}: plus and minus zoom, arrow keys move",
        style=f"aspect-ratio: {width} / {height}",
    )
    stored = tag("div", *layers.images(shot, scales), class_="stored", hidden=True)
    values = {f"{who}|{name}": value for who, scores in shot.scores.items() for name, value in scores.items()}
    numbers = {key: value if math.isfinite(value) else str(value) for key, value in values.items()}
    return tag(
        "figure",
        *(frame, stored, _caption(shot, metrics)),
        class_="shot",
        id=anchor(number),
        data_set=shot.set,
        data_scores=json.dumps(numbers),
    )


def _handle(shot: Shot) -> Markup:
    return tag(
        "div",
        tag("span", class_="grip"),
        class_="handle",
        role="slider",
        tabindex="0",
        aria_label=f"divider of {shot.title}",
        aria_valuemin=0,
        aria_valuemax=100,
        aria_valuenow=50,
    )


def _caption(shot: Shot, metrics: Mapping[str, Terms]) -> Markup:
    height, width = shot.size
    part = f"{width} × {height} pixels"
    if shot.window:
        one = shot.window
        part += f", shown {one.width} × {one.height} from ({one.left}, {one.top}), where there is most detail"
    names = list(dict.fromkeys(name for scores in shot.scores.values() for name in scores))
    rows = [
        [who, *(written(name, scores[name], metrics) if name in scores else "" for name in names)]
        for who, scores in shot.scores.items()
    ]
    scores = table(["", *names], rows, "scores") if rows else None
    return tag("figcaption", tag("strong", shot.title), tag("span", part, class_="quiet"), scores)


def _controls(
    layers: Layers, scales: Mapping[str, Scale], metrics: Mapping[str, Terms], left: str, right: str
) -> Markup:
    views = [name for name in VIEWS if name == PICTURE or name in scales]
    buttons = [tag("button", VIEWS[name], type="button", data_view=name, aria_pressed="false") for name in views]
    zoom = [
        tag("button", text, type="button", data_zoom=what, aria_label=label)
        for text, what, label in (("−", "out", "smaller"), ("1×", "reset", "show all of it"), ("+", "in", "larger"))
    ]
    sizes = [
        tag("button", text, type="button", data_size=text.lower(), aria_pressed="false") for text in ("Small", "Large")
    ]
    return tag(
        "div",
        _select("Left", "left", [(name, name, name == left) for name in layers.sources]),
        _select("Right", "right", [(name, name, name == right) for name in layers.sources]),
        _buttons("Show", buttons),
        _buttons("Zoom", zoom),
        _buttons("Size", sizes),
        _order(layers.shots, metrics),
        *(_bar(view, scale, layers.reference) for view, scale in scales.items()),
        class_="controls",
    )


def _order(shots: Sequence[Shot], metrics: Mapping[str, Terms]) -> Markup | None:
    """Which image comes first."""
    judged: dict[str, dict[str, None]] = {}  # metric -> whom it judged
    for shot in shots:
        for who, scores in shot.scores.items():
            for name in scores:
                judged.setdefault(name, {})[who] = None
    options = [("", "as in the set", True)]
    for name, people in judged.items():
        signs = "+-" if getattr(metrics.get(name), "higher_is_better", True) else "-+"
        for end, sign in zip(("worst", "best"), signs, strict=True):
            options += [(f"{sign}{who}|{name}", f"{end} {name}: {who}", False) for who in people]
    return _select("First", "order", options) if len(options) > 1 and len(shots) > 1 else None


def _select(label: str, name: str, options: Iterable[tuple[str, str, bool]]) -> Markup:
    made = [tag("option", text, value=value, selected=chosen) for value, text, chosen in options]
    return tag("label", tag("span", label), tag("select", *made, data_choice=name))


def _buttons(label: str, buttons: Sequence[Content]) -> Markup:
    group = tag("div", *buttons, class_="buttons", role="group", aria_label=label)
    return tag("div", tag("span", label), group, class_="control")


def _bar(view: str, scale: Scale, reference: str) -> Markup:
    """The colours of a map, with what they stand for."""
    return tag(
        "div",
        tag("span", f"{scale.low:g}"),
        tag("img", src=colour_bar(), alt=f"colours from {scale.low:g} to {scale.high:g} {scale.unit}"),
        tag("span", f"{scale.high:g} {scale.unit}"),
        tag("span", EXPLAINED[view].format(reference=reference), class_="quiet"),
        class_="bar",
        hidden=True,
        data_bar=view,
    )
