"""The main job in miniature: train for PSNR, then as a GAN, then upscale a photo that neither has seen.

The photos come with scikit-image: nothing is downloaded. Everything is written to experiments/quickstart/.
"""

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
from rich.console import Console
from skimage import data as photos

from gansr.build.evaluate import upscaler
from gansr.build.train import train
from gansr.data.files.images import to_rgb, write_image
from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.errors import UserError
from gansr.evaluation.pictures import side_by_side
from gansr.evaluation.scores import Scores, evaluate
from gansr.metrics import METRICS
from gansr.options.load import load

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path("experiments/quickstart")
SCALE = 4
TRAIN = {
    "astronaut": photos.astronaut,
    "brick": photos.brick,
    "camera": photos.camera,
    "coffee": photos.coffee,
    "coins": photos.coins,
    "grass": photos.grass,
    "gravel": photos.gravel,
    "motorcycle": lambda: photos.stereo_motorcycle()[0],
    "rocket": photos.rocket,
}
CROP = (slice(20, 212), slice(104, 328))  # the cat's face: rows, columns


def main() -> None:
    """Run it all, from the repository's top folder."""
    os.chdir(ROOT)
    start = time.perf_counter()
    for folder in ("train", "never_trained_on"):
        (FOLDER / "photos" / folder).mkdir(parents=True, exist_ok=True)
    for name, photo in TRAIN.items():
        write_image(FOLDER / "photos/train" / f"{name}.png", _with_channels(photo()))
    write_image(FOLDER / "photos/never_trained_on/cat.png", photos.chelsea())

    stages = load(Path("options/quickstart.yml"), sys.argv[1:])
    if train(stages, cpu=True) is None:
        sys.exit("Stopped and saved: run scripts/quickstart again to go on.")
    psnr, gan = (str(stage.folder / "last.safetensors") for stage in stages)
    scores = {
        name: _score(weights) for name, weights in {"bicubic": "bicubic", "PSNR stage": psnr, "GAN stage": gan}.items()
    }
    panels = {name: found.rows[0].pictures for name, found in scores.items()}
    shown = {name: triple.sr[CROP] for name, triple in panels.items() if triple}
    original = next(triple.hr for triple in panels.values() if triple)
    write_image(FOLDER / "comparison.png", side_by_side(shown | {"original": original[CROP]}))
    _write_table(scores)
    console = Console(soft_wrap=True)
    console.print((FOLDER / "scores.md").read_text("utf-8"), markup=False)
    console.print(f"Look at {FOLDER / 'comparison.png'}. It took {time.perf_counter() - start:.0f} seconds.")


def _score(weights: str) -> Scores:
    """The photo never trained on, upscaled and scored."""
    judge = upscaler(weights, SCALE, None, None, cpu=True)
    images = EvaluationSet.open("cat", FOLDER / "photos/never_trained_on", None, SCALE, "quickstart")
    metrics = {name: METRICS[name](SCALE) for name in ("psnr", "ssim")}
    return evaluate(judge, [images], metrics, keep_images=1)


def _write_table(scores: dict[str, Scores]) -> None:
    """scores.md for people, scores.json for programs."""
    first = next(iter(scores.values()))
    lines = ["| the cat, x4 | PSNR [dB] | SSIM |", "|---|---|---|"]
    for name, found in scores.items():
        lines.append("| {} | {psnr:.2f} | {ssim:.4f} |".format(name, **found.means["cat"]))
    lines += ["", *(f"{metric.protocol}." for metric in first.metrics.values()), ""]
    (FOLDER / "scores.md").write_text("\n".join(lines), "utf-8")
    document = {name: found.json() for name, found in scores.items()}
    (FOLDER / "scores.json").write_text(json.dumps(document, indent=2), "utf-8")


def _with_channels(image: np.ndarray) -> np.ndarray:
    return to_rgb(image.reshape(*image.shape[:2], -1))


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"Error: {error}")
