"""Options -> players and recipes; one small builder per recipe."""

from collections.abc import Callable
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

Networks = dict[str, nn.Module]


def networks(options: Options) -> Networks:
    """Every network that learns, with fresh weights drawn from the run's seed."""
    torch.manual_seed(options.seed)
    found: Networks = {"generator": parts.generator(options)}
    if isinstance(options, PairedGanOptions):
        found["discriminator"] = parts.discriminator(options)
    return found


MakeFor = Callable[[float], MakeOptimizer]  # learning rate -> maker of one player's optimizer


def recipe(options: Options, found: Networks, accelerator: Accelerator, optimizer: MakeFor | None = None) -> Recipe:
    """The recipe that the options name, over networks whose weights are loaded."""
    return BUILDERS[options.recipe](options, found, accelerator, optimizer or partial(parts.optimizer, options.train))


def _paired(options: PairedOptions, found: Networks, accelerator: Accelerator, optimizer: MakeFor) -> Paired:
    return Paired(_generator_player(options, found, accelerator, optimizer), _losses(options, accelerator))


def _paired_gan(options: PairedGanOptions, found: Networks, accelerator: Accelerator, optimizer: MakeFor) -> PairedGan:
    train = options.train
    rate = train.discriminator_lr or train.lr
    discriminator = Player(
        {"discriminator": _arranged(found["discriminator"], options)},
        accelerator,
        optimizer(rate),
        rate,
        clip=train.clip,
    )
    return PairedGan(
        _generator_player(options, found, accelerator, optimizer),
        discriminator,
        _losses(options, accelerator),
    )


BUILDERS: dict[str, Callable[..., Recipe]] = {"paired": _paired, "paired_gan": _paired_gan}


def _generator_player(options: Options, found: Networks, accelerator: Accelerator, optimizer: MakeFor) -> Player:
    train = options.train
    return Player(
        {"generator": _arranged(found["generator"], options)},
        accelerator,
        optimizer(train.lr),
        train.lr,
        ema=train.ema,
        clip=train.clip,
    )


def _arranged(network: nn.Module, options: Options) -> nn.Module:
    """In the memory layout and with the compiler that the options ask for."""
    if options.train.channels_last:
        network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    if options.train.compile:
        network.compile()  # before it is wrapped: its state keeps its keys
    return network


def _losses(options: Options, accelerator: Accelerator) -> LossTable:
    """The loss table on the device; feature networks run in the same precision as the others, without DDP."""
    table = parts.losses(options.losses)
    for term in table.values():
        if isinstance(term.loss, nn.Module):
            term.loss.to(accelerator.device)
            features = getattr(term.loss, "features", None)
            if isinstance(features, nn.Module):
                term.loss.features = accelerator.prepare_model(features, evaluation_mode=True)
    return table
