"""What users of recipes without pairs may get wrong: one paragraph that says where, and exit code 2."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Run = Callable[..., Any]
NAME = "learned_kernel_noise"


@pytest.fixture
def refused(gansr: Run, options_file: Run, tree: Run) -> Run:
    """What the command line says to options that it refuses: one paragraph."""

    def said(recipe: str = NAME, command: str = "train", **changes: Any) -> str:
        result = gansr(command, options_file(tree(recipe, **changes)))
        assert result.code == 2 and "Traceback" not in result.err
        assert result.err.count("\n") == 1, result.err
        return result.err

    return said


@pytest.mark.parametrize("side", ["hr", "real_lr"])
def test_an_empty_side(refused: Run, tmp_path: Path, side: str) -> None:
    (tmp_path / "empty").mkdir()
    assert f"data.train.{side}: no images in" in refused(**{f"data__train__{side}": str(tmp_path / "empty")})


def test_a_side_that_is_not_named(refused: Run) -> None:
    assert f"data.train.real_lr is missing: recipe {NAME}" in refused(data__train__real_lr=None)


@pytest.mark.parametrize("side", ["HR", "LR"])
def test_a_side_of_one_image(gansr: Run, options_file: Run, tree: Run, photos: Path, tmp_path: Path, side: str) -> None:
    """It is allowed, and warned of."""
    (tmp_path / "one").mkdir()
    shutil.copy(sorted((photos / "train" / side).iterdir())[0], tmp_path / "one")
    key = "hr" if side == "HR" else "real_lr"
    result = gansr("train", options_file(tree(NAME, train__steps=2, **{f"data__train__{key}": str(tmp_path / "one")})))
    assert result.code == 0, result.err
    assert f"watch out: {'HR' if side == 'HR' else 'real LR'} is one photo only" in result.out
    assert (tmp_path / "runs" / "tiny" / "last.safetensors").exists()


def test_a_side_in_grey(refused: Run, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "grey").mkdir()
    for file in (photos / "train" / "LR").iterdir():
        Image.open(file).convert("L").save(tmp_path / "grey" / file.name)
    assert "data.train.real_lr holds greyscale files only" in refused(data__train__real_lr=str(tmp_path / "grey"))


def test_real_lr_smaller_than_its_crops(refused: Run, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    for number in range(2):
        pixels = np.random.default_rng(number).integers(0, 256, (6, 7, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "small" / f"{number}.png")
    text = refused(data__train__real_lr=str(tmp_path / "small"))
    assert "2 of 2 images are smaller than the crop of 8x8 pixels" in text and "Set crop to 12 or less" in text


def test_real_lr_that_is_larger_than_hr_is_told(
    gansr: Run, options_file: Run, tree: Run, photos: Path, tmp_path: Path
) -> None:
    """Sides that were exchanged: images alone do not prove it, so training begins with a warning."""
    changes = {"data__train__hr": str(photos / "train" / "LR"), "data__train__real_lr": str(photos / "train" / "HR")}
    result = gansr("train", options_file(tree(NAME, train__steps=1, **changes)))
    assert result.code == 0 and "are the folders exchanged?" in result.out


def test_the_hr_folder_as_real_lr(refused: Run, photos: Path) -> None:
    assert "are the same 6 files" in refused(data__train__real_lr=str(photos / "train" / "HR"))


def test_a_copy_of_the_hr_folder_is_told(
    gansr: Run, options_file: Run, tree: Run, photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(photos / "train" / "HR", tmp_path / "copy")
    path = options_file(tree(NAME, train__steps=1, data__train__real_lr=str(tmp_path / "copy")))
    assert "watch out: 6 of 6 real LR photos look like the very same images as HR" in gansr("train", path).out


L1 = {"type": "l1"}


@pytest.mark.parametrize(
    ("recipe", "changes", "words"),
    [
        # A missing game.
        (NAME, {"degrader_losses": {"noise": {"type": "noise_mean"}}}, ["degrader_losses.adversarial is missing"]),
        ("degradation_gan", {"degrader_losses": {"colour": L1}}, ["degrader_losses.adversarial is missing"]),
        ("unpaired_cycle", {"losses": {"pixel": L1}}, ["losses.adversarial is missing"]),
        ("cincgan", {"losses": {"pixel": L1}}, ["losses.adversarial is missing"]),
        ("cincgan", {"inner_losses": {"pixel": L1 | {"of": "cleaned_lr", "target": "lr"}}}, ["inner_losses.adv"]),
        ("pseudo_supervision", {"losses": {"pixel": L1}}, ["losses.adversarial is missing"]),
        ("semi_cycle", {"losses": {"pixel": L1}}, ["losses.adversarial is missing"]),
        ("semi_cycle", {"degrader_losses": {"pixel": L1}}, ["degrader_losses.adversarial is missing"]),
        # Turns that mean nothing here.
        ("unpaired_cycle", {"train__generator_start": 2}, ["train.generator_start", "all networks begin at once"]),
        ("pseudo_supervision", {"train__generator_start": 2}, ["recipe pseudo_supervision", "leave it out"]),
        ("semi_cycle", {"train__generator_start": 2}, ["recipe semi_cycle", "leave it out"]),
        ("cincgan", {"train__generator_start": 6}, ["generator_start must be less than steps"]),
        ("cincgan", {"train__discriminator_steps": 2}, ["lets the inner cycle learn"]),
        ("unpaired_cycle", {"train__discriminator_steps": 2}, ["discriminator_steps are of recipe paired_gan"]),
        ("degradation_gan", {"train__discriminator_start": 2}, ["lets the degrader learn before"]),
        # Images by names that the step does not have.
        (
            "unpaired_cycle",
            {"losses__cycle": {"type": "image_cycle", "of": "cycled_rl", "target": "real_lr"}},
            ["losses.cycle", "'cycled_rl'", "cycled_lr", "made_lr", "same_hr"],
        ),
        (
            "pseudo_supervision",
            {"losses__pixel": L1 | {"target": "hrr"}},
            ["losses.pixel (type l1) needs 'hrr'", "There are: ", "cleaned_lr"],
        ),
        (
            "cincgan",
            {"inner_losses__pixel": L1 | {"of": "real_sr", "target": "hr"}},
            ["inner_losses.pixel", "'real_sr'", "cleaned_lr, cycled_lr, same_clean_lr"],
        ),
        ("semi_cycle", {"losses__pixel": L1 | {"of": "srr"}}, ["losses.pixel (type l1) needs 'srr'", "enlarged_lr"]),
        (NAME, {"degrader_losses__pixel": L1 | {"target": "lr"}}, ["degrader_losses.pixel", "'lr'", "real_lr"]),
        # Networks that there are not.
        ("unpaired_cycle", {"degrader__type": "translater"}, ["degrader", "'translater'", "Did you mean 'translator'"]),
        ("cincgan", {"lr_degrader__type": "dsgam"}, ["lr_degrader", "Did you mean 'dsgan'"]),
        ("semi_cycle", {"sr_degrader__type": "low_to_high"}, ["sr_degrader", "'low_to_high'", "high_to_low"]),
        ("cincgan", {"cleaner__type": "translater"}, ["cleaner", "Did you mean 'translator'"]),
        ("pseudo_supervision", {"lr_discriminator__type": "pach"}, ["lr_discriminator", "Did you mean 'patch'"]),
        (NAME, {"degrader__kernl": 5}, ["degrader (type kernel_noise)", "Did you mean 'kernel'"]),
        # A section of another recipe.
        ("unpaired_cycle", {"cleaner": {"type": "translator"}}, ["cleaner: there is no such key"]),
        (NAME, {"inner_losses": {"pixel": L1}}, ["inner_losses: there is no such key"]),
        # Pools.
        ("unpaired_cycle", {"pool": 0}, ["pool: "]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_options_that_make_no_sense(refused: Run, tree: Run, recipe: str, changes: dict[str, Any], words: list[str]):
    changes = _beside_the_others(tree, recipe, changes)
    text = refused(recipe, "check", **changes)
    assert [word for word in words if word not in text] == [], text


def _beside_the_others(tree: Run, recipe: str, changes: dict[str, Any]) -> dict[str, Any]:
    """A row of a table that options leave to the recipe comes beside the row of its game."""
    found = dict(changes)
    for key in changes:
        section, _, row = key.partition("__")
        if section.endswith("losses") and row and section not in tree(recipe):
            found = {f"{section}__adversarial": {"type": "least_squares"}} | found
    return found
