"""Components by name -> networks, losses, metrics, optimizers and schedules."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import nn

from gansr.build.making.networks import load_degradation, make_generator
from gansr.build.watching.trackers import TRACKERS
from gansr.data.augmentation import BATCH_AUGMENTATIONS
from gansr.data.degradations import OPERATIONS
from gansr.errors import OptionsError
from gansr.imaging.views import VIEWS
from gansr.losses import ADVERSARIAL, AUGMENTATIONS, DEGRADER_LOSSES, LOSSES, MAPS, PENALTIES
from gansr.losses.adversarial.objectives import Objective
from gansr.losses.table import INTERMEDIATE, LossTable, Term, View, needs
from gansr.losses.weight import Ramp, Weight
from gansr.metrics import METRICS
from gansr.models.degraders import DEGRADERS
from gansr.models.discriminators import DISCRIMINATORS
from gansr.models.features.lens import Lenses
from gansr.models.generators import GENERATORS
from gansr.options.component import Component, build, check
from gansr.options.schema import RECIPE_OPTIONS, Options
from gansr.options.sections import (
    DiscriminatorOptions,
    LossOptions,
    MakerOptions,
    RampOptions,
    TrainOptions,
)
from gansr.recipes.judges import Judge, Penalty
from gansr.training.optimizers import OPTIMIZERS, MakeOptimizer
from gansr.training.schedule import SCHEDULES, Schedule, warmed_up

TABLES: dict[str, Mapping[str, Callable[..., Any]]] = {
    "generators": GENERATORS,
    "discriminators": DISCRIMINATORS,
    "degraders": DEGRADERS,
    "losses": LOSSES,
    "degrader_losses": DEGRADER_LOSSES,
    "objectives": ADVERSARIAL,
    "penalties": PENALTIES,
    "augmentations": AUGMENTATIONS,
    "views": VIEWS,
    "maps": MAPS,
    "degradations": OPERATIONS,
    "batch_augmentations": BATCH_AUGMENTATIONS,
    "metrics": METRICS,
    "recipes": RECIPE_OPTIONS,
    "optimizers": OPTIMIZERS,
    "schedules": SCHEDULES,
    "trackers": TRACKERS,
}


RESIZED = ("target", "importance")
"""Images that rows of intermediate images may ask for: they are brought to the size of each."""


def generator(options: Options) -> nn.Module:
    """The generator with freshly initialised weights."""
    return make_generator(options.generator, options.scale, "generator")


def discriminator(options: DiscriminatorOptions, where: str) -> nn.Module:
    """A discriminator with freshly initialised weights."""
    return build(options, DISCRIMINATORS, where)


def maker(name: str, options: MakerOptions, scale: int) -> nn.Module:
    """A network that makes LR of images `scale` times as large, with freshly initialised weights."""
    return build(options, DEGRADERS, name, scale=scale)


def judge(name: str, options: Options) -> Judge:
    """How the discriminator called `name` sees images, and its own penalties: some remember what they saw."""
    one = options.judges[name]
    penalties = {
        role: Penalty(build(row, PENALTIES, f"penalties.{role}"), row.weight, row.every)
        for role, row in getattr(options, "penalties", {}).items()
    }
    augment = tuple(build(row, AUGMENTATIONS, f"{name}.augment") for row in one.augment)
    return Judge(augment, views(one.through, f"{name}.through"), one.share, penalties)


def views(rows: tuple[Component, ...], where: str) -> tuple[View, ...]:
    """Views of images, one after another."""
    return tuple(build(row, VIEWS, where) for row in rows)


def loss_table(rows: Mapping[str, LossOptions], section: str, options: Options) -> LossTable:
    """A loss table: the adversarial row from its own table, all others compare images."""
    table, context = LossTable(), loss_context(options)
    known, table.section = losses_of(section), section
    for role, row in rows.items():
        where = f"{section}.{role}"
        if role == "adversarial":
            _refuse_what_a_game_ignores(row, where)
            objective = build(row, ADVERSARIAL, where)
            if not isinstance(objective, Objective):
                raise OptionsError(f"{where}: '{row.type}' makes no gansr.losses.adversarial.objectives.Objective.")
            table[role] = Term(objective, weight(row), type=row.type)
            continue
        term = Term(
            build(row, known, where, **context),
            weight(row),
            row.target,
            row.type,
            views(row.through, f"{where}.through"),
            build(row.where, MAPS, f"{where}.where", **context) if row.where else None,
            row.of,
        )
        _refuse_what_does_not_fit(row, term, where)
        table[role] = term
    return table


def losses_of(section: str) -> Mapping[str, Callable[..., Any]]:
    """The losses that a section's rows may name."""
    return DEGRADER_LOSSES if section == "degrader_losses" else LOSSES


def _refuse_what_does_not_fit(row: LossOptions, term: Term, where: str) -> None:
    """A row's keys must mean something for its loss."""
    if row.target != "hr" and "target" not in needs(term.loss):
        raise OptionsError(f"{where}.target: {row.type} compares with no target; leave it out.")
    if (term.views or term.where) and "fake_maps" in term.asks:
        raise OptionsError(f"{where}: through and where change images; {row.type} compares maps.")
    if term.views and "importance" in needs(term.loss):
        raise OptionsError(f"{where}: {row.type} weighs pixels by the map of importance: it cannot look through views.")
    if term.where and not {"sr", "target"} <= needs(term.loss).keys():
        raise OptionsError(f"{where}.where: it needs a loss that compares sr with a target, as l1 does.")
    if term.of == INTERMEDIATE and row.target == "lr":
        raise OptionsError(f"{where}.target: images on the way are larger than lr; expected hr, sharp or average.")
    if term.of == INTERMEDIATE and not {INTERMEDIATE, "target"} <= term.asks.keys() <= {INTERMEDIATE, *RESIZED}:
        raise OptionsError(f"{where}.of: intermediate needs a loss that compares sr with a target alone, as l1 does.")


def loss_context(options: Options) -> dict[str, Any]:
    """What makers of losses may ask for beside their options: those of one table share their lenses."""
    load_network = partial(load_degradation, scale=options.scale)
    return {"lenses": Lenses(), "scale": options.scale, "load_network": load_network}


def weight(row: LossOptions) -> Weight:
    """A number, or a function of the step."""
    ramp = row.weight
    return Ramp(ramp.begin, ramp.end, ramp.over, ramp.start) if isinstance(ramp, RampOptions) else ramp


def _refuse_what_a_game_ignores(row: LossOptions, where: str) -> None:
    if row.through or row.where or row.target != "hr" or row.of != "sr":
        raise OptionsError(
            f"{where}: target, of, through and where are of losses that compare images. Discriminators have "
            "a through of their own: discriminator: {type: patch, through: [{type: high_pass}]}."
        )


def metrics(options: Options, scale: int) -> dict[str, Any]:
    """Metric objects, for validation sets of one scale, by the names that the options give them."""
    return {
        name: build(row, METRICS, f"validation.metrics.{name}", scale=scale)
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
