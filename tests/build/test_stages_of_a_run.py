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


def test_a_generator_grows_by_stages(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    """x2, then x4 from there: what fits is taken over, the new level fades in, and scales are drawn from both."""
    small = {"type": "prosr", "features": 8, "growth": 4, "layers": 2, "bottleneck": 1}
    options = tree(scale=2, generator=small | {"blocks": [1]}, train__steps=3)
    del options["data"]["validation"]
    options["stages"] = [
        {"name": "x2"},
        {
            "name": "x4",
            "scale": 4,
            "generator": {"blocks": [1, 1], "strict": False},
            "data": {"train": {"crop": 32, "scales": [2, 4]}},
            "losses": {"levels": {"type": "l1", "of": "intermediate"}},
            "train": {"grow": 2},
        },
    ]
    result = gansr("train", options_file(options))
    assert result.code == 0, result.err
    assert "weights left out" in result.out, "the new level is named"
    first, second = (next((tmp_path / "runs").rglob(name)) for name in ("1_x2", "2_x4"))
    before, after = (weights.read(folder / "last.safetensors") for folder in (first, second))
    assert before.state.keys() < after.state.keys()
    assert weights.architecture(after.metadata).scale == 4  # pyright: ignore[reportOptionalMemberAccess]


def test_x4_is_warm_started_from_x2(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    options = tree(generator={"type": "edsr", "features": 4, "blocks": 2}, train__steps=1, train__ema=None)
    assert gansr("train", options_file(options)).code == 0
    start = tmp_path / "runs" / "tiny" / "last.safetensors"
    warm = options | {"name": "warm", "scale": 4}
    warm["generator"] = options["generator"] | {"weights": str(start), "strict": False}
    warm["train"] = options["train"] | {"lr": 1e-12}
    result = gansr("train", options_file(warm, "warm.yml"))
    assert result.code == 0 and "weights left out" in result.out, result.err
    found = weights.read(tmp_path / "runs" / "warm" / "last.safetensors").state
    for name, value in weights.read(start).state.items():
        torch.testing.assert_close(found[name], value, msg=name)
    assert found.keys() > weights.read(start).state.keys()
