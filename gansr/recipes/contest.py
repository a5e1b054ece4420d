"""Makers of images, and the discriminators that judge them: one game, whoever plays it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from gansr.losses.table import Images, LossTable
from gansr.losses.weight import weight_at
from gansr.recipes.judges import Judge, logits, memory, verdicts
from gansr.recipes.turns import Learning, Turns
from gansr.training.player import Player
from gansr.training.pool import ImagePool
from gansr.training.recipe import Report, Stateful

Maps = list[Tensor]


@dataclass
class Contest:
    """Two players and what each learns from, for one set of images of a step.

    Args:
        makers: the networks that made the images
        discriminators: one network for each of the judges
        losses: the makers'; "adversarial" among them, beside any that compare images
        judges: by the name of their network
        sides: what each judge tells apart: name of its network -> names of the made and of the real image
        pools: older made images, by the name of the network that sees them too
        turns: who plays when, and who first
        diagnose_every: steps between two measurements of each loss's gradient; None: never
        title: what the log calls this contest where a step has several
    """

    makers: Player
    discriminators: Player
    losses: LossTable
    judges: Mapping[str, Judge]
    sides: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    pools: Mapping[str, ImagePool] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    diagnose_every: int | None = None
    title: str = ""

    def play(self, images: Images, step: int) -> Report:
        """Both players' turns, as far as they are due; the images were made by the makers as they are now.

        Whoever plays second plays against the other as it has become.
        """
        turns: list[Callable[[Images, int], Report]] = []
        if self.turns.generator(step):
            turns.append(self._makers_turn)
        if self.turns.game(step):
            turns.insert(0 if self.turns.discriminator_first else len(turns), self._discriminators_turn)
        report: Report = {}
        for turn in turns:
            report |= turn(images, step)
        if not self.title:
            return report
        return {f"{self.title}/{name.removeprefix('loss/')}": value for name, value in report.items()}

    def _makers_turn(self, images: Images, step: int) -> Report:
        """Lessen the losses, and convince the judges."""
        wants_maps = self.losses.asks_for("fake_maps", step)
        convinces = self.turns.game(step) and weight_at(self.losses["adversarial"].weight, step) > 0
        seen, adversarial = dict(images), {}
        with self.discriminators.frozen():
            if self.turns.game(step) and (convinces or wants_maps):
                value, maps = self._convince(images, wants_maps)
                seen |= maps
                adversarial = {"adversarial": value} if convinces else {}
            else:
                seen |= {"fake_maps": None, "real_maps": None}
            terms = self.losses.compare(seen, step) | adversarial
        learning = Learning(self.losses, self.diagnose_every)
        return learning.learn(self.makers, terms, step, self.turns.between(step))

    def _convince(self, images: Images, wants_maps: bool) -> tuple[Tensor, dict[str, Maps]]:
        """The makers' side of the game, and the judges' maps of both images where losses compare them."""
        objective, parts = self.losses.objective, []
        fake_maps, real_maps = ([], []) if wants_maps else (None, None)
        for name, judge in self.judges.items():
            network = self.discriminators[name]
            made_seen, real_seen = judge.see(*self._shown(name, images))
            real = _look(network, real_seen, real_maps) if objective.relativistic or wants_maps else None
            fake = _look(network, made_seen, fake_maps)
            parts.append(judge.share * objective.generator(fake, real))
        maps = (
            {"fake_maps": fake_maps, "real_maps": real_maps} if fake_maps is not None and real_maps is not None else {}
        )
        return torch.stack(parts).sum(), maps

    def _discriminators_turn(self, images: Images, step: int) -> Report:
        """Tell made images from real ones."""
        objective = self.losses.objective
        fakes, reals, parts, restraints, report = {}, {}, [], [], {}
        for name, judge in self.judges.items():
            network = self.discriminators[name]
            made, real = (image.detach() for image in self._shown(name, images))
            shown = self.pools[name].swap(made) if name in self.pools else made
            made_seen, real_seen = judge.see(shown, real)
            fakes[name], reals[name] = network(made_seen), network(real_seen)
            parts.append(judge.share * objective.discriminator(fakes[name], reals[name]))
            with self.discriminators.full_precision():
                due = judge.restrained(network, (shown, real), (fakes[name], reals[name]), step)
            for role, (weight, value) in due.items():
                restraints.append(judge.share * weight * value)
                report[f"penalty/{role}" if len(self.judges) == 1 else f"penalty/{role}/{name}"] = value
        game = torch.stack(parts).sum()
        self.discriminators.minimize(torch.stack([game, *restraints]).sum() if restraints else game)
        return {"loss/discriminator": game} | report | verdicts(fakes, reals) | logits(fakes, reals)

    def _shown(self, judge: str, images: Images) -> tuple[Tensor, Tensor]:
        made, real = self.sides.get(judge, ("sr", "hr"))
        return images[made], images[real]

    @property
    def players(self) -> tuple[Player, Player]:
        """The makers, then the discriminators."""
        return self.makers, self.discriminators

    @property
    def memory(self) -> Mapping[str, Stateful]:
        """Pools, and what penalties remember."""
        return memory(self.judges) | {f"pool.{name}": pool for name, pool in self.pools.items()}


def _look(network: Any, image: Tensor, maps: Maps | None) -> Tensor:
    """Logits of an image; hidden maps, where they are wanted, are added to `maps`."""
    return network(image) if maps is None else network(image, maps)
