"""A degrader learns to make LR as real LR is, against a discriminator of LR: half of what many recipes do."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gansr.data.batch import Unpaired
from gansr.imaging.resize import reduce
from gansr.losses.table import Images
from gansr.models.degraders.degraded import Degraded, kernel_width
from gansr.recipes.contest import Contest
from gansr.recipes.watch import at_size, change, likeness
from gansr.training.player import Player
from gansr.training.recipe import Report, Stateful


@dataclass
class Degrading:
    """Two players: one makes LR of HR, the other tells it from real LR.

    Losses see the made LR as `sr`, the bicubic LR of the same image as `hr` (to keep colours by), and `noise`.

    Args:
        contest: between the degrader, one network, and one discriminator that tells sr from real_lr
        steps: of learning; afterwards the degrader is only used. None: it learns to the end
    """

    contest: Contest
    steps: int | None = None

    def step(self, batch: Unpaired, step: int) -> tuple[Tensor, Report]:
        """Both turns. The LR (B, 3, h, w) made before either player moved; no graph."""
        degrader = self.contest.makers
        if self.steps is not None and step >= self.steps:
            with torch.no_grad(), degrader.frozen():
                made: Degraded = degrader(batch.hr)
            return made.lr, looks(made) | watched(made, batch)
        made = degrader(batch.hr)
        report = self.contest.play(seen(made, batch), step)
        return made.lr.detach(), report | looks(made) | watched(made, batch)

    @torch.no_grad()
    def domain_distance(self, lr: Tensor, real_lr: Tensor, scale: int) -> Tensor:
        """How real the discriminator takes LR (B, 3, h, w) to be at each HR pixel, (B, 1, scale*h, scale*w) in [0, 1].

        Of objectives that compare, it is how much more real than real LR is on average.
        """
        (name,), objective = self.contest.judges, self.contest.losses.objective
        with self.contest.discriminators.frozen():
            network, judge = self.contest.discriminators[name], self.contest.judges[name]
            made_seen, real_seen = judge.see(lr, real_lr)
            logits = network(made_seen).float()
            if objective.relativistic:
                logits = logits - network(real_seen).float().mean()
        belief = objective.belief(logits)
        belief = belief if belief.dim() == 4 else belief.reshape(len(lr), 1, 1, 1)
        size = (scale * lr.shape[-2], scale * lr.shape[-1])
        return interpolate(belief, size, mode="bilinear", align_corners=False)

    @property
    def players(self) -> tuple[Player, ...]:
        """The discriminator, then the degrader."""
        return self.contest.players[::-1]

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """The pool, and what penalties remember."""
        return self.contest.memory


def seen(made: Degraded, batch: Unpaired) -> Images:
    """What a degrader's losses may look at."""
    scale = batch.hr.shape[-1] // made.lr.shape[-1]
    found: Images = {"sr": made.lr, "hr": partial(reduce, batch.hr, scale), "real_lr": batch.real_lr}
    return found if made.noise is None else {**found, "noise": made.noise}


def watched(made: Degraded, batch: Unpaired) -> Report:
    """Does made LR look as real LR does, and what was done to bicubic LR?"""
    bicubic = at_size(batch.hr, made.lr)
    return likeness("lr", made.lr, batch.real_lr, bicubic) | change("degrader", bicubic, made.lr)


@torch.no_grad()
def looks(made: Degraded) -> Report:
    """Width of the kernels (sigma, in HR pixels) and deviation of the noise (in levels of 255), means over images."""
    found: Report = {}
    if made.kernel is not None:
        found["degrader/kernel_width"] = kernel_width(made.kernel).mean()
    if made.noise is not None:
        found["degrader/noise_level"] = 255 * made.noise.float().flatten(1).std(1).mean()
    return found


@torch.no_grad()
def as_in_files(image: Tensor) -> Tensor:
    """Clamped to [0, 1] and rounded to 256 levels, without a graph."""
    return image.detach().float().clamp(0, 1).mul(255).round() / 255
