"""What one stage hands to the next, and what it leaves for those who want to repeat it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from gansr.models import weights

Run = Callable[..., Any]


@pytest.fixture
def two_stages(tree: Run) -> dict[str, Any]:
    one = tree(train__steps=2)
    return one | {"stages": [{"name": "a"}, {"name": "b", "seed": 5}]}


def test_a_stage_starts_from_the_one_before_and_can_be_repeated_alone(
    gansr: Run, options_file: Run, two_stages: dict[str, Any], tmp_path: Path
) -> None:
    assert gansr("train", options_file(two_stages)).code == 0
    (first, second) = (next((tmp_path / "runs").rglob(name)) for name in ("1_a", "2_b"))
    saved = yaml.safe_load((second / "options.yml").read_text())
    assert saved["generator"]["weights"] == str(first / "last.safetensors")
    assert saved["train"]["precision"] == "fp32"
    assert gansr("train", second / "options.yml").code == 0
    alone = tmp_path / "runs" / saved["name"]
    states = [weights.read(folder / "last.safetensors").state for folder in (second, alone)]
    assert alone != second and all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_stage_with_another_generator_is_refused_before_the_first_step(
    gansr: Run, options_file: Run, two_stages: dict[str, Any], tmp_path: Path
) -> None:
    two_stages["stages"][1]["generator"] = {"blocks": 2}
    result = gansr("train", options_file(two_stages))
    assert result.code == 2 and "starts from the weights of" in result.err
    assert not list(tmp_path.rglob("checkpoints"))
