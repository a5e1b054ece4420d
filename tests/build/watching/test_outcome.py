"""What stands in tables that compare runs."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gansr.build.watching.outcome import all_settings, main_settings, outcome
from gansr.options.load import validate

Tree = Callable[..., Any]


def test_main_settings_are_plain_and_say_what_was_set(tree: Tree) -> None:
    ramp = {"type": "vanilla", "weight": {"from": 0, "to": 0.25, "over": 10}}
    found = main_settings(validate(tree("paired_gan", losses__adversarial=ramp, train__ema=None), "run.yml"))
    expected = {
        "recipe": "paired_gan",
        "scale": 2,
        "seed": 3,
        "generator": "msrresnet",
        "generator.features": 4,
        "discriminator": "unet",
        "losses.pixel": 1.0,
        "losses.pixel.type": "l1",
        "losses.adversarial": 0.25,
        "losses.adversarial.type": "vanilla",
        "train.lr": 1e-3,
        "train.batch": 2,
        "train.optimizer": "adam",
        "data.train.crop": 16,
    }
    assert {key: found.get(key) for key in expected} == expected
    assert "train.ema" not in found and "train.clip" not in found


def test_main_settings_of_a_run_without_pairs(tree: Tree) -> None:
    found = main_settings(validate(tree("degradation_gan"), "run.yml"))
    assert found["degrader"] == "dsgan" and found["lr_discriminator"] == "patch"
    assert any(key.startswith("degrader_losses.") for key in found)


def test_all_settings_are_every_value_by_its_key(tree: Tree) -> None:
    found = all_settings(validate(tree(checkpoints__best={"judge/psnr": 1.0}, train__clip=None), "run.yml"))
    assert found["train.lr"] == 1e-3 and found["losses.pixel.weight"] == 1.0 and found["train.channels_last"] is True
    assert found["checkpoints.best.judge/psnr"] == 1.0
    assert found["log.trackers"] == "[]" and "train.clip" not in found
    assert all(isinstance(value, bool | int | float | str) for value in found.values())


def test_outcome_is_the_newest_score_of_each_and_those_of_the_best_step(tmp_path: Path) -> None:
    log = [
        {"step": 10, "loss/pixel": 1.0},
        {"step": 10, "a/psnr": 20.0, "a/niqe": 5.0},
        {"step": 20, "a/psnr": 25.0},
        {"step": 30, "a/psnr": 24.0, "a/lpips": "inf"},
    ]
    path = tmp_path / "log.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in log))
    names = ("a/psnr", "a/niqe", "a/lpips")
    final = {"final/a/psnr": 24.0, "final/a/niqe": 5.0, "final/a/lpips": math.inf}
    assert outcome(path, names, 20) == final | {"best/a/psnr": 25.0}
    assert outcome(path, names, 0) == final
    assert outcome(path, (), 20) == {}
