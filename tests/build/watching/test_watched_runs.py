"""Runs with intervals, sums and patience: what they measure, where they end, and that they go on exactly."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from gansr.build.examining.check import examine
from gansr.options.load import validate

Run = Callable[..., Any]
TWO = "-m torch.distributed.run --standalone --nproc_per_node 2 -m gansr train"

SAME = '''
LOADED = []

class Same:
    """Always 1."""

    protocol, unit, format, higher_is_better, needs_hr = "always 1", "", ".1f", True, False

    def __init__(self, value: float = 1.0):
        LOADED.append(self)
        self.value = value

    def __call__(self, sr, hr):
        return self.value
'''


@pytest.fixture
def same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A metric that never gets better."""
    (tmp_path / "same.py").write_text(SAME)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "same", raising=False)
    return {"type": "same:Same"}


@pytest.fixture
def stuck(tree: Run, same: dict[str, Any]) -> Run:
    """Options of a run whose best is that of step 2, and which has patience for 4 steps more: it ends at 6."""

    def make(recipe: str = "paired", **changes: Any) -> Any:
        given = {"train__steps": 20, "train__patience": 4, "validation__every": 2, "checkpoints__every": 100}
        return tree(recipe, **{**given, "validation__metrics": {"same": same}, "log__every": 4, **changes})

    return make


def log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_metrics_have_intervals_of_their_own(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, same: dict[str, Any]
) -> None:
    """And stay loaded; pictures come with `validation.every`."""
    import same as module  # pyright: ignore[reportMissingImports]

    rows = {"psnr": {"type": "psnr", "every": 2}, "slow": same | {"every": 3}}
    options = tree(validation__metrics=rows, validation__every=5, validation__pictures=1, train__steps=7)
    assert gansr("train", options_file(options)).code == 0
    folder = tmp_path / "runs" / "tiny"
    scores = {line["step"]: sorted(line.keys() - {"step"}) for line in log(folder) if "loss/pixel" not in line}
    psnr, slow = "judge/psnr", "judge/slow"
    assert scores == {2: [psnr], 3: [slow], 4: [psnr], 5: [], 6: [psnr, slow], 7: [psnr, slow]}
    assert len(module.LOADED) == 2, "once to see that it can be, once for the stage"
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(folder / "tensorboard")).Reload()
    assert [event.step for event in board.Images("judge/0")] == [5, 7]


def test_a_run_that_gets_no_better_ends_early_and_is_finished(
    gansr: Run, options_file: Run, stuck: Run, tmp_path: Path
) -> None:
    path, folder = options_file(stuck()), tmp_path / "runs" / "tiny"
    result = gansr("train", path)
    said = "step 6: training ends early, judge/same was no better since step 2 (train.patience: 4)"
    assert result.code == 0 and said in result.out and "Done." in result.out
    assert [line["step"] for line in log(folder)] == [2, 4, 4, 6]
    assert [one.name for one in (folder / "checkpoints").iterdir()] == ["step_00000006"]
    for name, step in (("last", "6"), ("best", "2")):
        with safe_open(folder / f"{name}.safetensors", framework="pt") as file:
            assert file.metadata()["step"] == step
    kept = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and "tensorboard" not in p.parts}
    again = gansr("train", path)
    assert again.code == 0 and said in again.out and "Done." in again.out
    assert {p: p.read_bytes() for p in kept} == kept


def test_more_patience_goes_on_as_if_there_had_been_more_from_the_start(
    gansr: Run, options_file: Run, stuck: Run, tmp_path: Path
) -> None:
    path, whole, parts = options_file(stuck("paired_gan")), tmp_path / "whole", tmp_path / "parts"
    assert gansr("train", path, f"output={whole}", "train.patience=7").code == 0
    assert gansr("train", path, f"output={parts}").code == 0
    result = gansr("train", path, f"output={parts}", "train.patience=7")
    assert result.code == 0 and "step 10: training ends early" in result.out and "from step 6" in result.out
    networks = [f"checkpoints/step_00000010/{name}.safetensors" for name in ("generator", "discriminator")]
    for name in ("log.jsonl", "last.safetensors", "best.safetensors", *networks):
        assert (whole / "tiny" / name).read_bytes() == (parts / "tiny" / name).read_bytes(), name


def test_a_stage_that_ends_early_hands_on_to_the_next(
    gansr: Run, options_file: Run, stuck: Run, tmp_path: Path
) -> None:
    path = options_file(stuck() | {"stages": [{"name": "a"}, {"name": "b", "train": {"patience": None, "steps": 3}}]})
    assert gansr("train", path).code == 0
    first, second = tmp_path / "runs/tiny/1_a", tmp_path / "runs/tiny/2_b"
    assert log(first)[-1]["step"] == 6 and log(second)[-1]["step"] == 3
    assert (second / "last.safetensors").exists()


@pytest.mark.slow
def test_two_processes_end_early_together(finished: Run, options_file: Run, stuck: Run, tmp_path: Path) -> None:
    path, out = options_file(stuck("paired_gan")), tmp_path / "two"
    runs = [finished(TWO, path, f"output={out}", PYTHONPATH=str(tmp_path)) for _ in range(2)]
    for run in runs:
        assert run.code == 0, run.err
        assert run.out.count("step 6: training ends early, judge/same was no better since step 2") == 1
    assert log(out / "tiny")[-1] == {"step": 6, "judge/same": 1.0}
    assert (out / "tiny" / "last.safetensors").exists()


def test_best_by_a_weighted_sum_goes_on_exactly(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    sums = {"judge/psnr": 1.0, "judge/ssim": 30.0}
    rows = {"psnr": {"type": "psnr"}, "ssim": {"type": "ssim"}}
    path = options_file(tree(validation__metrics=rows, validation__every=1, checkpoints__best=sums))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    result = gansr("train", path, f"output={whole}")
    assert result.code == 0 and "(the best 1 judge/psnr +30 judge/ssim so far)" in result.out
    assert gansr("train", path, f"output={parts}", "train.steps=3").code == 0
    assert gansr("train", path, f"output={parts}").code == 0
    states = [torch.load(one / "tiny/checkpoints/step_00000006/state.pt", weights_only=True) for one in (whole, parts)]
    scores = {line["step"]: line for line in log(whole / "tiny") if "judge/psnr" in line}
    worth = {step: line["judge/psnr"] + 30 * line["judge/ssim"] for step, line in scores.items()}
    step = max(worth, key=lambda one: worth[one])
    for state in states:
        found = state["extras"]["best"]
        assert found == {"metric": sums, "value": pytest.approx(worth[step]), "step": step, "judged": 6}
    assert (whole / "tiny/best.safetensors").read_bytes() == (parts / "tiny/best.safetensors").read_bytes()


def test_a_sum_that_wants_the_worse_is_refused_before_the_first_step(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path
) -> None:
    result = gansr("train", options_file(tree(checkpoints__best={"judge/psnr": -1.0})))
    assert result.code == 2 and "its weight must be above 0" in result.err
    assert not (tmp_path / "runs").exists()


def test_logits_and_settings_are_in_tensorboard(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert gansr("train", options_file(tree("paired_gan", train__steps=4, validation__every=2))).code == 0
    folder = tmp_path / "runs" / "tiny"
    board = EventAccumulator(str(folder / "tensorboard"), size_guidance={"histograms": 0}).Reload()
    for side in ("fake", "real"):
        events = board.Histograms(f"logits/{side}")
        assert [event.step for event in events] == [2, 4]
        assert [event.histogram_value.num for event in events] == [2 * 16 * 16] * 2, "all of a batch"
    scores = [line["judge/psnr"] for line in log(folder) if "judge/psnr" in line]
    (final,), (best,) = board.Scalars("final/judge/psnr"), board.Scalars("best/judge/psnr")
    assert final.value == pytest.approx(scores[-1]) and best.value == pytest.approx(max(scores))
    assert not any("logits" in key for line in log(folder) for key in line)


def test_options_of_trackers_are_no_part_of_the_step(tree: Run) -> None:
    """`gansr check` builds a run with all of it."""
    changes = {"log__trackers": ["wandb"], "train__patience": 3, "validation__metrics__psnr__every": 2}
    assert examine(validate(tree("paired_gan", **changes), "run.yml")).losses
