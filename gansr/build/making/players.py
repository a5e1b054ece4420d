"""Options and networks -> players and their contests."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from torch import nn
from torch._functorch import config as functorch_config

from gansr.build.making import parts
from gansr.losses.table import LossTable
from gansr.models.layers.chain import Chain
from gansr.options.schema import Options
from gansr.recipes.contest import Contest
from gansr.recipes.judges import Judge
from gansr.recipes.turns import Turns
from gansr.training.optimizers import MakeOptimizer
from gansr.training.player import Player
from gansr.training.pool import ImagePool

MakeFor = Callable[[float], MakeOptimizer]  # learning rate -> maker of one player's optimizer
Sides = Mapping[str, tuple[str, str]]  # discriminator in the options -> names of the made and of the real image


@dataclass(frozen=True)
class Ingredients:
    """What a recipe is made of, before devices and processes come in."""

    networks: dict[str, nn.Module]  # every network that learns, by name
    tables: dict[str, LossTable]  # by section

    @property
    def losses(self) -> LossTable:
        """What the generator learns from."""
        return self.tables["losses"]


@dataclass(frozen=True)
class Casting:
    """Gives networks to players, as the options have it."""

    options: Options
    made_of: Ingredients
    accelerator: Accelerator
    optimizer: MakeFor

    def makers(self, *names: str, rate: float | None = None) -> Player:
        """Who makes images: networks that one optimizer moves. Averages there are if the generator is among them."""
        train = self.options.train
        generates = "generator" in names
        return self._player(
            {name: arranged(self.made_of.networks[name], self.options) for name in names},
            rate or train.lr,
            rates=train.rates if generates else None,
            # Without an average a plain copy: it is validated in fp32 whatever trains.
            ema=(train.ema or 0.0) if generates else None,
        )

    def discriminators(self, judges: Mapping[str, Judge]) -> Player:
        """The networks of the judges."""
        train = self.options.train
        # The gradient of a gradient needs a network that is not compiled.
        twice = any(
            getattr(penalty.measure, "needs_double_backward", False)
            for judge in judges.values()
            for penalty in judge.penalties.values()
        )
        networks = {name: arranged(self.made_of.networks[name], self.options, not twice) for name in judges}
        return self._player(networks, train.discriminator_lr or train.lr)

    def contest(
        self, makers: Player, section: str, sides: Sides, turns: Turns | None = None, title: str = ""
    ) -> Contest:
        """Between makers and the discriminators that `sides` names, with the losses of a section."""
        options = self.options
        judged = {name: sides[base] for name in options.judges if (base := re.sub(r"_\d+$", "", name)) in sides}
        judged |= {name: sides[name] for name in options.judges if name in sides}
        judges = {name: parts.judge(name, options) for name in judged}
        pool = getattr(options, "pool", None)
        return Contest(
            makers,
            self.discriminators(judges),
            self.made_of.tables[section],
            judges,
            judged,
            {name: ImagePool(pool) for name in judged} if pool else {},
            turns or Turns(discriminator_first=self.discriminator_first),
            None if title else options.train.diagnose_every,
            title,
        )

    @property
    def discriminator_first(self) -> bool:
        """Who plays first within a step."""
        first = self.options.train.discriminator_first
        return self.options.discriminator_first if first is None else first

    def _player(self, networks: dict[str, nn.Module], rate: float, **more: Any) -> Player:
        train = self.options.train
        return Player(
            networks,
            self.accelerator,
            self.optimizer(rate),
            rate,
            clip=train.clip,
            clip_value=train.clip_value,
            **more,
        )


def arranged(network: nn.Module, options: Options, compiled: bool = True) -> nn.Module:
    """In the memory layout, with the compiler and with the thrift that the options ask for."""
    if options.train.gradient_checkpointing:
        for module in network.modules():
            if isinstance(module, Chain):
                module.recompute = True
    if options.train.channels_last:
        network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    if options.train.compile and compiled:
        # To diagnose is to go backward several times through one graph; donated buffers last for one.
        functorch_config.donated_buffer = options.train.diagnose_every is None
        # Before it is wrapped, so that its state keeps its keys; a graph for each scale's shape, which is known.
        network.compile(dynamic=False)
    return network
