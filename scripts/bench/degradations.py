"""Times the preset real_esrgan beside the same pipeline one image after another, and beside a training step.

usage: python scripts/bench/degradations.py FOLDER [--batch 12] [--side 400] [--rounds 10] [--threads 1] [--step]

FOLDER holds photos of at least 400 pixels, or smaller ones, which are enlarged. Both take turns, batch by batch. Ratios
are of time on the clock and of time on the processor, which other work on the machine changes less.

`--step` also times a step of Real-ESRGAN with its published networks, of one image, and degradation's part of it.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parent))

from one_by_one import degrade

from gansr.build.degrading.degradations import pipeline
from gansr.build.making import recipes as builders
from gansr.data.batch import Paired
from gansr.data.degradations.pipeline import Degradation
from gansr.data.files.folders import find_images
from gansr.data.files.images import read_image, to_rgb
from gansr.options.load import validate

SCALE, MARGIN = 4, 72
CONTENT = {"type": "realesrgan_vgg", "weights": "random", "target": "sharp"}


def photos(folder: Path, batch: int, side: int) -> Tensor:
    """The middles of photos: (batch, 3, side, side) in [0, 1]."""
    files = find_images((folder,), str(folder))
    windows = []
    for number in range(batch):
        image = torch.tensor(to_rgb(read_image(files[number % len(files)]))).permute(2, 0, 1)[None].float() / 255
        larger = max(side / min(image.shape[-2:]), 1)
        image = torch.nn.functional.interpolate(image, scale_factor=larger, mode="bicubic").clamp(0, 1)
        top, left = ((length - side) // 2 for length in image.shape[-2:])
        windows.append(image[..., top : top + side, left : left + side])
    return torch.cat(windows)


def timed(work: Callable[[], Any]) -> np.ndarray:
    """Milliseconds on the clock and on the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return 1000 * np.array([time.perf_counter() - clock, time.process_time() - processor])


def side_by_side(windows: Tensor, rounds: int) -> float:
    """Print means and ratios; the mean of ours in milliseconds on the clock."""
    ours = Degradation(pipeline("real_esrgan", SCALE), SCALE, MARGIN)

    def theirs(padded: bool) -> None:
        for window in windows.split(1):
            degrade(window, SCALE, padded)

    ways = {
        "gansr": lambda number: ours(windows, number),
        "one by one, kernels padded to 21x21 as published": lambda _: theirs(True),
        "one by one, kernels as large as they are": lambda _: theirs(False),
    }
    rows: dict[str, list[np.ndarray]] = {name: [] for name in ways}
    for work in ways.values():  # the first calls prepare
        work(0)
    for number in range(rounds):
        for name, work in ways.items():
            rows[name].append(timed(lambda work=work, number=number: work(number)))
    means = {name: np.array(each) for name, each in rows.items()}
    print("| a batch of", len(windows), "| clock [ms] | processor [ms] | times gansr, clock | times gansr, processor |")
    print("|---|---|---|---|---|")
    for name, each in means.items():
        ratios = each.mean(0) / means["gansr"].mean(0)
        cells = [f"{mean:.0f} ± {spread:.0f}" for mean, spread in zip(each.mean(0), each.std(0), strict=True)]
        print(f"| {name} | {cells[0]} | {cells[1]} | {ratios[0]:.2f} | {ratios[1]:.2f} |")
    return float(means["gansr"][:, 0].mean())


def step() -> float:
    """Milliseconds on the clock of one step of Real-ESRGAN, with one crop of 256x256; the faster one of two."""
    tree = {
        "name": "step",
        "recipe": "paired_gan",
        "scale": SCALE,
        "generator": {"type": "rrdbnet", "features": 64, "blocks": 23, "growth": 32},
        "discriminator": {"type": "unet", "features": 64},
        "losses": {
            "pixel": {"type": "l1", "target": "sharp"},
            "content": CONTENT,
            "adversarial": {"type": "vanilla", "weight": 0.1},
        },
        "data": {"train": {"hr": ".", "crop": 256, "degradation": "real_esrgan", "sharpen": True}},
        "train": {"steps": 4, "batch": 1, "lr": 1e-4},
    }
    options = validate(tree, "step")
    recipe: Any = builders.recipe(options, builders.ingredients(options), Accelerator(cpu=True))
    hr = torch.rand(1, 3, 256, 256)
    batch = Paired(torch.rand(1, 3, 64, 64), hr, sharp=hr)
    return float(min(timed(lambda: recipe.step(batch, 0))[0] for _ in range(2)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--side", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--step", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    random.seed(0)
    torch.manual_seed(0)
    mine = side_by_side(photos(asked.folder, asked.batch, asked.side), asked.rounds) / asked.batch
    if asked.step:
        whole = step()
        print(
            f"\na step: {whole:.0f} ms for an image, of which degradation would be {mine / whole:.1%} ({mine:.0f} ms)"
        )


if __name__ == "__main__":
    main()
