"""What `gansr train` says of its images before the first step, and what it refuses."""

import time
from collections.abc import Callable
from filecmp import cmp
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gansr.build.checking import quick
from gansr.build.checking.quick import quick_check
from gansr.build.feeding.data import open_images
from gansr.errors import DataError
from gansr.options.load import validate
from gansr.options.schema import Options

from .test_planted import fresh, picture, reduced

Tree = dict[str, Any]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Six good pairs at x2."""
    for number in range(6):
        image = fresh()
        for folder, pixels in (("HR", image), ("LR", reduced(image))):
            (tmp_path / folder).mkdir(exist_ok=True)
            picture(pixels).save(tmp_path / folder / f"{number}.png")
    return tmp_path


@pytest.fixture
def options(pairs: Path, tree: Callable[..., Tree]) -> Callable[..., Options]:
    def make(**changes: Any) -> Options:
        folders = {"data__train__hr": str(pairs / "HR"), "data__train__lr": str(pairs / "LR")}
        return validate(tree(**(folders | changes)), "here")

    return make


def said(options: Options) -> list[str]:
    return quick_check(options, open_images(options))


def change_lr(pairs: Path, count: int, change: Callable[[np.ndarray], np.ndarray]) -> None:
    for number in range(count):
        file = pairs / "LR" / f"{number}.png"
        picture(np.ascontiguousarray(change(np.asarray(Image.open(file))))).save(file)


def shift_lr(pairs: Path, count: int) -> None:
    """By half an LR pixel: an HR pixel at x2."""
    for number in range(count):
        hr = np.asarray(Image.open(pairs / "HR" / f"{number}.png"))
        picture(reduced(np.roll(hr, 1, 0))).save(pairs / "LR" / f"{number}.png")


def test_nothing_is_said_of_good_images(options: Callable[..., Options]) -> None:
    assert said(options()) == []
    assert said(options(data__train__lr=None)) == []


def test_it_leaves_random_streams_alone(options: Callable[..., Options]) -> None:
    torch.manual_seed(5)
    expected = torch.get_rng_state()
    threads = torch.get_num_threads()
    said(options())
    assert torch.equal(torch.get_rng_state(), expected) and torch.get_num_threads() == threads


def test_exchanged_channels_stop_the_run(pairs: Path, options: Callable[..., Options]) -> None:
    change_lr(pairs, 6, lambda lr: lr[..., ::-1])
    with pytest.raises(
        DataError, match=r"exchanged colour channels \(6 found among 6 .*LR is BGR.*gansr data check .*--scale 2"
    ):
        said(options())


def test_one_strange_pair_among_good_ones_does_not(pairs: Path, options: Callable[..., Options]) -> None:
    change_lr(pairs, 1, lambda lr: lr[..., ::-1])
    assert said(options()) == []


def test_a_shift_is_warned_of(pairs: Path, options: Callable[..., Options]) -> None:
    shift_lr(pairs, 5)
    first, last = said(options())
    assert first.startswith("watch out: LR shifted against HR, 5 found; ") and "0.50 down" in first
    assert last.startswith("only a few images were looked at; all of them: gansr data check ")


def test_empty_and_damaged_files_stop_the_run(pairs: Path, options: Callable[..., Options]) -> None:
    file = pairs / "HR" / "3.png"
    coded = file.read_bytes()
    images = open_images(options())
    file.write_bytes(coded[: len(coded) // 2])
    with pytest.raises(DataError, match=r"HR/3.png cannot be read: files that end too early \(1 found among 6 "):
        quick_check(options(), images)
    file.write_bytes(b"")
    with pytest.raises(DataError, match=r"1 of 12 files have 0 bytes: HR/3.png"):
        quick_check(options(), images)


@pytest.mark.parametrize("how", ["copied", "smaller"])
def test_validation_images_that_are_trained_on(pairs: Path, options: Callable[..., Options], how: str) -> None:
    (pairs / "judge").mkdir()
    with Image.open(pairs / "HR" / "2.png") as image:
        (image if how == "copied" else image.resize((100, 88))).save(pairs / "judge" / "one.png")
    first, _ = said(options(data__validation={"judge": {"hr": str(pairs / "judge")}}))
    assert first.startswith("watch out: test images in the training set, 1 found; HR/2.png = judge/one.png")


def test_files_of_one_size_are_not_all_read_for_that(
    pairs: Path, options: Callable[..., Options], monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("frames", "judge"):
        (pairs / folder).mkdir()
    for number in range(5):
        with Image.open(pairs / "HR" / f"{number}.png") as image:
            image.save(pairs / ("judge" if number > 2 else "frames") / f"{number}.bmp")
    copied = (pairs / "judge" / "3.bmp").read_bytes()
    (pairs / "frames" / "copy.bmp").write_bytes(copied)
    (pairs / "frames" / "nearly.bmp").write_bytes(copied[:-1] + bytes([copied[-1] ^ 1]))
    compared = []
    monkeypatch.setattr(
        quick.filecmp, "cmp", lambda one, *rest, **how: compared.append(one.name) or cmp(one, *rest, **how)
    )
    stage = options(
        data__train__hr=str(pairs / "frames"),
        data__train__lr=None,
        data__validation={"judge": {"hr": str(pairs / "judge")}},
    )
    assert any("frames/copy.bmp = judge/3.bmp: byte by byte" in line for line in said(stage))
    assert compared == ["copy.bmp", "nearly.bmp"]


def test_the_command_can_be_pasted(pairs: Path, options: Callable[..., Options]) -> None:
    (pairs / "HR").rename(pairs / "my photos")
    for file in (pairs / "my photos").iterdir():
        with Image.open(file) as image:
            image.resize((288, 256), Image.Resampling.LANCZOS).save(file)
    *_, last = said(options(data__train__hr=str(pairs / "my photos"), data__train__lr=None))
    assert f"gansr data check '{pairs}/my photos' --test " in last


def test_enlarged_hr_is_warned_of(pairs: Path, options: Callable[..., Options]) -> None:
    for file in (pairs / "HR").iterdir():
        with Image.open(file) as image:
            image.resize((288, 256), Image.Resampling.LANCZOS).save(file)
    (first, _) = said(options(data__train__lr=None))
    assert first.startswith("watch out: images that were enlarged, 6 found")


def test_it_is_said_once_before_the_first_step(
    pairs: Path, tree: Callable[..., Tree], options_file: Callable[[Any], Path], gansr: Callable[..., Any]
) -> None:
    shift_lr(pairs, 6)
    folders = {"data__train__hr": str(pairs / "HR"), "data__train__lr": str(pairs / "LR")}
    file = options_file(tree(**folders, train__steps=2, validation__every=2, checkpoints__every=2))
    first = gansr("train", file, "--cpu")
    assert first.code == 0 and first.out.count("LR shifted against HR") == 1
    assert first.out.index("LR shifted") < first.out.index("step 2")
    again = gansr("train", file, "train.steps=4", "--cpu")
    assert again.code == 0 and "LR shifted" not in again.out
    change_lr(pairs, 6, lambda lr: lr[..., ::-1])
    refused = gansr("train", file, "name=other", "--cpu")
    assert refused.code == 2 and "gansr data check" in refused.err and "step 1" not in refused.out


def test_it_is_quick(options: Callable[..., Options]) -> None:
    stage = options()
    images = open_images(stage)
    begun = time.monotonic()
    quick_check(stage, images)
    assert time.monotonic() - begun < 10  # 0.3 s where nothing else computes
