"""Stages that learn from pairs and stages that have none, after one another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from gansr.build.making.networks import load_degrader
from gansr.models import weights

Run = Callable[..., Any]


def as_stage(tree: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    """The part of a run that is a stage of its own."""
    shared = ("name", "scale", "seed", "output", "generator", "validation", "checkpoints", "log")
    return {"name": name} | {key: value for key, value in tree.items() if key not in shared} | changes


def whole(tree: dict[str, Any], *stages: dict[str, Any]) -> dict[str, Any]:
    shared = ("name", "scale", "seed", "output", "generator", "validation", "checkpoints", "log")
    return {key: tree[key] for key in shared} | {"stages": list(stages)}


def test_cincgan_takes_the_generator_of_pairs_and_a_cleaner_that_begins(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path
) -> None:
    still = tree("cincgan", train__lr=1e-12, train__steps=1)
    still["cleaner"] = {"type": "translator", "features": 4, "blocks": 1}  # begins as the identity
    path = options_file(whole(tree(), as_stage(tree(train__lr=0.01), "pairs"), as_stage(still, "cincgan")))
    assert gansr("check", path).code == 0
    result = gansr("train", path)
    assert result.code == 0, result.err
    before, after = (
        weights.read(tmp_path / "runs" / "tiny" / stage / "last.safetensors") for stage in ("1_pairs", "2_cincgan")
    )
    for name, value in before.state.items():
        torch.testing.assert_close(after.state[name], value, rtol=0, atol=1e-6, msg=name)
    cleaner = {name: value for name, value in after.state.items() if name.startswith("cleaner.")}
    assert cleaner.keys() | before.state.keys() == after.state.keys() and cleaner
    assert all(value.abs().max() < 1e-6 for name, value in cleaner.items() if name.startswith("cleaner.tail.1"))


def test_a_generator_behind_a_cleaner_is_a_stranger_to_pairs(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path
) -> None:
    path = options_file(whole(tree(), as_stage(tree("pseudo_supervision"), "cleaning"), as_stage(tree(), "pairs")))
    result = gansr("train", path)
    assert result.code == 2 and "Traceback" not in result.err and result.err.count("\n") == 1
    assert "tiny/2_pairs: this stage starts from the weights of tiny/1_cleaning" in result.err
    assert "behind" in result.err or "cleaner" in result.err
    assert not list(tmp_path.rglob("checkpoints"))


def test_from_one_cleaning_recipe_to_another_both_networks_go_on(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path
) -> None:
    first = as_stage(tree("pseudo_supervision", train__lr=0.01), "first")
    second = as_stage(tree("cincgan", train__lr=1e-12, train__steps=1), "second")
    assert gansr("train", options_file(whole(tree(), first, second))).code == 0
    before, after = (
        weights.read(tmp_path / "runs" / "tiny" / stage / "last.safetensors").state for stage in ("1_first", "2_second")
    )
    assert before.keys() == after.keys()
    for name, value in before.items():
        torch.testing.assert_close(after[name], value, rtol=0, atol=1e-6, msg=name)


@pytest.fixture
def two_stages(tree: Run, tmp_path: Path) -> dict[str, Any]:
    """Learn the degradation first, while the generator all but waits; then learn from the pairs that it makes."""
    degradation = as_stage(tree("degradation_gan", train__generator_start=5, train__lr=0.01), "degradation")
    file = tmp_path / "runs" / "tiny" / "1_degradation" / "degrader.safetensors"
    restoring = tree("paired_gan", data__train__degradation={"type": "learned", "weights": str(file)})
    restoring["data"]["train"]["margin"] = 8
    return whole(tree(), degradation, as_stage(restoring, "restoring"))


def test_a_stage_learns_from_the_degrader_that_the_one_before_writes(
    gansr: Run, options_file: Run, two_stages: dict[str, Any], tmp_path: Path
) -> None:
    path, run = options_file(two_stages), tmp_path / "runs" / "tiny"
    checked = gansr("check", path)
    assert checked.code == 0 and "there is no file" not in checked.out
    result = gansr("train", path)
    assert result.code == 0, result.err
    assert (run / "2_restoring" / "last.safetensors").exists()
    # What was learned is not the bicubic LR with which it began, and the second stage's saved options say where it is.
    hr = torch.rand(1, 3, 16, 16)
    assert load_degrader(run / "1_degradation" / "degrader.safetensors")(hr).shape == (1, 3, 8, 8)
    saved = yaml.safe_load((run / "2_restoring" / "options.yml").read_text())
    assert saved["data"]["train"]["degradation"]["weights"] == str(run / "1_degradation" / "degrader.safetensors")
    again = gansr("train", run / "2_restoring" / "options.yml", f"output={tmp_path / 'again'}")
    assert again.code == 0, again.err
    one, other = (next(folder.rglob("2_restoring*/log.jsonl")) for folder in (run, run))
    assert one.read_bytes() == (tmp_path / "again" / "tiny_2_restoring" / "log.jsonl").read_bytes(), other


@pytest.mark.parametrize("command", ["check", "train"])
def test_a_file_that_no_stage_writes_is_missing(
    gansr: Run, options_file: Run, two_stages: dict[str, Any], tmp_path: Path, command: str
) -> None:
    result = gansr(command, options_file(two_stages), "name=another")
    said = result.out + result.err
    assert result.code == (2 if command == "train" else 0)
    said = " ".join(said.split())
    assert "data.train.degradation.weights: there is no file" in said
    if command == "train":
        assert f"Stages before this one write {tmp_path / 'runs' / 'another' / '1_degradation'}" in said


def test_a_stage_may_not_learn_from_one_that_comes_later(
    gansr: Run, options_file: Run, two_stages: dict[str, Any]
) -> None:
    first, second = two_stages["stages"]
    two_stages["stages"] = [second, first]
    second["data"]["train"]["degradation"]["weights"] = second["data"]["train"]["degradation"]["weights"].replace(
        "1_degradation", "2_degradation"
    )
    result = gansr("train", options_file(two_stages))
    assert result.code == 2 and "there is no file" in result.err and "Stages before" not in result.err
