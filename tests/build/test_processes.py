"""Several processes, as Accelerate and torchrun start them; and what the device can and cannot do."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gansr.build.processes import precision_for
from gansr.errors import OptionsError
from gansr.models.weights import read

Run = Callable[..., Any]
TWO = "-m torch.distributed.run --standalone --nproc_per_node 2 -m gansr train"


def states(folder: Path, step: int) -> dict[str, dict[str, torch.Tensor]]:
    """Every network in a checkpoint."""
    checkpoint = folder / "tiny" / "checkpoints" / f"step_{step:08d}"
    return {path.stem: read(path).state for path in checkpoint.glob("*.safetensors")}


@pytest.fixture
def gan(tree: Run) -> dict[str, Any]:
    """A GAN without batch normalisation: nothing in it depends on how a batch is split."""
    return tree("paired_gan", train__steps=4, train__clip=0.5, checkpoints__every=2, validation__every=2)


def test_two_processes_equal_one_with_twice_the_batch(
    finished: Run, gansr: Run, options_file: Run, gan: dict[str, Any], tmp_path: Path
) -> None:
    path, one, two = options_file(gan), tmp_path / "one", tmp_path / "two"
    assert gansr("train", path, f"output={one}", "train.batch=4").code == 0
    launched = finished(TWO, path, f"output={two}")
    assert launched.code == 0, launched.err
    assert "2 x cpu" in launched.out and launched.out.count("Done.") == 1
    expected, found = states(one, 4), states(two, 4)
    assert expected.keys() == found.keys() == {"generator", "generator.average", "discriminator"}
    for network, tensors in expected.items():
        for name, tensor in tensors.items():
            torch.testing.assert_close(found[network][name], tensor, rtol=1e-5, atol=1e-6, msg=f"{network}: {name}")
    logs = [[json.loads(line) for line in (run / "tiny/log.jsonl").read_text().splitlines()] for run in (one, two)]
    for line, same_line in zip(*logs, strict=True):
        assert line.keys() == same_line.keys()
        for name, number in line.items():  # shifts of colour are small differences of large sums
            assert number == pytest.approx(same_line[name], rel=1e-4, abs=1e-3 if "colour" in name else 1e-12), name


@pytest.mark.slow
def test_a_restrained_game_on_two_processes(
    finished: Run, gansr: Run, options_file: Run, tree: Run, tmp_path: Path
) -> None:
    """Penalties run the discriminator again before its one backward pass; moving averages are over all processes."""
    patch = {"type": "patch", "features": 4, "layers": 1, "norm": "none", "scales": 2}
    options = tree(
        "paired_gan",
        discriminator=patch,
        losses__adversarial={"type": "relativistic_paired", "weight": {"from": 0, "to": 0.1, "over": 2}},
        losses__matching={"type": "feature_matching", "weight": 0.1},
        penalties={
            "r1": {"type": "r1", "every": 2},
            "r2": {"type": "r2"},
            "lecam": {"type": "lecam", "weight": 0.1},
        },
        data__train__crop=32,
        train__steps=4,
        train__discriminator_steps=2,
        train__diagnose_every=2,
        train__optimizer={"type": "adam", "eps": 1e-3},  # so that noise in gradients of nothing moves nothing
        checkpoints__every=4,
    )
    path, one, two = options_file(options), tmp_path / "one", tmp_path / "two"
    assert gansr("train", path, f"output={one}", "train.batch=4").code == 0
    launched = finished(TWO, path, f"output={two}")
    assert launched.code == 0, launched.err
    expected, found = states(one, 4), states(two, 4)
    assert expected.keys() == found.keys() == {"generator", "generator.average", "discriminator", "discriminator_2"}
    for network, tensors in expected.items():
        for name, tensor in tensors.items():
            torch.testing.assert_close(found[network][name], tensor, rtol=1e-4, atol=1e-5, msg=f"{network}: {name}")


def test_two_processes_draw_the_same_scales(
    finished: Run, gansr: Run, options_file: Run, tree: Run, tmp_path: Path
) -> None:
    """A step uses the tail of one scale: the other tails wait, in both processes."""
    options = tree(
        scale=4,
        generator={"type": "mdsr", "features": 4, "blocks": 1, "scales": [2, 4], "value_range": 1.0},
        data__train__scales=[2, 4],
        data__validation__judge__scale=2,
        train__steps=5,
        train__accumulate=2,
        train__optimizer={"type": "adam", "eps": 1e-3},
        checkpoints__every=5,
    )
    path, one, two = options_file(options), tmp_path / "one", tmp_path / "two"
    assert gansr("train", path, f"output={one}", "train.batch=4").code == 0
    launched = finished(TWO, path, f"output={two}")
    assert launched.code == 0, launched.err
    for network, tensors in states(one, 5).items():
        for name, tensor in tensors.items():
            found = states(two, 5)[network][name]
            torch.testing.assert_close(found, tensor, rtol=1e-4, atol=1e-5, msg=f"{network}: {name}")


@pytest.mark.slow
def test_two_processes_resume_exactly(finished: Run, options_file: Run, gan: dict[str, Any], tmp_path: Path) -> None:
    path, whole, parts = options_file(gan), tmp_path / "whole", tmp_path / "parts"
    runs = [
        finished(TWO, path, f"output={whole}"),
        finished(TWO, path, f"output={parts}", "train.steps=2"),
        finished(TWO, path, f"output={parts}"),
    ]
    assert all(run.code == 0 for run in runs), runs
    assert "from step 2" in runs[-1].out
    networks = [f"checkpoints/step_00000004/{name}.safetensors" for name in states(whole, 4)]
    for file in ("log.jsonl", "last.safetensors", "best.safetensors", *networks):
        assert (whole / "tiny" / file).read_bytes() == (parts / "tiny" / file).read_bytes(), file


def test_mistake_of_one_process_ends_all(
    finished: Run, options_file: Run, gan: dict[str, Any], photos: Path, tmp_path: Path
) -> None:
    """With one image each in the first step, only one process meets the truncated one."""
    shutil.copytree(photos, tmp_path / "photos")
    for photo in list((tmp_path / "photos/train/HR").glob("*.png"))[2:]:
        photo.unlink()
    broken, _ = sorted((tmp_path / "photos/train/HR").glob("*.png"))
    broken.write_bytes(broken.read_bytes()[:500])
    gan["data"]["train"]["hr"] = str(tmp_path / "photos/train/HR")
    result = finished(TWO, options_file(gan), "train.batch=1")
    assert result.code != 0
    assert f"{broken} cannot be read" in result.err
    assert not list((tmp_path / "runs/tiny").glob("checkpoints/*"))


def test_processes_that_do_not_know_of_each_other_are_refused(
    finished: Run, options_file: Run, gan: dict[str, Any], tmp_path: Path
) -> None:
    """Without a GPU, Accelerate needs to be told so: else each process would train on its own."""
    result = finished(TWO, options_file(gan), ACCELERATE_USE_CPU="", CUDA_VISIBLE_DEVICES="")
    if result.code == 0:
        assert "2 x " in result.out  # this Accelerate understands
        return
    assert "launch with ACCELERATE_USE_CPU=1" in result.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_two_processes_end_without_a_crash_every_time(finished: Run, options_file: Run, gan: dict[str, Any]) -> None:
    """gloo aborts now and then when Python exits while a process group lives."""
    path = options_file(gan)
    for attempt in range(3):
        result = finished(TWO, path, f"name=run{attempt}", "train.steps=1")
        assert result.code == 0, result.err


def test_accelerate_launch(finished: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    launch = "-m accelerate.commands.launch --cpu --num_processes 1 --num_machines 1"
    settled = "--mixed_precision no --dynamo_backend no"  # unsaid, Accelerate tells what it chose
    result = finished(f"{launch} {settled} -m gansr train", options_file(tree()))
    assert result.code == 0, result.err
    assert (tmp_path / "runs" / "tiny" / "last.safetensors").exists()


@pytest.mark.parametrize("variable", ["ACCELERATE_USE_FSDP", "ACCELERATE_USE_DEEPSPEED", "ACCELERATE_USE_MEGATRON_LM"])
def test_sharding_is_refused(gansr: Run, options_file: Run, tree: Run, monkeypatch: Any, variable: str) -> None:
    monkeypatch.setenv(variable, "true")
    result = gansr("train", options_file(tree()))
    assert result.code == 2 and "is not supported: two players share one backward pass" in result.err


def test_precisions() -> None:
    assert precision_for("auto", "cpu") == precision_for("fp32", "cpu") == precision_for("fp32", "cuda") == "fp32"
    assert precision_for("fp16", "cuda") == "fp16"
    with pytest.raises(OptionsError, match=r"train\.precision: fp16 needs a GPU, and this is a cpu device"):
        precision_for("fp16", "cpu")


def test_bf16_on_a_slow_processor_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    with pytest.raises(OptionsError, match="bf16 is several times slower"):
        precision_for("bf16", "cpu")
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    assert precision_for("bf16", "cpu") == "bf16"
