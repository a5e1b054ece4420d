"""Components by name -> networks, losses, metrics, optimizers and schedules."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from gansr.errors import OptionsError
from gansr.losses import ADVERSARIAL, LOSSES
from gansr.losses.table import LossTable, Term
from gansr.metrics import METRICS
from gansr.models import weights
from gansr.models.discriminators import DISCRIMINATORS
from gansr.models.generators import GENERATORS
from gansr.options.component import build, check
from gansr.options.schema import GeneratorOptions, LossOptions, Options, PairedGanOptions, TrainOptions
from gansr.recipes import RECIPES
from gansr.training.optimizers import OPTIMIZERS, MakeOptimizer
from gansr.training.schedule import SCHEDULES, Schedule, warmed_up

TABLES: dict[str, Mapping[str, Callable[..., Any]]] = {
    "generators": GENERATORS,
    "discriminators": DISCRIMINATORS,
    "losses": LOSSES,
    "objectives": ADVERSARIAL,
    "metrics": METRICS,
    "recipes": RECIPES,
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
}


def generator(options: Options) -> nn.Module:
    """The generator with freshly initialised weights."""
    return build(options.generator, GENERATORS, "generator", scale=options.scale)


def generator_arguments(options: Options) -> dict[str, Any]:
    """The generator's complete arguments, as its weights file will carry them."""
    return check(options.generator, GENERATORS, "generator", scale=options.scale)


def discriminator(options: PairedGanOptions) -> nn.Module:
    """The discriminator with freshly initialised weights."""
    return build(options.discriminator, DISCRIMINATORS, "discriminator")


def load_start(network: nn.Module, options: GeneratorOptions, where: str) -> list[str]:
    """Fill the network from the `weights:` that the options name, if any; returns what was left out."""
    if options.weights is None:
        return []
    state = weights.read(options.weights).state
    return weights.load_into(network, state, f"{where}.weights ({options.weights})", options.strict)


def losses(options: Mapping[str, LossOptions]) -> LossTable:
    """The loss table: the adversarial row from its own table, all others compare images."""
    table = LossTable()
    for role, row in options.items():
        choices = ADVERSARIAL if role == "adversarial" else LOSSES
        table[role] = Term(build(row, choices, f"losses.{role}"), row.weight, type=row.type)
    return table


def metrics(options: Options) -> dict[str, Any]:
    """Metric objects by the names that the options give them."""
    return {
        name: build(row, METRICS, f"validation.metrics.{name}", scale=options.scale)
        for name, row in options.validation.metrics.items()
    }


def metric_arguments(options: Options) -> dict[str, dict[str, Any]]:
    """The metrics' complete arguments, checked but not built: some would read or download a network."""
    return {
        name: check(row, METRICS, f"validation.metrics.{name}", scale=options.scale)
        for name, row in options.validation.metrics.items()
    }


def optimizer(options: TrainOptions, rate: float) -> MakeOptimizer:
    """Makes one player's optimizer. It is tried on a number: only torch knows which arguments it takes."""
    make = build(options.optimizer, OPTIMIZERS, "train.optimizer", lr=rate)
    try:
        make([nn.Parameter(torch.zeros(1, device="cpu"))])
    except ValueError as error:
        raise OptionsError(f"train.optimizer: {error}.") from None
    return make


def schedule(options: TrainOptions) -> Schedule:
    """Steps taken -> factor on every learning rate."""
    plain = build(options.schedule, SCHEDULES, "train.schedule", steps=options.steps)
    return warmed_up(plain, options.warm_up)
