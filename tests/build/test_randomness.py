"""Nothing random is shared or comes twice: by samples, batches, workers, processes, epochs or seeds."""

import inspect
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from gansr.build.feeding.data import training_batches, training_set
from gansr.data.degradations import OPERATIONS
from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.options.load import validate

Make = Callable[..., Any]
SAMPLES = 24
NO_BLUR = {"sinc_probability": 0, "rotation": (0, 0), "sigma": (2, 2), "sizes": (21, 21), "kinds": {"isotropic": 1}}
GENERALISED = NO_BLUR | {"kinds": {"generalised_isotropic": 1}, "beta_generalised": (1, 1)}
PLATEAU = NO_BLUR | {"kinds": {"plateau_isotropic": 1}, "beta_plateau": (1, 1)}
LONG = NO_BLUR | {"kinds": {"anisotropic": 1}}
ONE_SIZE = {"kinds": {"keep": 1}, "methods": {"nearest": 1}}
NO_NOISE = {"sigma": (9, 9), "strength": (1, 1), "grey_probability": 0}
FIXED = {"quality": (50, 50)}
DOTS = {"period": (5, 5), "angle": (20, 20), "hardness": (2, 2)}

# Operation, arguments that leave one thing to chance, and the least number of different results among the samples. The
# noise of an operation is always another; there, what is left to chance is seen in its strength.
ALONE: list[tuple[str, dict[str, Any], int]] = [
    ("blur", NO_BLUR | {"probability": 0.5}, 2),
    ("blur", NO_BLUR | {"sinc_probability": 0.5}, 5),
    ("blur", NO_BLUR | {"sinc_probability": 1}, SAMPLES),
    ("blur", NO_BLUR | {"kinds": {"isotropic": 1, "plateau_isotropic": 1}, "beta_plateau": (1, 1)}, 2),
    ("blur", NO_BLUR | {"sizes": (7, 21)}, 5),
    ("blur", NO_BLUR | {"sigma": (0.5, 3)}, SAMPLES),
    ("blur", LONG | {"sigma": (0.5, 3)}, SAMPLES),
    ("blur", LONG | {"sigma": (0.5, 3), "rotation": (0, 3)}, SAMPLES),
    ("blur", GENERALISED | {"beta_generalised": (0.5, 4)}, SAMPLES),
    ("blur", PLATEAU | {"beta_plateau": (0.5, 2)}, SAMPLES),
    ("gaussian", {"sigma": (0.5, 3)}, SAMPLES),
    ("gaussian", {"sigma": (2, 2), "sigma_across": (0.5, 3)}, SAMPLES),
    ("gaussian", {"sigma": (2, 2), "sigma_across": (0.5, 0.5), "rotation": (0, 3)}, SAMPLES),
    ("bsrgan_blur", {}, SAMPLES),
    ("sinc", {"probability": 0.5, "sizes": (21, 21), "cutoff": (1.5, 1.5)}, 2),
    ("sinc", {"probability": 1, "sizes": (7, 21), "cutoff": (1.5, 1.5)}, 5),
    ("sinc", {"probability": 1, "sizes": (21, 21), "cutoff": (1, 3)}, SAMPLES),
    ("motion", {"length": (3, 15), "angle": (0, 0)}, SAMPLES),
    ("motion", {"length": (9, 9), "angle": (0, 3)}, SAMPLES),
    ("defocus", {"radius": (1, 5)}, SAMPLES),
    ("kernel_bank", {}, 5),
    ("sharpen", {"probability": 0.5}, 2),
    ("resize", ONE_SIZE | {"kinds": {"up": 1, "down": 1, "keep": 1}, "factors": (0.5, 2)}, 12),
    ("resize", ONE_SIZE | {"methods": {"nearest": 1, "bilinear": 1}, "kinds": {"down": 1}, "factors": (0.5, 0.5)}, 2),
    ("resize_to_scale", {"methods": {"nearest": 1, "bilinear": 1, "bicubic": 1}}, 3),
    ("shrink", {"divisors": (1, 4), "methods": {"nearest": 1}}, 10),
    ("shrink", {"divisors": (2, 2)}, 2),
    ("gaussian_noise", {"grey_probability": 0.5}, SAMPLES),
    ("poisson_noise", {"grey_probability": 0.5}, SAMPLES),
    ("gaussian_or_poisson", {"probability": 0.5}, SAMPLES),
    ("bsrgan_noise", {}, SAMPLES),
    ("speckle_noise", {}, SAMPLES),
    ("camera_noise", {}, SAMPLES),
    ("noise_patches", {}, SAMPLES - 4),
    ("noise_bank", {}, SAMPLES),
    ("jpeg", {"quality": (30, 95)}, SAMPLES),
    ("jpeg", {"quality": (30, 95), "whole": True}, 12),
    ("jpeg", FIXED | {"probability": 0.5}, 2),
    ("webp", {"quality": (30, 95)}, 8),
    ("webp", FIXED | {"probability": 0.5}, 2),
    ("colour_shift", {"shift": (0, 0)}, SAMPLES),
    ("colour_shift", {"gain": (1, 1)}, SAMPLES),
    ("quantise", {}, 12),
    ("quantise", {"levels": (9, 9), "probability": 0.5}, 2),
    ("interlace", {"shift": (1, 3)}, SAMPLES),
    ("interlace", {"shift": (2, 2), "probability": 0.5}, 3),
    ("interlace", {"shift": (2, 2)}, 2),
    ("halftone", DOTS, SAMPLES),
    ("halftone", DOTS | {"probability": 0.5}, 5),
]
STRENGTHS: list[tuple[str, dict[str, Any]]] = [
    ("gaussian_noise", {"sigma": (1, 30), "grey_probability": 0}),
    ("poisson_noise", {"strength": (0.05, 3), "grey_probability": 0}),
    ("bsrgan_noise", {"level": (2, 25), "kinds": {"colour": 1}}),
    ("bsrgan_noise", {"level": (2, 25), "kinds": {"correlated": 1}}),
    ("speckle_noise", {"level": (2, 25), "kinds": {"grey": 1}}),
    ("camera_noise", {"read": (1e-9, 1e-9)}),
    ("camera_noise", {"shot": (1e-9, 1e-9), "read": (1e-5, 1e-2)}),
]
NOT_RANDOM = {"decimate", "matlab_bicubic", "to_8_bit", "learned"}


def operation(name: str, arguments: dict[str, Any], folder: Path) -> Any:
    make = OPERATIONS[name]
    if name == "kernel_bank":
        np.save(folder / "kernels.npy", np.random.default_rng(0).random((20, 5, 5)))
        arguments = {"file": folder / "kernels.npy"}
    if name == "noise_patches":
        noise = np.random.default_rng(0).normal(128, 3, (96, 96, 3)).round().astype(np.uint8)
        Image.fromarray(noise).save(folder / "noise.png")
        arguments = {"folder": folder, "side": 32}
    if name == "noise_bank":
        np.save(folder / "noise.npy", np.random.default_rng(0).normal(0, 0.02, (9, 3, 8, 8)))
        arguments = {"file": folder / "noise.npy"}
    if name == "learned":
        arguments = {"weights": "any", "load_network": lambda _: nn.Identity()}
    if "scale" in inspect.signature(make).parameters:
        arguments = arguments | {"scale": 2}
    return make(**arguments)


def made_of_one_image(name: str, arguments: dict[str, Any], folder: Path, seed: int = 7) -> list[Tensor]:
    """What becomes of the same image in every place of a batch."""
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 0.8 + 0.1
    canvas = Canvas.of(image.expand(SAMPLES, -1, -1, -1))
    done = operation(name, arguments, folder)(canvas, Draws(SAMPLES, seed))
    return [one.image[0, :, : int(one.height), : int(one.width)] for one in done.apart()]


def different(images: list[Tensor]) -> int:
    return len({(tuple(image.shape), image.numpy().tobytes()) for image in images})


@pytest.mark.parametrize(("name", "arguments", "least"), ALONE)
def test_no_parameter_is_shared_within_a_batch(
    name: str, arguments: dict[str, Any], least: int, tmp_path: Path
) -> None:
    assert different(made_of_one_image(name, arguments, tmp_path)) >= least


@pytest.mark.parametrize(("name", "arguments"), STRENGTHS)
def test_no_strength_is_shared_within_a_batch(name: str, arguments: dict[str, Any], tmp_path: Path) -> None:
    """Of noise on 3072 pixels the deviation is known within a few percent; those drawn differ by more."""
    clean = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1)) * 0.8 + 0.1
    spread = torch.stack([(image - clean[0]).std() for image in made_of_one_image(name, arguments, tmp_path)])
    assert spread.max() / spread.min() > 2


def test_the_tables_have_every_operation() -> None:
    assert {name for name, *_ in ALONE} | NOT_RANDOM == set(OPERATIONS)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_the_seed_says_it_all(name: str, tmp_path: Path) -> None:
    arguments = {"probability": 0.5} if name == "sharpen" else {}
    one, again, other = (made_of_one_image(name, arguments, tmp_path, seed) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    alike = all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert alike == (name in NOT_RANDOM)


def run_of(tree: Make, folder: Path, rank: int, world: int, seed: int = 3, workers: int = 0, start: int = 0) -> Any:
    """LR and HR of four batches: a grey photo, of which nothing but what is drawn is left."""
    changes = {
        "seed": seed,
        "data__train__hr": str(folder),
        "data__train__workers": workers,
        "data__train__margin": 8,
        "data__train__degradation": [{"type": "gaussian_noise"}, {"type": "resize_to_scale"}],
        "data__train__augment": [{"type": "blend"}],
    }
    options = validate(tree(**changes), "run.yml")
    process: Any = SimpleNamespace(process_index=rank, num_processes=world, device=torch.device("cpu"))
    stream = training_batches(training_set(options), options, process)(start)
    taken = list(islice(stream, 4 - start))
    stream.close()  # pyright: ignore[reportAttributeAccessIssue]
    return taken


@pytest.fixture
def grey(tmp_path: Path) -> Path:
    """Three photos, so that two processes with two samples each begin an epoch in each batch."""
    folder = tmp_path / "grey"
    folder.mkdir()
    for number in range(3):
        Image.fromarray(np.full((32, 32, 3), 128, np.uint8)).save(folder / f"{number}.png")
    return folder


def test_workers_processes_and_epochs_never_repeat_a_draw(tree: Make, grey: Path) -> None:
    taken = [batch for rank in (0, 1) for batch in run_of(tree, grey, rank, world=2, workers=2)]
    images = [image for batch in taken for image in batch.lr]
    colours = [image[:, 0, 0] for batch in taken for image in batch.hr]
    assert len(images) == 16 and different(images) == different(colours) == 16
    noise = torch.stack(images) - torch.stack(images).mean((2, 3), keepdim=True)
    alike = torch.corrcoef(noise.flatten(1)).fill_diagonal_(0)
    assert alike.abs().max() < 0.5, "nor is any noise another one's, stronger or weaker"


def test_workers_and_resuming_change_nothing_and_seeds_all(tree: Make, grey: Path) -> None:
    whole = run_of(tree, grey, 1, world=2)
    for others, part in (
        (run_of(tree, grey, 1, world=2, workers=2), whole),
        (run_of(tree, grey, 1, world=2, start=2, workers=1), whole[2:]),
    ):
        assert all(torch.equal(a.lr, b.lr) and torch.equal(a.hr, b.hr) for a, b in zip(others, part, strict=True))
    strange = run_of(tree, grey, 1, world=2, seed=4)
    assert different([image for batch in whole + strange for image in batch.lr]) == 16


def test_mistakes_are_found_before_training(gansr: Make, options_file: Make, tree: Make, tmp_path: Path) -> None:
    rows = [{"type": "to_8_bit"}, {"type": "jpeg", "quality": [60, 120]}, {"type": "resize_to_scale"}]
    path = options_file(tree(data__train__degradation=rows))
    for command in ("check", "train"):
        result = gansr(command, path)
        assert result.code == 2 and "data.train.degradation.1 (type jpeg): quality is (60, 120)" in " ".join(
            result.err.split()
        )
    assert not (tmp_path / "runs").exists()
