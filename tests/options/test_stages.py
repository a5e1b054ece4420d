"""Stages are laid over the rest of the file; overrides reach whoever uses the key."""

from typing import Any

import pytest

from gansr.errors import OptionsError
from gansr.options.stages import expand, merge


def tree() -> dict[str, Any]:
    return {
        "name": "run",
        "generator": {"type": "rrdbnet", "blocks": 2},
        "losses": {"pixel": {"type": "l1"}},
        "train": {"steps": 10, "lr": 1.0},
        "stages": [
            {"name": "first", "recipe": "paired"},
            {"name": "second", "recipe": "paired_gan", "losses": {"pixel": None, "content": {"type": "vgg19"}},
             "train": {"steps": 20}},
        ],
    }  # fmt: skip


def test_each_stage_is_the_file_with_its_changes() -> None:
    first, second = expand(tree(), [], "run.yml")
    assert (first["stage"], second["stage"]) == ("1_first", "2_second")
    assert first["name"] == second["name"] == "run"
    assert first["train"] == {"steps": 10, "lr": 1.0}
    assert second["train"] == {"steps": 20, "lr": 1.0}
    assert second["losses"] == {"content": {"type": "vgg19"}}, "null removes a loss"


def test_a_file_without_stages_is_one_run() -> None:
    (only,) = expand({"train": {"steps": 1}}, ["train.lr=2e-4"], "run.yml")
    assert only == {"train": {"steps": 1, "lr": 2e-4}}


def test_an_override_wins_over_the_stages_that_set_the_key() -> None:
    first, second = expand(tree(), ["train.steps=3", "train.lr=0.5"], "run.yml")
    assert first["train"] == second["train"] == {"steps": 3, "lr": 0.5}


def test_an_override_of_a_part_that_only_some_stages_have_reaches_those() -> None:
    given = tree()
    given["stages"][1]["discriminator"] = {"type": "unet"}
    first, second = expand(given, ["discriminator.features=8"], "run.yml")
    assert "discriminator" not in first
    assert second["discriminator"] == {"type": "unet", "features": 8}


def test_an_override_of_the_runs_name_leaves_the_stages_theirs() -> None:
    first, second = expand(tree(), ["name=other"], "run.yml")
    assert first["name"] == second["name"] == "other"
    assert (first["stage"], second["stage"]) == ("1_first", "2_second")


def test_an_override_of_one_stage_by_name_and_by_number() -> None:
    first, second = expand(tree(), ["stages.second.train.lr=7", "stages.1.train.steps=4"], "run.yml")
    assert first["train"] == {"steps": 4, "lr": 1.0}
    assert second["train"] == {"steps": 20, "lr": 7}


def test_the_tree_that_was_given_stays_as_it_was() -> None:
    given = tree()
    expand(given, ["train.steps=3"], "run.yml")
    assert given == tree()


def test_null_is_a_value_where_nothing_can_be_removed() -> None:
    (only,) = expand({"train": {"ema": None}, "discriminator": None}, [], "run.yml")
    assert only == {"train": {"ema": None}}


def test_another_type_replaces_the_component() -> None:
    old = {"type": "rrdbnet", "blocks": 2}
    assert merge(old, {"type": "srresnet"}) == {"type": "srresnet"}
    assert merge(old, {"type": "rrdbnet", "growth": 8}) == {"type": "rrdbnet", "blocks": 2, "growth": 8}
    assert merge(old, {"growth": 8}) == {"type": "rrdbnet", "blocks": 2, "growth": 8}


def test_an_override_of_a_part_that_one_stage_has_leaves_the_others_alone() -> None:
    given = tree()
    given["stages"][1]["discriminator"] = {"type": "unet"}
    first, second = expand(given, ["discriminator.features=8", "losses.content.weight=3"], "run.yml")
    assert "discriminator" not in first
    assert first["losses"] == {"pixel": {"type": "l1"}}
    assert second["discriminator"] == {"type": "unet", "features": 8}
    assert second["losses"] == {"content": {"type": "vgg19", "weight": 3}}


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.steps", "expected section.key=value"),
        ("=3", "expected section.key=value"),
        ("train..steps=3", "expected section.key=value"),
        ("stages.secnd.train.lr=1", "Did you mean 'second'"),
        ("train.steps.more=1", "'steps' is a value"),
        ("train.lr=[1, 2", "override 'train.lr"),
    ],
)
def test_bad_overrides_are_told(override: str, message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        expand(tree(), [override], "run.yml")


def test_two_stages_of_one_name_are_refused() -> None:
    given = tree() | {"stages": [{"name": "a"}, {"name": "a"}]}
    with pytest.raises(OptionsError, match="several 'a'"):
        expand(given, [], "run.yml")


def test_a_stage_without_a_name_is_called_by_its_recipe() -> None:
    first, second = expand({"stages": [{"recipe": "paired"}, {"recipe": "paired_gan"}]}, [], "run.yml")
    assert (first["stage"], second["stage"]) == ("1_paired", "2_paired_gan")


def test_a_stage_takes_a_metric_out_of_the_sum_that_names_the_best() -> None:
    given = {"checkpoints": {"best": {"a/psnr": 1.0, "a/lpips": -20.0}}}
    given["stages"] = [{"name": "first", "checkpoints": {"best": {"a/lpips": None}}}, {"name": "second"}]  # pyright: ignore
    first, second = expand(given, [], "run.yml")
    assert first["checkpoints"]["best"] == {"a/psnr": 1.0} and second["checkpoints"] == given["checkpoints"]
