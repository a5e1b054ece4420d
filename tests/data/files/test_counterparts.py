import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansr.data.files.counterparts import core, counterparts
from gansr.errors import DataError


@pytest.fixture
def folder(tmp_path: Path):
    """Makes a folder with images of these names."""

    def make(label: str, *names: str) -> Path:
        for name in names:
            (tmp_path / label / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.zeros((2, 2), np.uint8)).save(tmp_path / label / name)
        return tmp_path / label

    return make


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("0801x4", "0801"),
        ("0801_x4_SR", "0801"),
        ("img_001_SRF_4_HR", "img_001_SRF_4"),
        ("baby_GT", "baby"),
        ("sub/bird_out", "sub/bird"),
        ("sub/x4", "sub/x4"),
        ("x4", "x4"),
        ("photo_5", "photo_5"),
    ],
)
def test_marks_are_taken_off_the_end(name: str, expected: str) -> None:
    assert core(name) == expected


def names(found: list[tuple[str, dict[str, Path]]]) -> list[tuple[str, list[str]]]:
    return [(name, [file.name for file in files.values()]) for name, files in found]


def test_marks_suffixes_and_names_of_models_are_tolerated(folder) -> None:
    a = folder("a", "babyx4.png", "bird_out.jpg", "img_1.png")
    b = folder("b", "baby_my-model.png", "bird.png", "img_1_other.png")
    hr = folder("hr", "baby_HR.png", "bird.png", "img_1.png")
    assert names(counterparts({"a": a, "b": b, "HR": hr}, "compare")) == [
        ("baby", ["babyx4.png", "baby_my-model.png", "baby_HR.png"]),
        ("bird", ["bird_out.jpg", "bird.png", "bird.png"]),
        ("img_1", ["img_1.png", "img_1_other.png", "img_1.png"]),
    ]


def test_without_ground_truth_the_longer_name_may_be_the_second(folder) -> None:
    a, b = folder("a", "img_1x4.png", "imgx4.png"), folder("b", "img_1_model.png", "img_other.png")
    assert names(counterparts({"a": a, "b": b}, "compare")) == [
        ("img_1", ["img_1x4.png", "img_1_model.png"]),
        ("img", ["imgx4.png", "img_other.png"]),
    ]


def test_an_exact_name_comes_before_all_others(folder) -> None:
    a, hr = folder("a", "bird.png", "bird_x4.png"), folder("hr", "bird.png", "bird_x4.png")
    found = counterparts({"a": a, "HR": hr}, "c")
    assert [(name, files["a"].name) for name, files in found] == [("bird", "bird.png"), ("bird_x4", "bird_x4.png")]


@pytest.mark.parametrize(
    ("a", "hr", "words"),
    [
        (["bird.png"], ["bird.png", "woman.png"], "has nothing for .*woman.png; it holds bird.png"),
        (["bird.png", "woman.png"], ["bird.png"], "hr has nothing for 1 of 2 images in .*a: woman.png"),
        (["bird_1.png", "bird_2.png"], ["bird.png"], "bird_1.png, bird_2.png in .* could all belong to .*bird.png"),
        (["bird.png"], ["bird_HR.png", "bird_GT.png"], "bird.png could belong to .* and to .*"),
        (["bird.png", "bird.jpg"], ["bird.png"], "bird.jpg and bird.png have one name"),
    ],
)
def test_what_does_not_match_is_named(folder, a: list[str], hr: list[str], words: str) -> None:
    with pytest.raises(DataError, match=re.compile(words)):
        counterparts({"a": folder("a", *a), "HR": folder("hr", *hr)}, "gansr compare")
