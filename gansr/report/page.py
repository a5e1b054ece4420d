"""The page: one file, with its style, its scripts and its pictures inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gansr.errors import UserError
from gansr.report.markup import Content, Markup, joined, tag

ICON = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"  # or browsers ask the server for one
SCRIPTS = "charts.js", "viewer.js"
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""What a browser lets the page load: nothing, whatever a script in it may try."""


@dataclass(frozen=True)
class Section:
    """A part of the page under its own heading; `name` is for links. Without content it is left out."""

    name: str
    title: str
    content: Sequence[Content]


def plotly() -> str:
    """The script that draws charts.

    Raises:
        UserError: the library is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise UserError(
            "Reports draw their charts with plotly, which is not installed: pip install 'gansr[report]', or "
            "pip install plotly."
        ) from None
    return get_plotlyjs()


def page(title: str, intro: Sequence[Content], sections: Sequence[Section]) -> str:
    """The whole HTML.

    Args:
        title: of the page
        intro: below it
        sections: in order; empty ones are left out
    """
    shown = [one for one in sections if any(_says(part) for part in one.content)]
    links = [tag("a", one.title, href=f"#{one.name}") for one in shown]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        Markup(f'<link rel="icon" href="{ICON}">'),
        tag("style", Markup(asset("report.css"))),
    )
    body = tag(
        "body",
        tag("header", tag("h1", title), *intro),
        tag("nav", *links, aria_label="sections"),
        tag("main", *(tag("section", tag("h2", one.title), *one.content, id=one.name) for one in shown)),
        tag("noscript", "Charts and the viewer of pictures need JavaScript; all of it is in this file."),
        *(tag("script", Markup(text)) for text in _scripts(sections)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en').html}\n"


def _scripts(sections: Sequence[Section]) -> list[str]:
    drawn = any('class="plot"' in part.html for one in sections for part in one.content if isinstance(part, Markup))
    return [*([plotly()] if drawn else []), *map(asset, SCRIPTS)]


@cache
def asset(name: str) -> str:
    """One of the page's own files."""
    return (files("gansr.report") / "assets" / name).read_text("utf-8")


def _says(content: Content) -> bool:
    return bool(content.html if isinstance(content, Markup) else content)


def paragraph(*content: Content) -> Markup:
    """Plain text between other things."""
    return tag("p", joined(content))
