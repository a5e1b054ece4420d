"""Trains every network of docs/networks.md at its full size for twenty steps, alone and in a game, and tables its loss.

usage: python scripts/networks_learn.py FOLDER --out FILE [--only TITLE ...]

FOLDER holds photos. The loss is the mean absolute difference over eight crops, before and after. One learning rate
serves for all: what begins far from an image falls far, what begins as an interpolation falls a little.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

sys.path.insert(0, str(Path(__file__).parent))

from networks.catalogue import CATALOGUE, Entry

from gansr.build.feeding.data import training_batches, training_set
from gansr.build.making import recipes as builders
from gansr.data.batch import Paired
from gansr.options.load import validate
from gansr.options.schema import Options

STEPS, BATCH, LR_SIDE = 20, 2, 12
RECIPES = ("paired", "paired_gan")


def options(entry: Entry, recipe: str, folder: Path, output: Path) -> Options:
    """A run of twenty steps at the network's first scale, on crops of 12 LR pixels."""
    scale = entry.scales[0]
    arguments = {key: list(value) if isinstance(value, tuple) else value for key, value in entry.arguments.items()}
    tree: dict[str, Any] = {
        "name": "learn",
        "recipe": recipe,
        "scale": scale,
        "output": str(output),
        "generator": {"type": entry.type, "colour": "y" if entry.channels == 1 else "rgb", **arguments},
        "losses": {"pixel": {"type": "l1"}},
        "data": {"train": {"hr": str(folder), "crop": LR_SIDE * scale, "workers": 0, "small_images": "skip"}},
        "train": {"steps": STEPS, "batch": BATCH, "lr": 1e-4, "ema": None},
    }
    if scale == 1:  # bicubic LR would be HR itself
        tree["data"]["train"]["degradation"] = [{"type": "gaussian", "sigma": [1.5, 1.5]}, {"type": "matlab_bicubic"}]
    if recipe == "paired_gan":
        tree["discriminator"] = {"type": "unet", "features": 16}
        tree["losses"]["adversarial"] = {"type": "vanilla", "weight": 0.01}
    return validate(tree, entry.title)


def learn(entry: Entry, recipe: str, folder: Path, output: Path) -> tuple[float, float, float]:
    """The loss before and after twenty steps, and the seconds that a step took."""
    run = options(entry, recipe, folder, output)
    made_of = builders.ingredients(run)
    accelerator = Accelerator(cpu=True)
    trained: Any = builders.recipe(run, made_of, accelerator)
    batches = training_batches(training_set(run), run, accelerator)(0)
    taken = [next(batches) for _ in range(4)]
    network = made_of.networks["generator"]
    before = loss(network, taken)
    start = time.perf_counter()
    for step in range(STEPS):
        trained.step(taken[step % len(taken)], step)
    seconds = (time.perf_counter() - start) / STEPS
    return before, loss(network, taken), seconds


@torch.no_grad()
def loss(network: torch.nn.Module, batches: list[Paired]) -> float:
    """Mean absolute difference, in training mode: twenty steps teach normalisation no averages."""
    return float(torch.stack([(network(batch.lr) - batch.hr).abs().mean() for batch in batches]).mean())


def rows(folder: Path, only: set[str]) -> Iterator[str]:
    """One line for each network and recipe."""
    for entry in (entry for entries in CATALOGUE.values() for entry in entries):
        if only and entry.title not in only:
            continue
        for recipe in RECIPES:
            with tempfile.TemporaryDirectory() as output:
                before, after, seconds = learn(entry, recipe, folder, Path(output))
            verdict = f"fell by {1 - after / before:.2g} of it" if after < before else "did not fall"
            cells = [
                entry.title,
                f"x{entry.scales[0]}",
                recipe,
                f"{before:.5f}",
                f"{after:.5f}",
                verdict,
                f"{seconds:.2f}",
            ]
            yield f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the table as it grows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    asked = parser.parse_args()
    names = ["network", "scale", "recipe", "loss before", "after 20 steps", "", "s per step"]
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for line in rows(asked.folder, set(asked.only)):
        print(line, flush=True)
        lines.append(line)
        asked.out.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
