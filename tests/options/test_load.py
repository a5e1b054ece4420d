"""Options are typed, frozen, refused when wrong, and survive being saved."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from gansr.errors import OptionsError
from gansr.options.load import changes, dump, load, validate

GOOD: dict[str, Any] = {
    "name": "run",
    "recipe": "paired_gan",
    "scale": 4,
    "generator": {"type": "rrdbnet", "blocks": 2},
    "discriminator": {"type": "unet"},
    "losses": {"pixel": {"type": "l1", "weight": 0.01}, "adversarial": {"type": "hinge"}},
    "data": {"train": {"hr": ["a", "b"], "crop": 128}, "validation": {"set5": {"hr": "v"}}},
    "train": {"steps": 100, "halve_at": [50, 75]},
}


def changed(path: str, value: Any) -> dict[str, Any]:
    tree = copy.deepcopy(GOOD)
    *parents, last = path.split(".")
    here = tree
    for key in parents:
        here = here.setdefault(key, {})
    here[last] = value
    return tree


def test_good_options_are_typed() -> None:
    options = validate(copy.deepcopy(GOOD), "run.yml")
    assert options.data.train.hr_folders == (Path("a"), Path("b"))
    assert options.train.schedule.arguments == {"at": [50, 75]}
    assert options.generator.arguments == {"blocks": 2}
    assert options.folder == Path("experiments/run")
    assert options.tracked == ("set5/psnr", "set5/ssim")


def test_options_are_frozen() -> None:
    options = validate(copy.deepcopy(GOOD), "run.yml")
    with pytest.raises(ValidationError):
        options.train.steps = 3  # pyright: ignore[reportAttributeAccessIssue]


def test_saved_options_load_as_the_same(tmp_path: Path) -> None:
    options = validate(changed("train.ema", None), "run.yml")
    (tmp_path / "options.yml").write_text(dump(options))
    assert load(tmp_path / "options.yml") == (options,)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("train.stps", 3, "train.stps: there is no such key. Did you mean 'steps'"),
        ("data.train.crp", 3, "Did you mean 'crop'"),
        ("data.validation.set5.hrr", "x", "Did you mean 'hr'"),
        ("chekpoints", {}, "Did you mean 'checkpoints'"),
        ("train.steps", 1.5, "train.steps: expected a whole number, found 1.5"),
        ("train.steps", "many", "train.steps: expected a whole number, found 'many'"),
        ("train.steps", True, "train.steps: expected a whole number, found True"),
        ("train.steps", 0, "train.steps: input should be greater than 0"),
        ("train.lr", "fast", "train.lr: expected a number"),
        ("train.precision", False, "expected 'auto', 'fp32', 'bf16' or 'fp16', found False"),
        ("train.ema", 1.5, "train.ema"),
        ("scale", 5, "scale: expected 1, 2, 3, 4 or 8, found 5"),
        ("generator", "rrdbnet", "generator: expected a mapping"),
        ("generator", {"blocks": 3}, "generator.type: is missing"),
        ("data.train.hr", 3, "data.train.hr: expected"),
        ("data.train.crop", 130, "must be a multiple of scale"),
        ("losses.pixel.weight", -1, "losses.pixel.weight"),
        ("losses", {"pixel": {"type": "l1"}}, "losses.adversarial is missing"),
        ("checkpoints.best", "set6/psnr", "choices: set5/psnr, set5/ssim"),
        ("checkpoints.best", {"set5/psnr": 1.0, "set6/psnr": 1.0}, "no 'set6/psnr' is measured; choices: set5/psnr"),
        ("checkpoints.best", {}, "checkpoints.best: give at least one SET/METRIC"),
        ("checkpoints.best", {"set5/psnr": 0.0}, "each with a weight other than 0"),
        ("checkpoints.best", {"set5/psnr": "much"}, "checkpoints.best.set5/psnr: expected a number, found 'much'"),
        ("train.patience", 0, "train.patience"),
        ("log.trackers", "wandb", "log.trackers: expected a list"),
        ("train.schedule", {"type": "constant"}, "either halve_at or schedule"),
        ("recipe", "paired_gam", "Did you mean 'paired_gan'"),
        ("recipe", "paired", "discriminator"),
        ("name", "a/b", "name"),
    ],
)
def test_wrong_options_are_one_clear_sentence(path: str, value: Any, message: str) -> None:
    with pytest.raises(OptionsError) as caught:
        validate(changed(path, value), "run.yml")
    text = str(caught.value)
    assert message in text
    assert text.startswith("run.yml: ")
    assert "\n" not in text


def test_what_is_added_up_is_measured_at_the_same_steps() -> None:
    tree = changed("checkpoints.best", {"set5/psnr": 1.0, "set5/ssim": 30.0})
    tree["validation"] = {"every": 1000, "metrics": {"psnr": {"type": "psnr"}, "ssim": {"type": "ssim", "every": 5000}}}
    with pytest.raises(OptionsError, match=r"set5/psnr every 1000 steps, set5/ssim every 5000 steps; give these"):
        validate(tree, "run.yml")
    tree["validation"]["metrics"]["psnr"]["every"] = 5000
    best = validate(tree, "run.yml").checkpoints.best
    assert best == {"set5/psnr": 1.0, "set5/ssim": 30.0}


def test_patience_needs_something_that_can_get_better() -> None:
    tree = changed("train.patience", 100)
    assert validate(copy.deepcopy(tree), "run.yml").train.patience == 100
    del tree["data"]["validation"]
    with pytest.raises(OptionsError, match=r"train\.patience: nothing is measured"):
        validate(tree, "run.yml")


@pytest.mark.parametrize(
    ("metrics", "pictures", "expected"),
    [
        ({"psnr": {"type": "psnr"}}, 0, (1000,)),
        ({"psnr": {"type": "psnr"}, "deep": {"type": "feature_distance", "every": 5000}}, 0, (1000, 5000)),
        ({"psnr": {"type": "psnr", "every": 300}, "ssim": {"type": "ssim", "every": 300}}, 0, (300,)),
        ({"psnr": {"type": "psnr", "every": 300}}, 2, (300, 1000)),
        ({}, 0, (1000,)),
    ],
)
def test_each_metric_has_its_interval(metrics: Any, pictures: int, expected: tuple[int, ...]) -> None:
    tree = changed("validation", {"every": 1000, "metrics": metrics, "pictures": pictures})
    assert validate(tree, "run.yml").validation.intervals == expected


def test_trackers_by_name_or_with_arguments(tmp_path: Path) -> None:
    options = validate(changed("log.trackers", ["wandb", {"type": "mlflow", "experiment": "x"}]), "run.yml")
    assert [(one.type, one.arguments) for one in options.log.told] == [("wandb", {}), ("mlflow", {"experiment": "x"})]
    (tmp_path / "options.yml").write_text(dump(options))
    assert load(tmp_path / "options.yml") == (options,)


def test_a_missing_key_is_named() -> None:
    tree = copy.deepcopy(GOOD)
    del tree["train"]
    with pytest.raises(OptionsError, match="train: is missing"):
        validate(tree, "run.yml")


def test_an_adversarial_loss_needs_its_recipe() -> None:
    tree = changed("recipe", "paired")
    del tree["discriminator"]
    with pytest.raises(OptionsError, match=r"losses\.adversarial plays a game"):
        validate(tree, "run.yml")


def test_several_mistakes_are_told_at_once() -> None:
    tree = changed("train.stps", 1) | {"scale": 5}
    with pytest.raises(OptionsError, match=r"scale.*train\.stps|train\.stps.*scale"):
        validate(tree, "run.yml")


def test_changes_are_named_by_key() -> None:
    old, new = copy.deepcopy(GOOD), changed("train.steps", 200)
    new["generator"]["growth"] = 8
    assert changes(old, new) == ["generator.growth: None -> 8", "train.steps: 100 -> 200"]
    assert changes(old, yaml.safe_load(yaml.safe_dump(old))) == []


def test_the_home_folder_may_be_written_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    tree = changed("data.train.hr", ["~/a", {"folder": "~/b", "list": "~/c.txt"}, "~old/~"])
    tree["data"]["train"]["lr"] = ["~/d", "d", "d"]
    tree["data"]["validation"] = {"set5": {"hr": "~/e", "lr": "~/f"}}
    tree["output"] = "~/runs"
    options = validate(tree, "run.yml")
    train, mine = options.data.train, options.data.validation["set5"]
    assert train.hr_folders == (Path("/home/me/a"), Path("/home/me/b"), Path("~old/~"))
    assert train.hr_roots[1].list == Path("/home/me/c.txt") and train.lr_folders(4)[0] == Path("/home/me/d")
    assert (mine.hr, mine.lr, options.output) == (Path("/home/me/e"), Path("/home/me/f"), Path("/home/me/runs"))
