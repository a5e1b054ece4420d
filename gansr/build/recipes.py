"""Options -> players and recipes; one small builder per recipe."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from accelerate import Accelerator
from torch import nn

from gansr.build import parts
from gansr.losses.table import LossTable
from gansr.options.schema import Options, PairedGanOptions, PairedOptions
from gansr.recipes import Paired, PairedGan
from gansr.training.optimizers import MakeOptimizer
from gansr.training.player import Player
from gansr.training.recipe import Recipe

MakeFor = Callable[[float], MakeOptimizer]  # learning rate -> maker of one player's optimizer


@dataclass(frozen=True)
class Ingredients:
    """What a recipe is made of, before devices and processes come in."""

    networks: dict[str, nn.Module]  # every network that learns, by name
    losses: LossTable


def ingredients(options: Options) -> Ingredients:
    """Networks with fresh weights drawn from the run's seed, and the loss table. May download feature networks."""
    torch.manual_seed(options.seed)
    networks: dict[str, nn.Module] = {"generator": parts.generator(options)}
    if isinstance(options, PairedGanOptions):
        networks["discriminator"] = parts.discriminator(options)
    return Ingredients(networks, parts.losses(options.losses))


def recipe(
    options: Options, made_of: Ingredients, accelerator: Accelerator, optimizer: MakeFor | None = None
) -> Recipe:
    """The recipe that the options name, over ingredients whose weights are loaded.

    Processes meet in here: all of them must call it at the same time.
    """
    _place(made_of.losses, accelerator)
    return BUILDERS[options.recipe](options, made_of, accelerator, optimizer or partial(parts.optimizer, options.train))


def _paired(options: PairedOptions, made_of: Ingredients, accelerator: Accelerator, optimizer: MakeFor) -> Paired:
    return Paired(_generator_player(options, made_of, accelerator, optimizer), made_of.losses)


def _paired_gan(
    options: PairedGanOptions, made_of: Ingredients, accelerator: Accelerator, optimizer: MakeFor
) -> PairedGan:
    train = options.train
    rate = train.discriminator_lr or train.lr
    discriminator = Player(
        {"discriminator": _arranged(made_of.networks["discriminator"], options)},
        accelerator,
        optimizer(rate),
        rate,
        clip=train.clip,
    )
    return PairedGan(_generator_player(options, made_of, accelerator, optimizer), discriminator, made_of.losses)


BUILDERS: dict[str, Callable[..., Recipe]] = {"paired": _paired, "paired_gan": _paired_gan}


def _generator_player(options: Options, made_of: Ingredients, accelerator: Accelerator, optimizer: MakeFor) -> Player:
    train = options.train
    return Player(
        {"generator": _arranged(made_of.networks["generator"], options)},
        accelerator,
        optimizer(train.lr),
        train.lr,
        ema=train.ema or 0.0,  # without an average a plain copy: it is validated in fp32 whatever trains
        clip=train.clip,
    )


def _arranged(network: nn.Module, options: Options) -> nn.Module:
    """In the memory layout and with the compiler that the options ask for."""
    if options.train.channels_last:
        network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    if options.train.compile:
        network.compile()  # before it is wrapped: its state keeps its keys
    return network


def _place(losses: LossTable, accelerator: Accelerator) -> None:
    """Put the losses on the device; feature networks run in the same precision as the others, without DDP."""
    for term in losses.values():
        if isinstance(term.loss, nn.Module):
            term.loss.to(accelerator.device)
            features = getattr(term.loss, "features", None)
            if isinstance(features, nn.Module):
                term.loss.features = accelerator.prepare_model(features, evaluation_mode=True)
