"""What is tried on the GPU: tables of recipes, precisions, variants and realistic runs. New rows go here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from gpu_checks.sides import REAL_LR, UNPAIRED

from gansr.data.degradations.presets import PRESETS
from gansr.data.files.images import write_image
from gansr.options.load import validate
from gansr.options.schema import Options
from gansr.options.stages import merge

Tree = dict[str, Any]

PRECISIONS = ("fp32", "bf16", "fp16")

VARIANTS: dict[str, Tree] = {
    "plain": {"channels_last": False},
    "channels_last": {"channels_last": True},
    "compiled": {"channels_last": True, "compile": True},
}

WITH_MANY_NETWORKS = (*((precision, "plain") for precision in PRECISIONS), ("bf16", "compiled"))
"""Recipes without pairs have many networks: not each in every variant."""

# Small networks that learn within a few dozen steps and have no operation without a deterministic version.
RECIPES: dict[str, Tree] = {
    "paired": {
        "recipe": "paired",
        "scale": 4,
        "generator": {"type": "srresnet", "features": 16, "blocks": 2},
        "losses": {"pixel": {"type": "l1"}},
        "data": {"train": {"crop": 48}},
        "train": {"batch": 4, "lr": 1e-3},
    },
    "paired_gan": {
        "recipe": "paired_gan",
        "scale": 4,
        "generator": {"type": "rrdbnet", "features": 16, "blocks": 1, "growth": 8},
        "discriminator": {"type": "patch", "features": 16, "layers": 2},
        "losses": {"pixel": {"type": "l1"}, "adversarial": {"type": "relativistic_average", "weight": 0.005}},
        "data": {"train": {"crop": 48}},
        "train": {"batch": 4, "lr": 1e-3, "clip": 10.0},
    },
    # Gradients of gradients, memory beyond the players, random views and shared feature networks.
    "restrained_gan": {
        "recipe": "paired_gan",
        "scale": 4,
        "generator": {"type": "srresnet", "features": 16, "blocks": 1},
        "discriminator": {
            "type": "patch",
            "features": 16,
            "layers": 2,
            "norm": "none",
            "augment": [{"type": "translation"}],
        },
        "losses": {
            "pixel": {"type": "l1"},
            "content": {"type": "vgg19", "weights": "random", "layers": {"relu1_1": 1.0}, "shifts": 4, "weight": 0.01},
            "texture": {
                "type": "gram",
                "weights": "random",
                "layers": {"relu1_1": 1.0},
                "shifts": 4,
                "patch": 8,
                "weight": 0.01,
            },
            "matching": {"type": "feature_matching", "weight": 0.01},
            "adversarial": {"type": "relativistic_paired", "weight": {"from": 0.0, "to": 0.005, "over": 10}},
        },
        "penalties": {"r1": {"type": "r1", "weight": 0.1, "every": 2}, "lecam": {"type": "lecam", "weight": 0.1}},
        "data": {"train": {"crop": 48}},
        "train": {"batch": 4, "lr": 1e-3, "clip": 10.0},
    },
}

# Runs of the size that papers report, with the published networks, batches and crops.
ESRGAN: Tree = {
    "recipe": "paired_gan",
    "scale": 4,
    "generator": {"type": "rrdbnet", "features": 64, "blocks": 23},
    "discriminator": {"type": "vgg_style", "features": 64},
    "losses": {
        "pixel": {"type": "l1", "weight": 0.01},
        "content": {"type": "vgg19", "weights": "random"},
        "adversarial": {"type": "relativistic_average", "weight": 0.005},
    },
    "data": {"train": {"crop": 128, "workers": 4}},
    "train": {"batch": 16, "lr": 1e-4, "precision": "bf16", "channels_last": True},
}
RRDB: Tree = {key: value for key, value in ESRGAN.items() if key != "discriminator"} | {
    "recipe": "paired",
    "losses": {"pixel": {"type": "l1"}},
}
SRGAN: Tree = merge(
    ESRGAN,
    {
        "generator": {"type": "srresnet", "blocks": 16},
        "discriminator": {"input_size": 96},
        "losses": {"adversarial": {"type": "vanilla", "weight": 0.001}},
        "data": {"train": {"crop": 96}},
    },
)
REAL_ESRGAN: Tree = merge(
    ESRGAN, {"discriminator": {"type": "unet"}, "data": {"train": {"crop": 256}}, "train": {"batch": 12}}
)
DEGRADED: Tree = {"data": {"train": {"degradation": "real_esrgan", "sharpen": True}}}
CHANGING: Tree = {
    "degradation": [
        {"type": "gaussian", "sigma": {"from": [0.2, 0.6], "to": [0.2, 3.0], "over": 50}},
        {"type": "resize_to_scale"},
        {"type": "gaussian_noise", "when": {"from": 0, "to": 0.9, "over": 50}},
    ],
    "mild": {"share": 0.2},
    "augment": [
        {"type": name, "when": 0.5}
        for name in ("mixup", "cutmix", "cutblur", "blend", "permute_channels", "colour_jitter")
    ],
}
COMPILED: Tree = {"train": {"compile": True}}

REALISTIC: dict[str, Tree] = {
    "RRDB 23, PSNR stage": RRDB,
    "RRDB 23, PSNR stage, compiled": merge(RRDB, COMPILED),
    "ESRGAN": ESRGAN,
    "ESRGAN, compiled": merge(ESRGAN, COMPILED),
    "SRGAN": SRGAN,
    "Real-ESRGAN's networks": REAL_ESRGAN,
    "Real-ESRGAN": merge(REAL_ESRGAN, DEGRADED),
}

# What makes a realistic run small enough to rehearse on a CPU.
REHEARSED: Tree = {
    "generator": {"features": 8, "blocks": 1},
    "discriminator": {"features": 4},
    "data": {"train": {"crop": 32, "workers": 0}},
    "train": {"batch": 2, "precision": "fp32"},
}


@dataclass(frozen=True)
class Case:
    """One row: a run of `steps` steps. The last `measured` are timed, and in the `quiet` ones before nothing may wait.

    `log` is the number of steps between two log lines; with `learns` the pixel loss must fall.
    """

    name: str
    precision: str
    variant: str
    tree: Tree
    steps: int
    quiet: int
    measured: int
    log: int
    learns: bool

    @property
    def title(self) -> str:
        """The row's name as a person types it after --only."""
        return " ".join(word for word in (self.name, self.precision, self.variant) if word)

    def options(self, photos: Path, **more: Any) -> Options:
        """Complete options; `more` is laid over the row's own."""
        train = {"hr": str(photos)}
        if "real_lr" in self.tree["data"]["train"]:
            train["real_lr"] = str(photos.parent / REAL_LR)
        found = merge(
            self.tree,
            {
                "name": "gpu_check",
                "data": {"train": train},
                "train": {"steps": self.steps, "precision": self.precision},
            },
        )
        return validate(merge(found, more), f"gpu_check, {self.title}")


def small_cases(rehearsal: bool) -> Iterator[Case]:
    """Every recipe in every precision and variant; the rehearsal leaves out what a CPU lacks."""
    for recipe, tree in RECIPES.items():
        for precision in PRECISIONS[:1] if rehearsal else PRECISIONS:
            for variant, switches in VARIANTS.items():
                if rehearsal and "compile" in switches:  # minutes of C++ for nothing new
                    continue
                changes = {"train": switches, "data": {"train": {"workers": 0 if rehearsal else 2}}}
                yield Case(recipe, precision, variant, merge(tree, changes), 60, 15, 15, 10, learns=True)
    for recipe, tree in UNPAIRED.items():
        for precision, variant in [("fp32", "plain")] if rehearsal else WITH_MANY_NETWORKS:
            changes = {"train": VARIANTS[variant], "data": {"train": {"workers": 0 if rehearsal else 2}}}
            yield Case(recipe, precision, variant, merge(tree, changes), 60, 15, 15, 10, learns=True)
    for preset in PRESETS:
        changes = {"data": {"train": {"degradation": preset, "margin": 24, "workers": 0 if rehearsal else 2}}}
        yield Case(f"LR by {preset}", "fp32", "plain", merge(RECIPES["paired"], changes), 60, 15, 15, 10, learns=True)
    changes = {"data": {"train": CHANGING | {"margin": 24, "workers": 0 if rehearsal else 2}}}
    yield Case("LR that changes", "fp32", "plain", merge(RECIPES["paired"], changes), 60, 15, 15, 10, learns=True)


def resume_cases(rehearsal: bool) -> Iterator[Case]:
    """One of every recipe and precision."""
    for case in small_cases(rehearsal):
        if case.variant == "plain" and case.name in RECIPES | UNPAIRED:
            yield replace(case, variant="resumed", steps=8)


def realistic_cases(rehearsal: bool) -> Iterator[Case]:
    """The runs that papers report."""
    for name, tree in REALISTIC.items():
        if rehearsal and tree["train"].get("compile"):
            continue
        shrunk = _shrunk(tree) if rehearsal else tree
        steps, quiet, measured = (4, 1, 2) if rehearsal else (50, 10, 30)
        yield Case(name, shrunk["train"]["precision"], "", shrunk, steps, quiet, measured, steps // 2, learns=False)


def loader_cases(rehearsal: bool) -> Iterator[Case]:
    """What the realistic runs ask of the loader."""
    for case in realistic_cases(rehearsal):
        if case.name in {"ESRGAN", "Real-ESRGAN's networks", "Real-ESRGAN"}:
            measured = 3 if rehearsal else 100
            yield replace(case, variant="data", steps=measured + 20, quiet=10, measured=measured)


def arrival_cases(rehearsal: bool) -> Iterator[Case]:
    """Small and large batches, from folders."""
    for case in loader_cases(rehearsal):
        if case.name in {"ESRGAN", "Real-ESRGAN"}:
            yield replace(case, variant="arrivals", steps=6 if rehearsal else 200)


def _shrunk(tree: Tree) -> Tree:
    smaller = {key: value for key, value in REHEARSED.items() if key in tree}
    if "content" in tree["losses"]:
        smaller["losses"] = {"content": {"layers": {"conv1_2": 1.0}}}
    return merge(tree, smaller)


def make_photos(folder: Path, count: int = 8, side: int = 320) -> None:
    """Write pictures with what photos have, and noisy small ones of other things into a folder beside it."""
    _pictures(folder, range(count), side, noise=0.01)
    _pictures(folder.parent / REAL_LR, range(count, 2 * count), side // 4, noise=0.06)


def _pictures(folder: Path, numbers: range, side: int, noise: float) -> None:
    """Smooth shades, edges of all directions, and noise."""
    folder.mkdir(parents=True)
    y, x = np.mgrid[0:side, 0:side] / side
    for number in numbers:
        random = np.random.default_rng(number)
        image = np.full((side, side, 3), random.uniform(0.2, 0.8, 3))
        for _ in range(40):  # half-planes' crossings: edges everywhere
            turn, shift, width = random.uniform(0, np.pi), random.uniform(-1, 1), random.uniform(0.02, 0.2)
            band = np.abs(x * np.cos(turn) + y * np.sin(turn) - shift) < width
            image[band] = 0.5 * image[band] + 0.5 * random.uniform(0, 1, 3)
        image += 0.1 * np.sin(random.uniform(5, 60) * x + random.uniform(5, 60) * y)[..., None]
        image += random.normal(0, noise, image.shape)
        write_image(folder / f"photo_{number}.png", (image.clip(0, 1) * 255).round().astype(np.uint8))
