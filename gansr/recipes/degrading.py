"""A degrader learns to make LR as real LR is, against a discriminator of LR: half of what unpaired recipes do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gansr.data.batch import Unpaired
from gansr.imaging.resize import reduce
from gansr.losses.table import LossTable
from gansr.losses.weight import weight_at
from gansr.models.degraders.degraded import Degraded, kernel_width
from gansr.recipes.judges import Judge, memory, verdicts
from gansr.training.player import Player
from gansr.training.pool import ImagePool
from gansr.training.recipe import Report, Stateful


@dataclass
class Degrading:
    """Two players: one makes LR of HR, the other tells it from real LR.

    Losses see the made LR as `sr`, the bicubic LR of the same image as `hr` (to keep colours by), and `noise`.

    Args:
        degrader: one network, which gives `Degraded`
        discriminator: one network
        losses: the degrader's; "adversarial" among them
        judge: how the discriminator sees images
        pool: older images for the discriminator; None: it sees the new ones alone
        steps: of learning; afterwards the degrader is only used. None: it learns to the end
    """

    degrader: Player
    discriminator: Player
    losses: LossTable
    judge: Judge = field(default_factory=Judge)
    pool: ImagePool | None = None
    steps: int | None = None

    def step(self, batch: Unpaired, step: int) -> tuple[Tensor, Report]:
        """The degrader's turn, then its discriminator's. The LR (B, 3, h, w) made before either moved; no graph."""
        if self.steps is not None and step >= self.steps:
            with torch.no_grad(), self.degrader.frozen():
                made: Degraded = self.degrader(batch.hr)
            return made.lr, looks(made)
        made, report = self._degraders_turn(batch, step)
        lr = made.lr.detach()
        report |= self._discriminators_turn(lr, batch.real_lr, step)
        return lr, report | looks(made)

    def _degraders_turn(self, batch: Unpaired, step: int) -> tuple[Degraded, Report]:
        """Convince the discriminator."""
        made: Degraded = self.degrader(batch.hr)
        scale = batch.hr.shape[-1] // made.lr.shape[-1]
        seen: dict[str, Any] = {"sr": made.lr, "hr": partial(reduce, batch.hr, scale)}
        seen |= {} if made.noise is None else {"noise": made.noise}
        with self.discriminator.frozen():
            terms = self.losses.compare(seen, step)
            if weight_at(self.losses["adversarial"].weight, step):
                terms["adversarial"] = self._convince(made.lr, batch.real_lr)
        self.degrader.minimize(self.losses.total(terms, step))
        return made, {f"degrader/{role}": term for role, term in terms.items()}

    def _convince(self, lr: Tensor, real_lr: Tensor) -> Tensor:
        objective = self.losses.objective
        lr_seen, real_seen = self.judge.see(lr, real_lr)
        real = self.discriminator(real_seen) if objective.relativistic else None
        return self.judge.share * objective.generator(self.discriminator(lr_seen), real)

    def _discriminators_turn(self, lr: Tensor, real_lr: Tensor, step: int) -> Report:
        """Tell made LR from real LR."""
        (name,) = self.discriminator.networks
        shown = self.pool.swap(lr) if self.pool else lr
        lr_seen, real_seen = self.judge.see(shown, real_lr)
        fake, real = self.discriminator(lr_seen), self.discriminator(real_seen)
        game = self.judge.share * self.losses.objective.discriminator(fake, real)
        with self.discriminator.full_precision():
            due = self.judge.restrained(self.discriminator[name], (shown, real_lr), (fake, real), step)
        restraints = [self.judge.share * weight * value for weight, value in due.values()]
        self.discriminator.minimize(torch.stack([game, *restraints]).sum())
        report = {"discriminator": game} | {f"penalty/{role}": value for role, (_, value) in due.items()}
        report |= verdicts({name: fake}, {name: real})
        return {f"degrader/{title}": value for title, value in report.items()}

    @property
    def players(self) -> tuple[Player, ...]:
        """The discriminator, then the degrader."""
        return self.discriminator, self.degrader

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """The pool, and what penalties remember."""
        (name,) = self.discriminator.networks
        return memory({name: self.judge}) | ({f"pool.{name}": self.pool} if self.pool else {})


@torch.no_grad()
def looks(made: Degraded) -> Report:
    """Width of the kernels (sigma, in HR pixels) and deviation of the noise (in levels of 255), means over images."""
    found: Report = {}
    if made.kernel is not None:
        found["degrader/kernel_width"] = kernel_width(made.kernel).mean()
    if made.noise is not None:
        found["degrader/noise_level"] = 255 * made.noise.float().flatten(1).std(1).mean()
    return found
