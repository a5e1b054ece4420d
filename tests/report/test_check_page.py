"""The page of `gansr data check`."""

import base64
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gansr.report.check_page import Group, Shown, check_page

from .conftest import EVIL


def group(severity: str, title: str, shown: list[Shown], others: list[str] | None = None) -> Group:
    others = others or []
    return Group(severity, title, f"Advice for {title}.", len(shown) + len(others), shown, others)


def made(may_start: bool = False) -> str:
    ramp = np.mgrid[:40, :60][1].astype(np.uint8)[..., None].repeat(3, 2) * 4
    groups = [
        group("error", "broken files", [Shown(f"{EVIL}: broken", [])]),
        group("warning", "shifted", [Shown("one: by 1", [("LR: one", ramp), ("HR: one", ramp)])], ["two: by 2"]),
    ]
    folders = [("HR", EVIL), ("LR, x4", "there")]
    statistics = {"HR": [("images", "3"), ("largest", "60x40")], "LR": [("images", "2"), ("largest", "15x10")]}
    return check_page("Training may not start.", may_start, folders, statistics, groups, "Made by hand.")


def test_everything_is_on_it_in_order() -> None:
    text = made()
    places = [text.index(word) for word in ("Training may not start.", "1 × broken files", "2 × shifted", "60x40")]
    assert places == sorted(places)
    assert "Advice for shifted." in text and "two: by 2" in text and "15x10" in text
    assert "Notes</h2>" not in text  # there are none
    assert 'class="warnings"' in text and 'class="warnings"' not in made(True)


def test_pictures_are_what_was_given() -> None:
    uris = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', made())
    assert len(uris) == 2
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(uris[0]))))
    assert image.shape == (40, 60, 3) and abs(int(image[20, 30, 0]) - 120) <= 4


def test_names_cannot_become_tags() -> None:
    assert EVIL not in made() and "src='x'" not in made()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_in_a_browser(browser: Any, tmp_path: Path) -> None:
    page = tmp_path / "check.html"
    page.write_text(made(), "utf-8")
    browser.get(page.as_uri())
    widths = browser.execute_script(
        "return [...document.querySelectorAll('.thumbnail img')].map((i) => i.naturalWidth)"
    )
    assert widths == [60, 60]
    assert [line["message"] for line in browser.get_log("browser")] == []
    assert EVIL in browser.find_element("css selector", "#error").text
