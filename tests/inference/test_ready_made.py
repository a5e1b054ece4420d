from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.errors import DataError
from gansr.inference.ready_made import ReadyMade, find_pictures


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (2, 2)).save(path)
    return folder


def save(path: Path, height: int, width: int, seed: int = 0) -> np.ndarray:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(image).save(path)
    return image


@pytest.mark.parametrize(
    "file",
    ["baby.png", "baby.bmp", "baby_x4.png", "babyx4.png", "baby_SR.png", "baby-sr.png", "baby_SRx4.png",
     "baby_x4_SR.png", "baby_out.jpg", "sub/baby_x4.png", "sub/baby.png"],
)  # fmt: skip
def test_marks_behind_a_name(tmp_path: Path, file: str) -> None:
    touch(tmp_path, file, "bird.png")
    assert find_pictures(tmp_path, ["bird", "baby"], "DIR") == {
        "bird": tmp_path / "bird.png",
        "baby": tmp_path / file,
    }


def test_a_name_that_is_the_same_wins_over_marks(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "a_x2.png", "b_HR.png")
    names = ["a", "a_x2", "b"]
    assert find_pictures(tmp_path, names, "DIR") == {
        name: tmp_path / f"{file}.png" for name, file in zip(names, ["a", "a_x2", "b_HR"], strict=True)
    }
    assert list(find_pictures(tmp_path, ["b_GT", "a"], "DIR")) == ["b_GT", "a"]


def test_folders_tell_equal_names_apart(tmp_path: Path) -> None:
    touch(tmp_path, "one/a.png", "two/a.png")
    assert find_pictures(tmp_path, ["two/a", "one/a"], "D") == {
        "two/a": tmp_path / "two/a.png",
        "one/a": tmp_path / "one/a.png",
    }
    with pytest.raises(DataError, match=r"both .*one/a.png and .*two/a.png could be the picture of a;"):
        find_pictures(tmp_path, ["a"], "D")


def test_mistakes(tmp_path: Path) -> None:
    touch(tmp_path / "full", "baby_x4.png", "baby_x2.png", "bird.png")
    with pytest.raises(DataError, match=r"^DIR: there is no folder"):
        find_pictures(tmp_path / "no", ["a"], "DIR")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"^DIR: no images in"):
        find_pictures(tmp_path / "empty", ["a"], "DIR")
    with pytest.raises(DataError, match=r"baby_x2.png and .*baby_x4.png could be the picture of baby"):
        find_pictures(tmp_path / "full", ["baby"], "DIR")
    with pytest.raises(DataError, match=r"no picture of 2 of 3 images: brd, other\..*Is bird meant\?"):
        find_pictures(tmp_path / "full", ["brd", "bird", "other"], "DIR")
    with pytest.raises(DataError, match=r"bird.png could be the picture of bird and of bird_x4"):
        find_pictures(tmp_path / "full", ["bird", "bird_x4"], "DIR")


def test_pictures_of_the_whole_and_of_the_cut_size(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(tmp_path / "HR" / f"{name}.png", 11, 9)
    whole, cut = save(tmp_path / "SR" / "a_x4.png", 11, 9, 1), save(tmp_path / "SR" / "b_x4.png", 8, 8, 2)
    images = EvaluationSet.open("set", tmp_path / "HR", None, 4, "x")
    found = ReadyMade.open(tmp_path / "SR", [images], 4)
    np.testing.assert_array_equal(found.picture("set", "a"), whole[:8, :8])
    np.testing.assert_array_equal(found.picture("set", "b"), cut)


def test_the_sub_folder_of_a_set(tmp_path: Path) -> None:
    save(tmp_path / "HR" / "a.png", 8, 8)
    expected = save(tmp_path / "SR" / "set" / "a.png", 8, 8, 1)
    save(tmp_path / "SR" / "other" / "a.png", 8, 8, 2)
    images = EvaluationSet.open("set", tmp_path / "HR", None, 4, "x")
    np.testing.assert_array_equal(ReadyMade.open(tmp_path / "SR", [images], 4).picture("set", "a"), expected)


@pytest.mark.parametrize("size", [(12, 8), (10, 8), (11, 8), (2, 2)])
def test_another_size(tmp_path: Path, size: tuple[int, int]) -> None:
    save(tmp_path / "HR" / "a.png", 11, 9)
    save(tmp_path / "SR" / "a.png", *size)
    images = EvaluationSet.open("set", tmp_path / "HR", None, 4, "x")
    with pytest.raises(DataError, match=rf"image a: .*a.png is {size[1]}x{size[0]} pixels .* 9x11 or 8x8 at x4"):
        ReadyMade.open(tmp_path / "SR", [images], 4)


def test_without_ground_truth_the_lr_says_the_size(tmp_path: Path) -> None:
    save(tmp_path / "LR" / "a.png", 3, 2)
    save(tmp_path / "SR" / "a.png", 12, 8)
    images = EvaluationSet.without_truth("set", tmp_path / "LR", 4, "x")
    assert ReadyMade.open(tmp_path / "SR", [images], 4).picture("set", "a").shape == (12, 8, 3)
    save(tmp_path / "SR" / "a.png", 12, 9)
    with pytest.raises(DataError, match=r"is 9x12 pixels .* expected 8x12 at x4"):
        ReadyMade.open(tmp_path / "SR", [images], 4)
