"""Runs without pairs, from their options on, with a recipe that only hands on what it gets."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image

from gansr.build.autopsy import Autopsy
from gansr.build.feeding.data import open_images, training_batches, unpaired_set
from gansr.build.making import recipes as builders
from gansr.data.batch import Paired, Unpaired
from gansr.errors import DataError
from gansr.losses.table import LossTable
from gansr.options.common import Common
from gansr.options.load import validate
from gansr.options.schema import RECIPE_OPTIONS
from gansr.options.sections import LossOptions
from gansr.training.player import Player
from gansr.training.recipe import Recipe, Report, Stateful

Make = Callable[..., Any]


class ProbeOptions(Common):
    """Learns from sides as if they were pairs."""

    unpaired: ClassVar[bool] = True

    recipe: Literal["probe"]
    losses: dict[str, LossOptions]


class DegradingOptions(ProbeOptions):
    """The same, for a recipe that takes a degradation."""

    takes_degradation: ClassVar[bool] = True

    recipe: Literal["degrading"]  # pyright: ignore[reportIncompatibleVariableOverride]


@dataclass(frozen=True)
class Probe:
    inner: Recipe

    @property
    def players(self) -> tuple[Player, ...]:
        return self.inner.players

    @property
    def losses(self) -> LossTable:
        return self.inner.losses

    @property
    def memory(self) -> Mapping[str, Stateful]:
        return self.inner.memory

    def step(self, batch: Any, step: int) -> Report:
        assert isinstance(batch, Unpaired)
        return self.inner.step(Paired(batch.real_lr, batch.hr), step)


@pytest.fixture(autouse=True)
def probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPE_OPTIONS, "probe", ProbeOptions)
    monkeypatch.setitem(RECIPE_OPTIONS, "degrading", DegradingOptions)
    for name in ("probe", "degrading"):
        monkeypatch.setitem(builders.BUILDERS, name, lambda *given: Probe(builders.BUILDERS["paired"](*given)))


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """Four photos of 24x28 pixels."""
    folder = tmp_path / "real"
    folder.mkdir()
    for number in range(4):
        image = np.random.default_rng(number).integers(0, 256, (24, 28, 3), dtype=np.uint8)
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def unpaired(tree: Make, real: Path) -> Make:
    """Makes the options of a run without pairs."""
    return lambda recipe="probe", **changes: tree(recipe, **({"data__train__real_lr": str(real)} | changes))


def test_a_run_from_its_options_to_its_weights(gansr: Make, options_file: Make, unpaired: Make, tmp_path: Path) -> None:
    path = options_file(unpaired())
    assert gansr("check", path).code == 0
    result = gansr("train", path)
    assert result.code == 0, result.err
    run = tmp_path / "runs" / "tiny"
    page = (run / "domain_audit.md").read_text("utf-8")
    assert "domain audit: 4 of 4 real LR photos, 6 of 6 HR photos" in result.out
    for line in ("real LR has noise of", "watch out: real LR has 4 photos only"):
        assert line in result.out and line.removeprefix("watch out: ") in page
    with Image.open(run / "domain_audit.png") as picture:
        assert picture.size == (760, 460)
    assert (run / "last.safetensors").exists()


def test_resume_is_exact_and_repeats_no_audit(gansr: Make, options_file: Make, unpaired: Make, tmp_path: Path) -> None:
    path = options_file(unpaired(log__every=1, data__train__workers=1))
    assert gansr("train", path, "train.steps=3", f"output={tmp_path / 'parts'}").code == 0
    second = gansr("train", path, f"output={tmp_path / 'parts'}")
    assert second.code == 0 and "domain audit" not in second.out and "from step 3" in second.out
    assert gansr("train", path, f"output={tmp_path / 'whole'}").code == 0
    logs = [(tmp_path / name / "tiny" / "log.jsonl").read_text("utf-8") for name in ("parts", "whole")]
    lines = [[json.loads(line) for line in log.splitlines()] for log in logs]
    assert lines[0] == lines[1] and len(lines[0]) > 6


def test_saved_options_repeat_the_run(gansr: Make, options_file: Make, unpaired: Make, tmp_path: Path) -> None:
    assert gansr("train", options_file(unpaired())).code == 0
    run = tmp_path / "runs" / "tiny"
    again = gansr("train", run / "options.yml", f"output={tmp_path / 'again'}")
    assert again.code == 0, again.err
    one, other = (folder / "log.jsonl" for folder in (run, tmp_path / "again" / "tiny"))
    assert one.read_text("utf-8") == other.read_text("utf-8")


def test_both_sides_follow_the_options(unpaired: Make) -> None:
    options = validate(unpaired(data__train__flips=False, data__train__rotations=False), "here")
    made = unpaired_set(options)
    assert (len(made.hr.files), len(made.real_lr.files)) == (6, 4)
    assert (made.hr.cutter.crop, made.real_lr.cutter.crop) == (16, 8)
    assert not any(cutter.flips or cutter.rotations for cutter in (made.hr.cutter, made.real_lr.cutter))
    assert made.hr.margin == 0
    batch = next(training_batches(open_images(options).train, options, Accelerator(cpu=True))(0))
    assert batch.hr.shape[-1] == 2 * batch.real_lr.shape[-1] == 16 and batch.window is None


def test_a_degradation_has_a_window(gansr: Make, options_file: Make, unpaired: Make) -> None:
    tree = unpaired("degrading", data__train__degradation="bicubic", data__train__margin=10)
    options = validate(tree, "here")
    batch = next(training_batches(open_images(options).train, options, Accelerator(cpu=True))(0))
    assert batch.window is not None and batch.window.shape[-1] == 16 + 20
    assert torch.equal(batch.window[..., 10:-10, 10:-10], batch.hr)
    assert gansr("check", options_file(tree)).code == 0


def test_the_autopsy_names_both_files(unpaired: Make) -> None:
    options = validate(unpaired(), "here")
    images = open_images(options).train
    text = Autopsy(images, options, Accelerator(cpu=True))(2, ["loss/pixel"])
    assert text.count(" and ") == 2 and "HR" in text and "real" in text
    folder = options.folder / "not_finite" / "step_3"
    assert {path.name for path in folder.glob("0_*.png")} == {"0_hr.png", "0_real_lr.png"}


@pytest.mark.parametrize("recipe", ["paired", "paired_gan"])
def test_recipes_that_need_pairs_refuse_real_lr(gansr: Make, options_file: Make, unpaired: Make, recipe: str) -> None:
    result = gansr("check", options_file(unpaired(recipe)))
    assert result.code == 2 and "Traceback" not in result.err
    assert f"data.train.real_lr: recipe {recipe} learns from pairs" in result.err
    assert "(learned_kernel_noise, " in result.err and ", probe, degrading)" in result.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data__train__real_lr": None}, "data.train.real_lr is missing: recipe probe"),
        ({"data__train__lr": "somewhere"}, "data.train.lr: lr holds the LR of each HR image"),
        ({"data__train__pairs": {"hr": "a", "lr": "b", "share": 0.1}}, "data.train.pairs: pairs are"),
        ({"data__train__scales": [1, 2]}, "data.train.scales: the real photos have one scale"),
        ({"data__train__augment": [{"type": "cutmix"}]}, "data.train.augment: it changes pairs"),
        ({"data__train__importance": "maps"}, "data.train.importance: it weighs"),
        ({"data__train__sharpen": True}, "data.train.sharpen: it sharpens"),
        ({"data__train__mild": {"share": 0.1}}, "data.train.mild: it is a milder way"),
        ({"data__train__degradation": "real_esrgan"}, "data.train.degradation: recipe probe learns from"),
    ],
)
def test_what_makes_no_sense_is_refused(
    gansr: Make, options_file: Make, unpaired: Make, change: dict[str, Any], said: str
) -> None:
    result = gansr("check", options_file(unpaired(**change)))
    assert result.code == 2 and said in result.err and "Traceback" not in result.err


def refused(tree: dict[str, Any]) -> str:
    with pytest.raises(DataError) as caught:
        open_images(validate(tree, "here"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_side_that_is_missing_or_empty(unpaired: Make, tmp_path: Path) -> None:
    assert refused(unpaired(data__train__real_lr=str(tmp_path / "reel"))).startswith("data.train.real_lr: there is no")
    (tmp_path / "empty").mkdir()
    for side in ("hr", "real_lr"):
        text = refused(unpaired(**{f"data__train__{side}": str(tmp_path / "empty")}))
        assert text.startswith(f"data.train.{side}: no images in")


def test_real_lr_smaller_than_its_crop(unpaired: Make) -> None:
    text = refused(unpaired(scale=1, data__train__crop=25))
    assert text.startswith("data.train.real_lr: 4 of 4 images are smaller than the crop of 25x25 pixels")
    assert "Set crop to 24 or less" in text


def test_the_crop_that_is_advised_is_that_of_hr(unpaired: Make, real: Path) -> None:
    Image.new("RGB", (6, 9)).save(real / "tiny.png")
    text = refused(unpaired())
    assert "1 of 5 images are smaller than the crop of 8x8 pixels" in text and "Set crop to 12 or less" in text
    images = open_images(validate(unpaired(data__train__small_images="skip"), "here")).train
    assert len(images.real_lr.files) == 4  # pyright: ignore[reportAttributeAccessIssue]


def test_hr_smaller_than_its_crop(unpaired: Make) -> None:
    assert refused(unpaired(data__train__crop=44)).startswith("data.train.hr: 6 of 6 images are smaller than the crop")


def test_the_hr_folder_as_real_lr(unpaired: Make, photos: Path, real: Path, tmp_path: Path) -> None:
    assert "are the same 6 files" in refused(unpaired(data__train__real_lr=str(photos / "train" / "HR")))
    (tmp_path / "link").symlink_to(photos / "train" / "HR")
    assert "are the same 6 files" in refused(unpaired(data__train__real_lr=str(tmp_path / "link")))
    nested = tmp_path / "all"
    shutil.copytree(photos / "train" / "HR", nested)
    shutil.copytree(real, nested / "bad")
    text = refused(unpaired(data__train__hr=str(nested), data__train__real_lr=str(nested / "bad"), data__train__crop=8))
    assert text.startswith("4 of 4 files of data.train.real_lr are found in data.train.hr too")


def test_a_copy_of_the_hr_folder_is_told_by_the_audit(
    gansr: Make, options_file: Make, unpaired: Make, photos: Path, tmp_path: Path
) -> None:
    shutil.copytree(photos / "train" / "HR", tmp_path / "copy")
    result = gansr("train", options_file(unpaired(data__train__real_lr=str(tmp_path / "copy"), train__steps=1)))
    assert result.code == 0
    assert "watch out: 6 of 6 real LR photos look like the very same images as HR, 6 of them byte" in result.out


@pytest.mark.parametrize("side", ["hr", "real_lr"])
def test_one_side_in_grey(unpaired: Make, photos: Path, real: Path, tmp_path: Path, side: str) -> None:
    folder = tmp_path / "grey"
    folder.mkdir()
    for file in (photos / "train" / "HR" if side == "hr" else real).iterdir():
        Image.open(file).convert("L").save(folder / file.name)
    text = refused(unpaired(**{f"data__train__{side}": str(folder)}))
    assert text.startswith(f"data.train.{side} holds greyscale files only, and data.train.")
    Image.open(next(real.iterdir())).save(folder / "coloured.png")
    assert open_images(validate(unpaired(**{f"data__train__{side}": str(folder)}), "here")), "a few may be grey"


def test_one_photo_is_allowed_and_warned_of(gansr: Make, options_file: Make, unpaired: Make, real: Path) -> None:
    for file in sorted(real.iterdir())[1:]:
        file.unlink()
    result = gansr("train", options_file(unpaired(train__steps=1)))
    assert result.code == 0 and "watch out: real LR is one photo only" in result.out
