"""Train a small face-alignment network (FAN) on any folder of faces with a CSV of their landmarks.

    scripts/landmarks FOLDER CSV --out fan.safetensors

The file that it writes is what the loss `fan` takes as its weights. Some faces are held out, and the error of their
landmarks is told as training goes on; it decides nothing, so it is an honest estimate. Ctrl-C writes what there is.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor, nn

from gansr import __version__
from gansr.data.batch import Faces
from gansr.data.sampler import permutation
from gansr.data.sets.landmark_set import FaceSet, all_faces, face_batches
from gansr.data.sets.landmarks import FRAMINGS, heatmaps, read_landmarks
from gansr.errors import DataError, OptionsError, UserError
from gansr.models import weights
from gansr.models.features.fan import FAN
from gansr.models.features.landmark_net import landmarks as found_landmarks
from gansr.models.features.landmark_net import normalised_mean_error
from gansr.training.loop import Intervals, Loop
from gansr.training.optimizers import adam
from gansr.training.player import Player
from gansr.training.recipe import Report
from gansr.training.schedule import cosine, warmed_up


@dataclass
class Alignment:
    """Every stack's heatmaps shall be Gaussians of width `sigma` on the landmarks (Bulat and Tzimiropoulos 2017)."""

    network: Player
    sigma: float

    def step(self, batch: Faces, step: int) -> Report:
        """The network's turn, the same at every step."""
        stacks = self.network(batch.image)
        side, size = stacks[-1].shape[-1], batch.image.shape[-1]
        target = heatmaps(batch.points, size, side, self.sigma)
        terms = {f"loss/stack{number}": (maps - target).square().mean() for number, maps in enumerate(stacks)}
        self.network.minimize(torch.stack(list(terms.values())).sum())
        return terms

    @property
    def players(self) -> tuple[Player, ...]:
        """The network alone."""
        return (self.network,)


@torch.no_grad()
def errors(network: nn.Module, faces: Faces) -> Tensor:
    """Normalised mean error of each face (B,)."""
    size = faces.image.shape[-1]
    found = torch.cat([found_landmarks(network(images)[-1], size, size) for images in faces.image.split(16)])
    return normalised_mean_error(found, faces.points, "outer_eyes" if found.shape[1] == 68 else "box")


def split(names: Sequence[str], held_out: int, seed: int) -> tuple[list[str], list[str]]:
    """Names to learn from and names to be judged by: a random choice that `seed` alone decides."""
    count = len(names)
    if not 0 < held_out < count:
        raise OptionsError(f"--held-out is {held_out}; expected 1 to {count - 1}, since there are {count} faces.")
    order = [int(index) for index in permutation(count, seed, 0)]
    return [names[i] for i in sorted(order[held_out:])], [names[i] for i in sorted(order[:held_out])]


@dataclass
class Training:
    """A run: its faces, its network, and what it tells and writes."""

    asked: argparse.Namespace

    def __post_init__(self) -> None:
        asked = self.asked
        set_seed(asked.seed)
        self.accelerator = Accelerator(cpu=asked.cpu, step_scheduler_with_optimizer=False)
        landmarks = read_landmarks(asked.csv)
        train, judge = split(sorted(landmarks), asked.held_out, asked.seed)
        self.faces = FaceSet(asked.folder, landmarks, train, asked.size, asked.seed, asked.framing, spoil=True)
        held_out = FaceSet(asked.folder, landmarks, judge, asked.size, asked.seed, asked.framing)
        self.held_out = all_faces(held_out, self.accelerator.device)
        self.points = self.held_out.points.shape[1]
        network = FAN(asked.stacks, asked.features, asked.depth, self.points, asked.size)
        self.player = Player(
            {"fan": network.to(memory_format=torch.channels_last)},  # pyright: ignore[reportCallIssue]
            self.accelerator,
            adam(asked.lr),
            asked.lr,
            ema=asked.ema,
        )
        self.error, self.began = float("nan"), time.monotonic()

    def run(self) -> bool:
        """Train. False when a signal stopped it; what it had is written all the same."""
        asked = self.asked
        parameters = sum(parameter.numel() for parameter in self.player.parameters)
        print(
            f"{len(self.faces)} faces to learn from, {asked.held_out} held out; {self.points} landmarks, "
            f"{asked.size}x{asked.size}, {parameters} parameters, on {self.accelerator.device.type}"
        )
        loop = Loop(
            self.accelerator,
            Alignment(self.player, asked.sigma),
            warmed_up(cosine(asked.steps, floor=0.01), min(100, asked.steps)),
            lambda start: face_batches(
                self.faces,
                batch=asked.batch,
                seed=asked.seed,
                start=start,
                workers=asked.workers,
                device=self.accelerator.device,
            ),
            Intervals(asked.steps, log=asked.every, validate=asked.every, save=asked.steps),
            self.log,
            self.validate,
            self.save,
        )
        return loop.run()

    def log(self, step: int, means: dict[str, float]) -> None:
        """Losses since the last line."""
        losses = "  ".join(f"{name.removeprefix('loss/')} {value:.6f}" for name, value in means.items())
        print(f"step {step}/{self.asked.steps}  {time.monotonic() - self.began:.0f} s  {losses}", flush=True)

    def validate(self, step: int) -> None:
        """The error on the faces held out, of the averaged network."""
        found = errors(self.player.best_networks()["fan"], self.held_out)
        self.error = float(found.mean())
        unit = "the outer-eye distance" if self.points == 68 else "the size of the landmarks' box"
        print(
            f"step {step}/{self.asked.steps}  held out: mean error {self.error:.4f} of {unit}, "
            f"median face {float(found.median()):.4f}, worst {float(found.max()):.4f}",
            flush=True,
        )

    def save(self, step: int) -> None:
        """Write the averaged network, and what the loss must know of it."""
        asked = self.asked
        metadata = {
            "format": "pt",
            "network": "fan",
            "input_size": str(asked.size),
            "framing": asked.framing,
            "step": str(step),
            "seed": str(asked.seed),
            "held_out": str(asked.held_out),
            "held_out_error": f"{self.error:.4f}",
            "gansr": __version__,
        }
        weights.write(asked.out, self.player.best_networks()["fan"].state_dict(), metadata)
        print(f"{asked.out}: written after step {step}")


def parser() -> argparse.ArgumentParser:
    """What may be asked for."""
    made = argparse.ArgumentParser(
        prog="scripts/landmarks",
        description="Train a small face-alignment network on a folder of faces with a CSV of their landmarks.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    made.add_argument("folder", type=Path, help="images of faces, one face each")
    made.add_argument("csv", type=Path, help="image_name,part_0_x,part_0_y,... in pixels")
    made.add_argument("--out", type=Path, required=True, help="file to write, .safetensors")
    for name, default, text in (
        ("stacks", 1, "hourglasses"),
        ("features", 64, "channels of the hourglasses"),
        ("depth", 2, "halvings within an hourglass"),
        ("size", 64, "side of the network's input, a multiple of 4; its heatmaps have a quarter of it"),
        ("steps", 5000, "training steps"),
        ("batch", 16, "faces in a step"),
        ("seed", 0, "of everything random, the choice of held-out faces too"),
        ("held-out", 10, "faces not learned from"),
        ("every", 200, "steps between two reports"),
        ("workers", 1, "threads that prepare faces; 0: none"),
    ):
        made.add_argument(f"--{name}", type=int, default=default, help=text)
    made.add_argument("--lr", type=float, default=1e-3, help="learning rate")
    made.add_argument("--ema", type=float, default=0.995, help="decay of the averaged network, which is written")
    made.add_argument("--sigma", type=float, default=1.0, help="width of the heatmaps' Gaussians, in their pixels")
    made.add_argument("--framing", choices=list(FRAMINGS), default="tight", help="how faces are cut")
    made.add_argument("--cpu", action="store_true", help="leave a GPU alone")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, and tell what came of it."""
    asked = parser().parse_args(arguments)
    check(asked)
    return 0 if Training(asked).run() else 130


def check(asked: argparse.Namespace) -> None:
    """Raise OptionsError or DataError for what cannot be."""
    for name in ("stacks", "features", "depth", "size", "steps", "batch", "every", "lr", "sigma"):
        if getattr(asked, name) <= 0:
            raise OptionsError(f"--{name} is {getattr(asked, name)}; expected a number above 0.")
    least = 4 * 2**asked.depth
    if asked.size % 4 or asked.size < least:
        raise OptionsError(
            f"--size is {asked.size}; expected a multiple of 4 from {least} on, which --depth {asked.depth} needs."
        )
    if not 0 <= asked.ema < 1:
        raise OptionsError(f"--ema is {asked.ema}; expected 0 to below 1.")
    if asked.out.suffix != ".safetensors":
        raise OptionsError(f"--out is {asked.out}; expected a file that ends in .safetensors.")
    if not asked.folder.is_dir():
        raise DataError(f"{asked.folder} is no folder; expected one with images of faces.")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        sys.exit(f"Error: {error}")
