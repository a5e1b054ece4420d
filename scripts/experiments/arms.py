"""The arms of the experiment: each is an options file as `gansr train` has it, and is trained by the same code."""

import contextlib
import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from judging import Scored, judged

from gansr.build.evaluate import upscaler
from gansr.build.train import train
from gansr.errors import TrainingError
from gansr.options.load import validate
from gansr.options.stages import expand, merge

Tree = dict[str, Any]

BICUBIC = "bicubic"  # not trained
STEPS, ALONE = 700, 500  # of every generator; of degraders before it
HALVE = (350, 600)  # after so many of the generator's steps
BATCH, SIDE = 16, 24  # images; LR pixels


def common(scale: int) -> Tree:
    """What all arms share. Words in braces become the folders of a seed."""
    return {
        "name": "{arm}",
        "output": "{runs}",
        "resume": "never",
        "scale": scale,
        "generator": {"type": "edsr", "features": 24, "blocks": 3},
        "losses": {"pixel": {"type": "l1"}},
        "data": {"train": {"hr": "{hr}", "crop": SIDE * scale, "workers": 0}},
        "train": {
            "steps": STEPS,
            "batch": BATCH,
            "lr": 1e-3,
            "ema": None,
            "precision": "fp32",
            "halve_at": list(HALVE),
        },
        "checkpoints": {"every": 1_000_000, "keep": 1},  # the last one alone
    }


def arms(scale: int) -> dict[str, Tree]:
    """One row for each arm: what it changes in `common`. With `stages:` it is trained in several.

    Folders: {hr}; {real_lr}, of other photos; {true_lr}, of {hr}, which only the oracle may see; {run}, the arm's own,
    where stages find what those before them wrote.
    """
    unpaired = {"data": {"train": {"real_lr": "{real_lr}"}}}
    patches = {"type": "patch", "stride": 1, "kernel": 3, "features": 32, "layers": 1, "norm": "instance"}
    coarse = {"type": "patch", "features": 24, "layers": 1, "norm": "instance"}  # a quarter of the time, at HR
    translator = {"type": "translator", "features": 24, "blocks": 2}
    after = {
        "steps": ALONE + STEPS,
        "generator_start": ALONE,
        "discriminator_lr": 1e-3,
        "halve_at": [ALONE + step for step in HALVE],
    }
    calm = {"optimizer": {"type": "adam", "betas": [0.5, 0.999]}}  # with 0.9 made noise overshoots and is never white
    return {
        "bicubic_pairs": {"recipe": "paired"},
        "wrong_guess": {"recipe": "paired", "data": {"train": {"degradation": "real_esrgan", "margin": 24}}},
        "learned_kernel_noise": unpaired
        | {
            "recipe": "learned_kernel_noise",
            "degrader": {
                "type": "kernel_noise",
                "kernel": 4 * scale + 5,
                "kernel_features": 32,
                "kernel_blocks": 2,
                "noise_features": 24,
                "noise_blocks": 2,
                "kernel_pace": 0.2,
                "jpeg": "measured",
                "lr": 5e-4,
            },
            "lr_discriminator": patches,
            "train": after | calm,
        },
        "noise_injection": unpaired | {"recipe": "noise_injection"},
        "degradation_gan": unpaired
        | {
            "recipe": "degradation_gan",
            "degrader": translator | {"noise_channels": 3, "lr": 5e-4},
            "lr_discriminator": patches | {"through": [{"type": "high_pass", "size": 9}]},
            "degrader_losses": {
                "adversarial": {"type": "least_squares", "weight": 2.0},
                "colour": {"type": "l1", "weight": 5.0, "through": [{"type": "low_pass", "size": 9}]},
            },
            "train": after | calm,
        },
        "pseudo_supervision": unpaired
        | {
            "recipe": "pseudo_supervision",
            "losses": None,  # its own
            "cleaner": translator,
            "lr_degrader": translator | {"noise_channels": 1},
            "clean_discriminator": patches,
            "lr_discriminator": patches,
            "hr_discriminator": coarse | {"share": 0.1},
            "train": calm,
        },
        "cincgan": {
            "stages": [
                {"name": "pairs", "recipe": "paired"},
                unpaired
                | {
                    "name": "cycles",
                    "recipe": "cincgan",
                    "losses": None,
                    "cleaner": translator,
                    "lr_degrader": translator,
                    "degrader": translator,
                    "clean_discriminator": patches,
                    "hr_discriminator": patches,
                    "train": calm | {"steps": 700, "generator_start": 350, "lr": 5e-4, "halve_at": [600]},
                },
            ],
        },
        "unpaired_cycle": unpaired
        | {
            "recipe": "unpaired_cycle",
            "losses": None,
            "degrader": translator,
            "hr_discriminator": coarse,
            "lr_discriminator": patches,
            "train": calm,
        },
        "oracle": {"recipe": "paired", "data": {"train": {"lr": "{true_lr}"}}},
    }


@dataclass(frozen=True)
class Job:
    """One arm with one seed."""

    arm: str  # a row of `arms`, or BICUBIC
    label: str  # the name of its results
    scale: int
    seed: int
    folder: Path  # of the seed: holds hr, real_lr, true_lr, judges, runs
    judges: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    squeezenet: str | None = None

    @property
    def run(self) -> Path:
        """Where the arm is written."""
        return self.folder / "runs" / self.label

    @property
    def steps(self) -> int:
        """About how much work it is: the steps of all stages."""
        return sum(tree["train"]["steps"] for tree in self.trees())

    def trees(self) -> list[Tree]:
        """The options of each stage, with folders in braces, as JSON has them; none of interpolation."""
        if self.arm == BICUBIC:
            return []
        row = merge(common(self.scale), arms(self.scale)[self.arm]) | {"seed": self.seed}
        return json.loads(json.dumps(expand(row, self.overrides, self.label)))

    def filled(self, value: Any) -> Any:
        """A tree with its folders."""
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        if not isinstance(value, str):
            return value
        places = {name: str(self.folder / name) for name in ("hr", "real_lr", "true_lr", "runs")}
        for name, place in (places | {"run": str(self.run), "arm": self.label}).items():
            value = value.replace(f"{{{name}}}", place)
        return value


def perform(job: Job) -> tuple[float, Scored]:
    """Train an arm from its beginning and judge its last weights. Returns the seconds of training, and the scores.

    Raises:
        UserError: as training does, and where a signal stopped it.
    """
    if job.arm == BICUBIC:
        return 0.0, judged(upscaler(BICUBIC, job.scale, None, None, True), job)
    if job.run.exists():
        shutil.rmtree(job.run)  # of a run that was stopped: what it trained may have had other options
    job.run.mkdir(parents=True)
    options = [validate(job.filled(tree), job.label) for tree in job.trees()]
    start = time.monotonic()
    with (job.run / "console.txt").open("w", encoding="utf-8") as file, contextlib.redirect_stdout(file):
        weights = train(options, cpu=True)
    seconds = time.monotonic() - start
    if weights is None:
        raise TrainingError(f"{job.label}: stopped by a signal.")
    return seconds, judged(upscaler(str(weights), job.scale, None, None, True), job)


def one_thread() -> None:
    """For each of several processes on few cores."""
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
