"""gansr compare: folders of finished images of any program."""

import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Run = Callable[..., Any]


@pytest.fixture
def images(tmp_path: Path) -> Run:
    """Writes images as a folder's: name -> array."""

    def write(folder: str, **arrays: np.ndarray) -> Path:
        (tmp_path / folder).mkdir(exist_ok=True)
        for name, array in arrays.items():
            Image.fromarray(array).save(tmp_path / folder / f"{name}.png")
        return tmp_path / folder

    return write


@pytest.fixture
def hr() -> np.ndarray:
    return np.random.default_rng(0).integers(40, 200, (26, 30, 3)).astype(np.uint8)


@pytest.fixture
def compare(gansr: Run, tmp_path: Path) -> Run:
    """Makes a comparison and returns its HTML."""

    def make(*arguments: object) -> str:
        result = gansr("compare", *arguments, "-o", tmp_path / "page.html")
        assert result.code == 0, result
        return (tmp_path / "page.html").read_text("utf-8")

    return make


def scores(html: str) -> list[dict[str, float]]:
    return [json.loads(row.replace("&quot;", '"')) for row in re.findall(r'data-scores="(.*?)"', html)]


def test_scores_against_the_truth_are_those_of_the_formula(compare: Run, images: Run, hr: np.ndarray) -> None:
    one, other = images("one", catx2_out=hr + 5), images("other", cat_mine=hr)
    html = compare(one, other, images("truth", cat_HR=hr), "--metric", "{type: psnr, colour: rgb, border: 0}")
    assert scores(html) == [{"one|psnr": pytest.approx(10 * math.log10(255**2 / 25)), "other|psnr": "inf"}]
    assert "<strong>images / cat</strong>" in html
    assert "PSNR [dB], RGB, whole image" in html
    assert html.count('data-view="error"') >= 2 and 'data-source="HR"' in html


def test_without_truth_it_is_how_far_they_are_apart(compare: Run, images: Run, hr: np.ndarray) -> None:
    html = compare(images("one", cat=hr), images("other", cat=hr + 5))
    assert scores(html) == [{"one against other|difference": 5.0}]
    assert 'data-source="HR"' not in html
    assert "|result − one|" in html


def test_rows_that_no_lr_can_make_are_left_out_and_it_is_said(compare: Run, images: Run, hr: np.ndarray) -> None:
    cut = hr[:24, :28]
    html = compare(images("one", cat=cut), images("other", cat=cut), images("truth", cat=hr))
    assert "beyond a multiple of 4 are left out" in html and "28 × 24 pixels" in html
    assert scores(html)[0]["one|psnr"] == "inf"


def test_the_worst_and_the_best_are_shown(compare: Run, images: Run, hr: np.ndarray) -> None:
    truth = images("truth", a=hr, b=hr, c=hr)
    one = images("one", a=hr, b=hr, c=hr)
    other = images("other", a=hr + 9, b=hr + 3, c=hr + 1)
    html = compare(one, other, truth, "--images", 2, "--metric", "psnr", "--scale", 2)
    assert re.findall(r"<strong>(.*?)</strong>", html) == ["images / a", "images / c"]
    assert "2 of 3 images are shown" in html and "No --scale was given" not in html


def test_grey_and_16_bits_are_compared_in_8_bits_of_grey(compare: Run, images: Run, hr: np.ndarray) -> None:
    grey = hr[..., 0]
    one = images("one", cat=grey.astype(np.uint16) * 257)
    html = compare(one, images("other", cat=np.repeat(grey[..., None], 3, 2)), images("truth", cat=grey))
    assert scores(html)[0]["one|psnr"] == scores(html)[0]["other|psnr"] == "inf"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"other": {"cat": (9, 9)}}, "cat.png is 30x26 and .*cat.png is 9x9"),
        ({"other": {"dog": (26, 30)}}, "has nothing for .*cat.png"),
        ({"other": {}}, "there is no folder|no images in"),
        (
            {"other": {"cat": (26, 30)}, "more": ["--metric", "psnr"]},
            "it compares with a ground truth, and none is given",
        ),
        ({"other": {"cat": (26, 30)}, "more": ["--metric", "pnsr"]}, "Did you mean 'psnr'"),
        ({"other": {"cat": (26, 30)}, "more": ["-o", "page.png"]}, "ends in .html"),
    ],
)
def test_mistakes_are_a_paragraph(gansr: Run, images: Run, hr: np.ndarray, arguments: Any, words: str) -> None:
    one = images("one", cat=hr)
    other = images("other", **{name: np.zeros((*size, 3), np.uint8) for name, size in arguments["other"].items()})
    result = gansr("compare", one, other, *arguments.get("more", ()))
    assert result.code == 2 and re.search(words, result.err), result
    assert len(result.err.strip().splitlines()) == 1


def test_a_folder_with_itself(gansr: Run, images: Run, hr: np.ndarray) -> None:
    one = images("one", cat=hr)
    assert "given twice" in gansr("compare", one, one).err
