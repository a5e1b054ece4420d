"""Does learning a degradation from unpaired images help? Trains small networks, measures them on true pairs.

usage: python scripts/experiments/unpaired.py DATA --out FILE [--judge Set14 ...] [--seeds 0 1 2] [--arms ...]

DATA holds BSDS300_train, Set14 and T91. The plan, written before the run:

* HR: the first 100 photos of BSDS300_train by name. Real LR: the other 100, through a hidden degradation that no
  learner is told: Gaussian blur 1.2, every second pixel, noise 20, 8 bits.
* One generator (EDSR, 3 blocks, 24 features) and one budget for all: 700 steps, batch 16, LR crops of 24, Adam at 1e-3,
  halved after 350 and 600 steps. No average of weights.
* Arms: `bicubic` interpolation; `bicubic_pairs`, trained on bicubic LR; `learned_kernel_noise`, whose degrader learns
  for 500 steps alone and then beside the generator; `oracle`, trained on HR with its true LR.
* Judged on true pairs: Set14 through the same degradation. What is tuned is tuned on T91 (`--judge T91`).
* Reported: mean PSNR and SSIM on Y, images on which an arm beats `bicubic_pairs`, and how much of the way from there to
  the oracle it goes.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from hidden import blur_and_noise
from torch import Tensor

from gansr.build import parts
from gansr.build import recipes as builders
from gansr.data.batch import Paired, Unpaired
from gansr.data.images import read_image
from gansr.imaging.resize import enlarge_uint8, mod_crop, reduce_uint8
from gansr.inference.upscale import Upscaler
from gansr.metrics.psnr import PSNR
from gansr.metrics.ssim import SSIM
from gansr.options.load import validate
from gansr.training.recipe import Recipe

SCALE, SIDE, BATCH, STEPS, ALONE = 2, 24, 16, 700, 500
BLUR, NOISE = 1.2, 20.0

COMMON: dict[str, Any] = {
    "name": "unpaired",
    "scale": SCALE,
    "generator": {"type": "edsr", "features": 24, "blocks": 3},
    "losses": {"pixel": {"type": "l1"}},
    "data": {"train": {"hr": ".", "crop": SIDE * SCALE, "flips": True}},
    "train": {"steps": STEPS, "batch": BATCH, "lr": 1e-3, "ema": None, "precision": "fp32", "halve_at": [350, 600]},
}
LEARNED: dict[str, Any] = {
    "recipe": "learned_kernel_noise",
    "data": {"train": COMMON["data"]["train"] | {"real_lr": "."}},
    "degrader": {
        "type": "kernel_noise",
        "kernel": 13,
        "kernel_features": 32,
        "kernel_blocks": 2,
        "noise_features": 24,
        "noise_blocks": 2,
        "kernel_pace": 0.5,
        "lr": 5e-4,
    },
    "lr_discriminator": {"type": "patch", "stride": 1, "kernel": 3, "features": 32, "layers": 1, "norm": "instance"},
    "train": COMMON["train"]
    | {
        "steps": STEPS + ALONE,
        "generator_start": ALONE,
        "discriminator_lr": 1e-3,
        "halve_at": [ALONE + 350, ALONE + 600],
    },
}
ARMS: dict[str, dict[str, Any]] = {
    "bicubic_pairs": {"recipe": "paired"},
    "learned_kernel_noise": LEARNED,
    "oracle": {"recipe": "paired"},
}


class Photos:
    """Crops of HR, of its bicubic and its true LR, and of LR that shows something else."""

    def __init__(self, folder: Path, seed: int) -> None:
        random = np.random.default_rng([seed, 1])
        photos = [mod_crop(read_image(path), SCALE) for path in sorted(folder.glob("*.jpg"))]
        assert len(photos) == 200, f"{folder} holds {len(photos)} photos"
        self.hr, others = photos[:100], photos[100:]
        self.true_lr = [blur_and_noise(photo, SCALE, BLUR, NOISE, random) for photo in self.hr]
        self.real_lr = [blur_and_noise(photo, SCALE, BLUR, NOISE, random) for photo in others]
        self.bicubic_lr = [bicubic(photo) for photo in self.hr]

    def pairs(self, lr: list[np.ndarray], random: np.random.Generator) -> Iterator[Paired]:
        """Crops of both, from the same places."""
        while True:
            crops = [crop(random, lr_one, hr_one) for lr_one, hr_one in self._drawn(random, lr, self.hr)]
            yield Paired(lr=floats([lr_one for lr_one, _ in crops]), hr=floats([hr_one for _, hr_one in crops]))

    def unpaired(self, random: np.random.Generator) -> Iterator[Unpaired]:
        """Crops of HR, and of real LR, each drawn without regard to the other."""
        while True:
            hr = [crop(random, lr_one, hr_one)[1] for lr_one, hr_one in self._drawn(random, self.bicubic_lr, self.hr)]
            real = [crop(random, one)[0] for (one,) in self._drawn(random, self.real_lr)]
            yield Unpaired(floats(hr), floats(real))

    def _drawn(self, random: np.random.Generator, *lists: list[np.ndarray]) -> list[tuple[np.ndarray, ...]]:
        return [tuple(one[number] for one in lists) for number in random.integers(100, size=BATCH)]


def crop(random: np.random.Generator, lr: np.ndarray, hr: np.ndarray | None = None) -> list[np.ndarray]:
    """A window of LR, turned and flipped by chance, and the same of HR."""
    top, left = (int(random.integers(side - SIDE + 1)) for side in lr.shape[:2])
    found = [lr[top : top + SIDE, left : left + SIDE]]
    if hr is not None:
        found.append(hr[SCALE * top : SCALE * (top + SIDE), SCALE * left : SCALE * (left + SIDE)])
    flips, turns = random.integers(2), int(random.integers(4))
    return [np.rot90(one[:, ::-1] if flips else one, turns) for one in found]


def floats(crops: list[np.ndarray]) -> Tensor:
    """Bytes (h, w, 3) -> (B, 3, h, w) in [0, 1]."""
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255


def bicubic(hr: np.ndarray) -> np.ndarray:
    """As MATLAB makes it."""
    return np.ascontiguousarray(
        reduce_uint8(torch.from_numpy(hr.copy()).permute(2, 0, 1)[None], SCALE)[0].permute(1, 2, 0)
    )


def interpolated(lr: np.ndarray) -> np.ndarray:
    """The same, the other way."""
    return enlarge_uint8(torch.from_numpy(lr.copy()).permute(2, 0, 1)[None], SCALE)[0].permute(1, 2, 0).numpy()


def train(arm: str, photos: Photos, seed: int) -> Recipe:
    """The arm's recipe after its last step; what it reports is printed now and then."""
    options = validate(COMMON | ARMS[arm] | {"seed": seed}, arm)
    recipe = builders.recipe(options, builders.ingredients(options), Accelerator(cpu=True))
    random = np.random.default_rng([seed, 2])
    batches: Iterator[Any] = {
        "bicubic_pairs": lambda: photos.pairs(photos.bicubic_lr, random),
        "oracle": lambda: photos.pairs(photos.true_lr, random),
        "learned_kernel_noise": lambda: photos.unpaired(random),
    }[arm]()
    schedule, sums = parts.schedule(options.train), {}
    for step in range(options.train.steps):
        for player in recipe.players:
            player.pace(schedule(step))
        for name, value in recipe.step(next(batches), step).items():
            sums.setdefault(name, []).append(float(value.detach()))
        if (step + 1) % 100 == 0:
            said = {
                name.removeprefix("degrader/"): np.mean(values) for name, values in sums.items() if "colour" not in name
            }
            print(f"  {step + 1}: " + ", ".join(f"{name} {value:.4g}" for name, value in said.items()), flush=True)
            sums = {}
    return recipe


def judged(upscale: Callable[[np.ndarray], np.ndarray], pairs: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, Any]:
    """PSNR and SSIM on Y of each image."""
    scores: dict[str, list[float]] = {"psnr": [], "ssim": []}
    for lr, hr in pairs:
        images = [torch.from_numpy(one.copy()).permute(2, 0, 1) for one in (upscale(lr), hr)]
        for name, metric in (("psnr", PSNR(SCALE)), ("ssim", SSIM(SCALE))):
            scores[name].append(metric(*images))
    return scores


def true_pairs(folder: Path, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """LR through the hidden degradation, and HR."""
    random = np.random.default_rng([seed, 3])
    truths = [mod_crop(as_rgb(read_image(path)), SCALE) for path in sorted(folder.glob("*.png"))]
    return [(blur_and_noise(hr, SCALE, BLUR, NOISE, random), hr) for hr in truths]


def run(data: Path, judges: list[str], seed: int, arms: list[str]) -> dict[str, dict[str, Any]]:
    """Judge -> arm -> scores, all arms with one seed."""
    photos = Photos(data / "BSDS300_train", seed)
    pairs = {judge: true_pairs(data / judge / "HR", seed) for judge in judges}
    found = {judge: {"bicubic": judged(interpolated, pairs[judge])} for judge in judges}
    for arm in arms:
        start = time.monotonic()
        print(f"{arm}, seed {seed}", flush=True)
        generator = train(arm, photos, seed).players[0].best_networks()["generator"]
        seconds = {"seconds": time.monotonic() - start}
        for judge in judges:
            found[judge][arm] = judged(Upscaler(generator, SCALE, "cpu"), pairs[judge]) | seconds
    return found


def as_rgb(image: np.ndarray) -> np.ndarray:
    """Grey images have three channels too: noise has."""
    return np.repeat(image, 3, 2) if image.shape[2] == 1 else image


def table(found: dict[str, Any]) -> str:
    """One line for each arm."""
    lines = ["| arm | PSNR | SSIM | gap closed | beats bicubic_pairs | seconds |", "|---|---|---|---|---|---|"]
    base, best = (np.array(found.get(arm, found["bicubic"])["psnr"]) for arm in ("bicubic_pairs", "oracle"))
    for arm, scores in found.items():
        psnr, ssim = np.array(scores["psnr"]), np.mean(scores["ssim"])
        closed = (psnr.mean() - base.mean()) / (best.mean() - base.mean())
        wins, seconds = int((psnr > base).sum()), scores.get("seconds", 0)
        lines.append(f"| {arm} | {psnr.mean():.3f} | {ssim:.4f} | {closed:.0%} | {wins}/{len(psnr)} | {seconds:.0f} |")
    return "\n".join(lines)


def main() -> None:
    """Run, print, write everything down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--judge", nargs="+", default=["Set14"], choices=["Set14", "T91"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--arms", nargs="+", default=list(ARMS), choices=list(ARMS))
    given = parser.parse_args()
    everything = {}
    for seed in given.seeds:
        everything[seed] = run(given.data, given.judge, seed, given.arms)
        for judge, found in everything[seed].items():
            print(f"{judge}, seed {seed}\n{table(found)}", flush=True)
        given.out.write_text(json.dumps(everything), "utf-8")


if __name__ == "__main__":
    main()
