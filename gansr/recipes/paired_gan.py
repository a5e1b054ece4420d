"""SRGAN, ESRGAN, BSRGAN, Real-ESRGAN: pairs to imitate, and discriminators to convince.

The four differ in networks, objective, weights and data: options, all of them, and none of them here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gansr.data.batch import Paired
from gansr.losses.table import LossTable
from gansr.losses.weight import weight_at
from gansr.recipes.enlarging import Enlarging
from gansr.recipes.judges import Judge, memory, verdicts
from gansr.recipes.turns import Learning, Turns, colour_shift
from gansr.training.player import Player
from gansr.training.recipe import Report, Stateful


@dataclass
class PairedGan:
    """Two players and the losses; "adversarial" among them, beside any that compare sr with hr.

    Args:
        generator: one network
        discriminator: one network for each of the judges
        losses: the loss table
        judges: by the name of their network
        turns: who plays when
        diagnose_every: steps between two measurements of each loss's gradient; None: never
        enlarging: how the generator is run
    """

    generator: Player
    discriminator: Player
    losses: LossTable
    judges: Mapping[str, Judge] = field(default_factory=lambda: {"discriminator": Judge()})
    turns: Turns = field(default_factory=Turns)
    diagnose_every: int | None = None
    enlarging: Enlarging = field(default_factory=Enlarging)

    def step(self, batch: Paired, step: int) -> Report:
        """The generator's turn, then the discriminator's."""
        if self.turns.generator(step):
            sr, report = self._generators_turn(batch, step)
        else:
            with torch.no_grad():
                sr, report = self.enlarging.sr(self.generator, batch, step), {}
        if self.turns.game(step):
            report |= self._discriminators_turn(sr.detach(), batch.hr, step)
        return report | colour_shift(sr, batch.hr)

    def _generators_turn(self, batch: Paired, step: int) -> tuple[Tensor, Report]:
        """Resemble the ground truth, and convince the judges."""
        seen: dict[str, Any] = self.enlarging.images(self.generator, batch, step, self.losses)
        sr: Tensor = seen["sr"]
        wants_maps = self.losses.asks_for("fake_maps", step)
        convinces = self.turns.game(step) and weight_at(self.losses["adversarial"].weight, step) > 0
        adversarial = {}
        with self.discriminator.frozen():
            if self.turns.game(step) and (convinces or wants_maps):
                value, maps = self._convince(sr, batch.hr, wants_maps)
                seen |= maps
                adversarial = {"adversarial": value} if convinces else {}
            else:
                seen |= {"fake_maps": None, "real_maps": None}
            terms = self.losses.compare(seen, step) | adversarial
        learning = Learning(self.losses, self.diagnose_every)
        return sr, learning.learn(self.generator, terms, step, self.turns.between(step))

    def _convince(self, sr: Tensor, hr: Tensor, wants_maps: bool) -> tuple[Tensor, dict[str, list[Tensor]]]:
        """The generator's side of the game, and the judges' maps of both images where losses compare them."""
        objective, sides = self.losses.objective, []
        fake_maps, real_maps = ([], []) if wants_maps else (None, None)
        for name, judge in self.judges.items():
            network = self.discriminator[name]
            sr_seen, hr_seen = judge.see(sr, hr)
            real = _look(network, hr_seen, real_maps) if objective.relativistic or wants_maps else None
            fake = _look(network, sr_seen, fake_maps)
            sides.append(judge.share * objective.generator(fake, real))
        maps = (
            {"fake_maps": fake_maps, "real_maps": real_maps} if fake_maps is not None and real_maps is not None else {}
        )
        return torch.stack(sides).sum(), maps

    def _discriminators_turn(self, sr: Tensor, hr: Tensor, step: int) -> Report:
        """Tell the two apart."""
        objective = self.losses.objective
        fakes, reals, sides, restraints, report = {}, {}, [], [], {}
        for name, judge in self.judges.items():
            network = self.discriminator[name]
            sr_seen, hr_seen = judge.see(sr, hr)
            fakes[name], reals[name] = network(sr_seen), network(hr_seen)
            sides.append(judge.share * objective.discriminator(fakes[name], reals[name]))
            with self.discriminator.full_precision():
                due = judge.restrained(network, (sr, hr), (fakes[name], reals[name]), step)
            for role, (weight, value) in due.items():
                restraints.append(judge.share * weight * value)
                report[f"penalty/{role}" if len(self.judges) == 1 else f"penalty/{role}/{name}"] = value
        game = torch.stack(sides).sum()
        self.discriminator.minimize(torch.stack([game, *restraints]).sum() if restraints else game)
        return {"loss/discriminator": game} | report | verdicts(fakes, reals)

    @property
    def players(self) -> tuple[Player, ...]:
        """The generator comes first."""
        return self.generator, self.discriminator

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """What penalties remember."""
        return memory(self.judges)


def _look(network: Any, image: Tensor, maps: list[Tensor] | None) -> Tensor:
    """Logits of an image; hidden maps, where they are wanted, are added to `maps`."""
    return network(image) if maps is None else network(image, maps)
