"""A run that was interrupted ends exactly where an uninterrupted one ends: bit for bit, whatever ended it."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from gansr.models.weights import read

Run = Callable[..., Any]


def same(one: Any, other: Any) -> bool:
    """Equal to the last bit, tensors included."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other) and one.dtype == other.dtype
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def assert_same_runs(one: Path, other: Path, networks: set[str]) -> None:
    """Networks, averages, optimizers, sums, random streams, log, best and last weights."""
    steps = sorted(path.name for path in (one / "checkpoints").iterdir())
    assert steps == sorted(path.name for path in (other / "checkpoints").iterdir())
    files = {f"{name}.safetensors" for name in networks} | {"state.pt", "order.json"}
    for step in steps:
        first, second = (run / "checkpoints" / step for run in (one, other))
        assert {path.name for path in first.iterdir()} == files
        for name in files - {"state.pt"}:
            assert (first / name).read_bytes() == (second / name).read_bytes(), f"{step}/{name}"
        states = [torch.load(folder / "state.pt", weights_only=True) for folder in (first, second)]
        assert same(*states), f"{step}/state.pt"
        assert all(player["optimizer"]["state"] for player in states[0]["players"]), "no optimizer state to compare"
    for name in ("log.jsonl", "best.safetensors", "last.safetensors"):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


NETWORKS = {
    "paired": {"generator", "generator.average"},
    "paired_gan": {"generator", "generator.average", "discriminator"},
    "learned_kernel_noise": {"generator", "generator.average", "lr_discriminator", "degrader"},
    "degradation_gan": {"generator", "generator.average", "lr_discriminator", "degrader"},
    "unpaired_cycle": {
        *("generator", "generator.average", "degrader", "degrader.average"),
        *("hr_discriminator", "lr_discriminator"),
    },
    "cincgan": {
        *("generator", "generator.average", "cleaner", "cleaner.average"),
        *("lr_degrader", "lr_degrader.average", "degrader", "degrader.average"),
        *("clean_discriminator", "hr_discriminator"),
    },
    "pseudo_supervision": {
        *("generator", "generator.average", "cleaner", "cleaner.average", "lr_degrader", "lr_degrader.average"),
        *("clean_discriminator", "lr_discriminator", "hr_discriminator"),
    },
    "semi_cycle": {
        *("generator", "generator.average", "degrader", "sr_degrader"),
        *("lr_discriminator", "returned_discriminator", "hr_discriminator", "real_sr_discriminator"),
    },
}


ACCUMULATE, WORKERS = {"train__accumulate": 2}, {"data__train__workers": 1}
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    **{recipe: (recipe, {}) for recipe in NETWORKS},
    # cincgan refuses to accumulate
    **{f"{recipe}, accumulate": (recipe, ACCUMULATE) for recipe in NETWORKS if recipe != "cincgan"},
    **{f"{recipe}, workers": (recipe, WORKERS) for recipe in ("paired", "paired_gan", "learned_kernel_noise")},
}
"""Recipes, and what is special about the run."""


@pytest.mark.parametrize(("recipe", "changes"), WAYS.values(), ids=WAYS)
def test_resume_is_bit_exact(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, recipe: str, changes: dict[str, Any]
) -> None:
    """Eight steps at once, and five, then three: the fifth lies between two log lines, validations and saves."""
    options = tree(recipe, train__steps=8, checkpoints__keep=2, train__clip=1.0, train__warm_up=6, **changes)
    path = options_file(options | {"validation": options["validation"] | {"every": 4}})
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert gansr("train", path, f"output={whole}", "checkpoints.every=5").code == 0
    interrupted_after(5, lambda: gansr("train", path, f"output={parts}", "checkpoints.every=5"))
    assert [p.name for p in (parts / "tiny" / "checkpoints").iterdir()] == ["step_00000005"]
    assert gansr("train", path, f"output={parts}", "checkpoints.every=5").code == 0
    assert_same_runs(whole / "tiny", parts / "tiny", NETWORKS[recipe])


@pytest.mark.parametrize("colour", ["rgb", "y"])
def test_resume_of_several_scales_is_bit_exact(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, colour: str
) -> None:
    generator = {"type": "mdsr", "features": 4, "blocks": 2, "scales": [2, 4], "colour": colour}
    options = tree(
        scale=4,
        generator=generator,
        data__train__scales=[2, 4],
        data__train__workers=1,
        data__validation__small={"hr": tree()["data"]["validation"]["judge"]["hr"], "scale": 2},
        train__steps=8,
        train__gradient_checkpointing=True,
    )
    path, whole, parts = options_file(options), tmp_path / "whole", tmp_path / "parts"
    assert gansr("train", path, f"output={whole}", "checkpoints.every=5").code == 0
    interrupted_after(5, lambda: gansr("train", path, f"output={parts}", "checkpoints.every=5"))
    assert gansr("train", path, f"output={parts}", "checkpoints.every=5").code == 0
    assert_same_runs(whole / "tiny", parts / "tiny", NETWORKS["paired"])
    assert "small/psnr" in (whole / "tiny" / "log.jsonl").read_text()


RICH: dict[str, Any] = {
    "discriminator": {
        "type": "patch", "features": 4, "layers": 1, "norm": "none", "scales": 2,
        "augment": [{"type": "colour"}, {"type": "translation"}, {"type": "cutout"}],
    },
    "losses__adversarial": {"type": "relativistic_paired", "weight": {"from": 0, "to": 0.1, "over": 4, "start": 1}},
    "losses__matching": {"type": "feature_matching", "weight": 0.1},
    "losses__content": {"type": "vgg19", "weights": "random", "layers": {"relu1_1": 1.0}, "shifts": 4, "weight": 0.1},
    "losses__distribution": {"type": "sliced_wasserstein", "layers": {"image": 1.0}, "weight": 0.1},
    "losses__artifacts": {"type": "ldl", "where": {"type": "edges"}},
    "penalties": {
        "r1": {"type": "r1", "every": 2, "weight": 0.5},
        "gradient": {"type": "wgan_gp", "every": 3, "weight": 0.1},
        "lecam": {"type": "lecam", "weight": 0.1},
    },
    "data__train__crop": 32,
    "train__discriminator_steps": 2,
    "train__generator_start": 1,
    "train__diagnose_every": 2,
    "train__accumulate": 2,
}  # fmt: skip
"""Everything that draws random numbers, remembers, or is not done at each step."""


@pytest.mark.slow
def test_resume_of_a_rich_game_is_bit_exact(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    path = options_file(tree("paired_gan", train__steps=8, **RICH))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert gansr("train", path, f"output={whole}", "checkpoints.every=5").code == 0
    interrupted_after(5, lambda: gansr("train", path, f"output={parts}", "checkpoints.every=5"))
    assert gansr("train", path, f"output={parts}", "checkpoints.every=5").code == 0
    assert_same_runs(whole / "tiny", parts / "tiny", NETWORKS["paired_gan"] | {"discriminator_2"})


def interrupted_after(step: int, run: Run, players: int | None = None) -> None:
    """End a run as a crash would, one step after `step`; with `players`, in a stage that has so many."""
    from gansr.training.loop import Loop

    class Crash(BaseException):
        """Nothing catches it."""

    real = Loop._after

    def after(loop: Loop, interrupt: Any) -> bool:
        stops = real(loop, interrupt)
        if loop.progress.step > step and players in (None, len(loop.recipe.players)):
            raise Crash
        return stops

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Crash):
        patch.setattr(Loop, "_after", after)
        run()


def test_resume_with_batch_normalisation_and_draws_of_random_numbers(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running statistics are buffers, and a user's own loss may draw from any random stream."""
    (tmp_path / "noisy.py").write_text(NOISY)
    monkeypatch.syspath_prepend(tmp_path)
    options = tree("paired_gan", train__steps=8, generator={"type": "srresnet", "features": 4, "blocks": 1})
    options["discriminator"] = {"type": "vgg_style", "features": 2}
    options["losses"]["noisy"] = {"type": "noisy:make", "weight": 0.5}
    path, whole, parts = options_file(options), tmp_path / "whole", tmp_path / "parts"
    assert gansr("train", path, f"output={whole}", "checkpoints.every=5").code == 0
    interrupted_after(5, lambda: gansr("train", path, f"output={parts}", "checkpoints.every=5"))
    assert gansr("train", path, f"output={parts}", "checkpoints.every=5").code == 0
    assert_same_runs(whole / "tiny", parts / "tiny", NETWORKS["paired_gan"])


NOISY = '''
import random
import numpy as np
import torch

def make():
    """A loss whose gradient is random."""
    def loss(sr, target):
        return ((sr - target) * torch.randn_like(sr)).mean() * random.random() * np.random.rand()
    return loss
'''


def test_stages_resume_where_they_stopped(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    gan = tree("paired_gan")
    second = {"name": "gan", "recipe": "paired_gan", "train": {"accumulate": 2}}
    second |= {key: gan[key] for key in ("discriminator", "losses")}
    path = options_file(tree(train__steps=5) | {"stages": [{"name": "psnr"}, second]})
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert gansr("train", path, f"output={whole}").code == 0
    interrupted_after(3, lambda: gansr("train", path, f"output={parts}"), players=1)
    assert not (parts / "tiny" / "2_gan").exists()
    interrupted_after(3, lambda: gansr("train", path, f"output={parts}"), players=2)
    assert gansr("train", path, f"output={parts}").code == 0
    assert_same_runs(whole / "tiny" / "1_psnr", parts / "tiny" / "1_psnr", NETWORKS["paired"])
    assert_same_runs(whole / "tiny" / "2_gan", parts / "tiny" / "2_gan", NETWORKS["paired_gan"])


def test_a_stage_is_reproduced_from_its_folder(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    gan = tree("paired_gan")
    second = {"name": "gan", "recipe": "paired_gan"} | {key: gan[key] for key in ("discriminator", "losses")}
    assert gansr("train", options_file(tree() | {"stages": [{"name": "psnr"}, second]})).code == 0
    for stage in ("1_psnr", "2_gan"):
        first = tmp_path / "runs" / "tiny" / stage
        assert gansr("train", first / "options.yml", f"output={tmp_path / 'again'}").code == 0
        again = tmp_path / "again" / f"tiny_{stage}"
        assert (first / "log.jsonl").read_bytes() == (again / "log.jsonl").read_bytes()
        one, other = (read(folder / "last.safetensors").state for folder in (first, again))
        assert same(one, other)


def test_weights_that_are_no_longer_finite_are_never_saved(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A finite loss whose gradient is not: the square root of nothing."""
    (tmp_path / "rooted.py").write_text(
        "def make():\n    return lambda sr, target: (sr - sr.detach()).abs().sum().sqrt()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    result = gansr("train", options_file(tree(losses__root={"type": "rooted:make"}, train__steps=1)))
    assert result.code == 2 and "Traceback" not in result.err
    assert "step 1: weights of the generator are no longer finite" in result.err
    assert not list((tmp_path / "runs" / "tiny").glob("checkpoints/*"))
    assert not (tmp_path / "runs" / "tiny" / "last.safetensors").exists()


def test_a_finished_run_is_left_as_it_is(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    path, folder = options_file(tree()), tmp_path / "runs" / "tiny"
    assert gansr("train", path).code == 0
    kept = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and "tensorboard" not in p.parts}
    assert gansr("train", path).code == 0
    assert {p: p.read_bytes() for p in kept} == kept


def test_more_steps_go_on_from_a_finished_run_and_changes_are_told(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path
) -> None:
    path, folder = options_file(tree()), tmp_path / "runs" / "tiny"
    assert gansr("train", path).code == 0
    result = gansr("train", path, "train.steps=9", "train.lr=1e-4")
    assert result.code == 0
    assert "from step 6" in result.out
    assert "train.steps: 6 -> 9" in result.out and "train.lr: 0.001 -> 0.0001" in result.out
    steps = [json.loads(line)["step"] for line in (folder / "log.jsonl").read_text().splitlines()]
    assert steps == sorted(steps) and steps[-1] == 9
    with safe_open(folder / "last.safetensors", framework="pt") as file:
        assert file.metadata()["step"] == "9"


@pytest.mark.parametrize(
    ("number", "send", "workers"),
    [(signal.SIGINT, os.kill, 0), (signal.SIGTERM, os.kill, 0), (signal.SIGTERM, os.killpg, 1)],
    ids=["ctrl-c", "terminate", "terminate the group, as schedulers do"],
)
def test_a_signal_stops_after_the_step_and_saves(
    process: Run,
    options_file: Run,
    tree: Run,
    tmp_path: Path,
    number: signal.Signals,
    send: Callable[[int, int], None],
    workers: int,
) -> None:
    never = {"checkpoints__every": 100_000, "validation__every": 100_000}
    path = options_file(tree(train__steps=100_000, data__train__workers=workers, **never))
    run = process("-m gansr train", path)
    wait_for(tmp_path / "runs" / "tiny" / "log.jsonl", run)
    send(run.pid, number)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert "Stopped and saved" in out and "Traceback" not in err
    (checkpoint,) = (tmp_path / "runs" / "tiny" / "checkpoints").iterdir()
    state = torch.load(checkpoint / "state.pt", weights_only=True)
    assert checkpoint.name == f"step_{state['extras']['progress']['step']:08d}"


def wait_for(path: Path, run: "subprocess.Popen[str]") -> None:
    """Until the file has something in it."""
    while run.poll() is None and not (path.exists() and (path.is_dir() or path.stat().st_size)):
        time.sleep(0.01)
    assert run.poll() is None, run.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", NETWORKS)
def test_killed_twice_and_resumed_is_bit_exact(
    process: Run, gansr: Run, options_file: Run, tree: Run, tmp_path: Path, recipe: str
) -> None:
    path = options_file(tree(recipe, train__steps=40, checkpoints__every=10, data__train__workers=1))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for step in (10, 20):
        run = process("-m gansr train", path, f"output={parts}")
        wait_for(parts / "tiny" / "checkpoints" / f"step_{step:08d}", run)
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
    assert not (parts / "tiny" / "last.safetensors").exists(), "it was over before it was killed"
    assert gansr("train", path, f"output={parts}").code == 0
    assert gansr("train", path, f"output={whole}").code == 0
    assert_same_runs(whole / "tiny", parts / "tiny", NETWORKS[recipe])
