"""Recipes without pairs on two processes: one set of weights, a pool for each, and exact resumption."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gansr.build.making import recipes as builders
from gansr.options.load import validate

Run = Callable[..., Any]
TWO = "-m torch.distributed.run --standalone --nproc_per_node 2 -m gansr train"
LAST = "step_00000006"

WATCH = '''
"""A loss that writes down what this process's networks weigh."""
import os
from pathlib import Path

import torch
from gansr.training.player import Player

folder = Path(__file__).parent
real = Player.share_buffers


def share_buffers(self):
    real(self)
    rank = os.environ["RANK"]
    for name, network in self.networks.items():
        weights = torch.cat([p.detach().flatten() for p in network.parameters()])
        torch.save(weights, folder / f"{name}.{rank}.pt")


def make():
    Player.share_buffers = share_buffers
    return lambda sr, target: (sr - target).abs().mean()
'''


@pytest.mark.parametrize(
    ("recipe", "pools"),
    [
        ("learned_kernel_noise", {"pool.lr_discriminator"}),
        pytest.param("cincgan", {"pool.clean_discriminator", "pool.hr_discriminator"}, marks=pytest.mark.slow),
    ],
)
def test_a_resumed_run_of_two_is_the_uninterrupted_one(
    finished: Run, options_file: Run, tree: Run, tmp_path: Path, recipe: str, pools: set[str]
) -> None:
    (tmp_path / "watch.py").write_text(WATCH)
    row = {"type": "watch:make", "weight": 0.1}
    options = tree(recipe, train__steps=6, validation__every=3, log__every=1)
    if recipe == "learned_kernel_noise":
        options["losses"]["watch"] = row
    else:
        cycle = {"type": "l1", "of": "cycled_lr", "target": "real_lr"}
        options["losses"] = {"adversarial": {"type": "least_squares"}, "cycle": cycle, "watch": row}
    path, whole, parts = options_file(options), tmp_path / "whole", tmp_path / "parts"
    path_to_watch = {"PYTHONPATH": f"{tmp_path}:{Path(__file__).parents[3]}"}
    runs = [
        finished(TWO, path, f"output={whole}", **path_to_watch),
        finished(TWO, path, f"output={parts}", "train.steps=3", **path_to_watch),
        finished(TWO, path, f"output={parts}", **path_to_watch),
    ]
    assert all(run.code == 0 for run in runs), runs
    assert "2 x cpu" in runs[0].out and "from step 3" in runs[-1].out
    one, other = (_files(folder / "tiny") for folder in (whole, parts))
    assert one.keys() == other.keys() and [name for name in one if one[name] != other[name]] == []
    states = [_state(folder / "tiny") for folder in (whole, parts)]
    assert same(*states)

    lines = [json.loads(line) for line in (whole / "tiny" / "log.jsonl").read_text("utf-8").splitlines()]
    assert all(math.isfinite(value) for line in lines for value in line.values())

    first, second = states[0]["apart"]
    assert first.keys() == second.keys() == pools
    for name in pools:
        images = [torch.stack(process[name]["images"]) for process in (first, second)]
        assert len(images[0]) == len(images[1]) == 3, "both are full"
        assert not torch.equal(*images), "each has its own"

    made_of = builders.ingredients(validate(tree(recipe), "run.yml"))
    for name in made_of.networks:
        weights = [torch.load(tmp_path / f"{name}.{rank}.pt", weights_only=True) for rank in (0, 1)]
        assert torch.equal(*weights), f"{name} differs between the processes"
        fresh = torch.cat([p.detach().flatten() for p in made_of.networks[name].parameters()])
        assert not torch.equal(fresh, weights[0]), f"{name} learned nothing"


def _files(run: Path) -> dict[str, bytes]:
    """The log, and every file of weights."""
    names = ["log.jsonl", "last.safetensors", "best.safetensors"]
    networks = {file.name: file.read_bytes() for file in (run / "checkpoints" / LAST).glob("*.safetensors")}
    return {name: (run / name).read_bytes() for name in names} | networks


def _state(run: Path) -> dict[str, Any]:
    """Optimizers, sums, pools and random streams of the last checkpoint."""
    return torch.load(run / "checkpoints" / LAST / "state.pt", weights_only=True)


def same(one: Any, other: Any) -> bool:
    """Equal to the last bit, in whatever order keys are."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other) and one.dtype == other.dtype
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def test_two_processes_equal_one_with_twice_the_batch(
    finished: Run, gansr: Run, options_file: Run, tree: Run, tmp_path: Path
) -> None:
    """Without a pool, and with makers that draw nothing, it does not matter who sees which image."""
    changes = {"pool": None, "validation__every": 4, "train__optimizer": {"type": "adam", "eps": 1e-3}}
    changes |= {"losses": {"adversarial": {"type": "least_squares"}, "pixel": {"type": "l1"}}}
    maker = {"type": "translator", "features": 4, "blocks": 1, "zero_tail": False}
    options = tree("pseudo_supervision", train__steps=4, checkpoints__every=4, lr_degrader=maker, **changes)
    path, one, two = options_file(options), tmp_path / "one", tmp_path / "two"
    assert gansr("train", path, f"output={one}", "train.batch=4").code == 0
    launched = finished(TWO, path, f"output={two}")
    assert launched.code == 0, launched.err
    found = [_weights(folder / "tiny") for folder in (one, two)]
    assert found[0].keys() == found[1].keys()
    for name, tensor in found[0].items():
        torch.testing.assert_close(found[1][name], tensor, rtol=1e-4, atol=1e-5, msg=name)


def _weights(run: Path) -> dict[str, torch.Tensor]:
    from gansr.models.weights import read

    files = (run / "checkpoints" / "step_00000004").glob("*.safetensors")
    return {f"{file.stem}.{name}": value for file in files for name, value in read(file).state.items()}
