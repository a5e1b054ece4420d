"""HTML as values: whatever is a text gets escaped, so names of files cannot become tags."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

VOID = frozenset({"img", "input", "meta", "br", "hr"})  # elements without an end


@dataclass(frozen=True)
class Markup:
    """HTML that is safe as it is."""

    html: str


Content = str | Markup | None
"""A text, which is escaped; markup, which is not; or nothing."""


def tag(name: str, /, *children: Content, **attributes: str | float | bool | None) -> Markup:
    """An element. `class_` stands for class, `data_set` for data-set; True is an attribute without a value.

    >>> tag("p", "a < b", class_="note").html
    '<p class="note">a &lt; b</p>'
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{joined(children).html}</{name}>")


def joined(children: Iterable[Content]) -> Markup:
    """One after the other."""
    return Markup("".join(one.html if isinstance(one, Markup) else escape(one or "") for one in children))


def table(head: Sequence[Content], rows: Iterable[Sequence[Content]], class_: str = "") -> Markup:
    """Rows of cells under a row of headings; the first cell of a row is its name. It scrolls where it is too wide."""
    top = tag("tr", *(tag("th", cell, scope="col") for cell in head))
    lines = [
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows
    ]  # fmt: skip
    inside = tag("table", tag("thead", top), tag("tbody", *lines))
    return tag("div", inside, class_=f"table {class_}".strip())


def notes(sentences: Iterable[Content], class_: str = "notes") -> Markup:
    """A list of sentences, or nothing where there is none."""
    found = list(sentences)
    return tag("ul", *(tag("li", one) for one in found), class_=class_) if found else Markup("")


def folded(title: str, *children: Content) -> Markup:
    """What is shown only when it is asked for."""
    return tag("details", tag("summary", title), *children)


def data(value: Mapping[str, Any] | Sequence[Any], **attributes: str) -> Markup:
    """Numbers and texts for the page's scripts; `<` is written so that no text can end the element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    safe = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return tag("script", Markup(safe), type="application/json", **attributes)


def _attribute(key: str, value: str | float | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
