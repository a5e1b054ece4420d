import builtins
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gansr.errors import UserError
from gansr.report.markup import tag
from gansr.report.page import Section, plotly
from gansr.report.page import page as make_page

from .conftest import EVIL


class Loads(HTMLParser):
    """What a page would fetch, where links lead, and where they could."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        (self.links if tag == "a" else self.loads).extend(found[key] or "" for key in ("src", "href") if key in found)
        self.ids.extend(found["id"] or "" for _ in "1" if "id" in found)


def test_everything_is_in_the_page_and_links_lead_somewhere(page: Path) -> None:
    found = Loads()
    found.feed(page.read_text("utf-8"))
    assert len(found.loads) > 20 and all(one.startswith("data:") for one in found.loads)
    assert len(set(found.ids)) == len(found.ids)
    assert found.links and {one.removeprefix("#") for one in found.links} <= set(found.ids)


def test_no_name_becomes_a_tag(page: Path) -> None:
    html = page.read_text("utf-8")
    assert EVIL not in html and "<img src=x" not in html
    assert 'Content-Security-Policy" content="default-src &#x27;none&#x27;' in html


def test_sections_without_content_are_left_out_and_plotly_with_them() -> None:
    html = make_page("a & b", [], [Section("one", "One", [tag("p", "text")]), Section("two", "Two", [None])])
    assert "<title>a &amp; b</title>" in html and "<h2>One</h2>" in html
    assert "Two" not in html
    assert len(html) < 100_000


def test_missing_plotly_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("plotly"):
            raise ImportError(name)
        return imported(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UserError, match=r"plotly, which is not installed: pip install 'gansr\[report\]'"):
        plotly()


def test_the_script_can_stand_in_a_page() -> None:
    assert "</script" not in plotly()
