"""Options -> players and recipes; one small builder per recipe."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from accelerate import Accelerator
from torch import nn
from torch._functorch import config as functorch_config

from gansr.build import parts
from gansr.build.wishes import refuse_wishes
from gansr.losses.table import LossTable
from gansr.models.layers.chain import Chain
from gansr.options.schema import LearnedKernelNoiseOptions, Options, PairedGanOptions, PairedOptions
from gansr.recipes import LearnedKernelNoise, Paired, PairedGan
from gansr.recipes.degrading import Degrading
from gansr.recipes.enlarging import Enlarging
from gansr.recipes.judges import Judge
from gansr.recipes.turns import Turns
from gansr.training.optimizers import MakeOptimizer
from gansr.training.player import Player
from gansr.training.pool import ImagePool
from gansr.training.recipe import Recipe

MakeFor = Callable[[float], MakeOptimizer]  # learning rate -> maker of one player's optimizer


@dataclass(frozen=True)
class Ingredients:
    """What a recipe is made of, before devices and processes come in."""

    networks: dict[str, nn.Module]  # every network that learns, by name
    losses: LossTable
    degrader_losses: LossTable | None = None


def ingredients(options: Options) -> Ingredients:
    """Networks with fresh weights drawn from the run's seed, and the loss table. May download feature networks."""
    torch.manual_seed(options.seed)
    networks: dict[str, nn.Module] = {"generator": parts.generator(options)}
    refuse_wishes(options, networks["generator"])
    if isinstance(options, PairedGanOptions | LearnedKernelNoiseOptions):
        networks |= {name: parts.discriminator(one, name) for name, one in options.judges.items()}
    if not isinstance(options, LearnedKernelNoiseOptions):
        return Ingredients(networks, parts.losses(options))
    networks["degrader"] = parts.degrader(options.degrader, options.scale)
    degrader_losses = parts.loss_table(options.degrader_losses, "degrader_losses", options)
    return Ingredients(networks, parts.losses(options), degrader_losses)


def recipe(
    options: Options, made_of: Ingredients, accelerator: Accelerator, optimizer: MakeFor | None = None
) -> Recipe:
    """The recipe that the options name, over ingredients whose weights are loaded.

    Processes meet in here: all of them must call it at the same time.
    """
    for losses in (made_of.losses, made_of.degrader_losses):
        if losses is not None:
            _place(losses, accelerator)
    return BUILDERS[options.recipe](options, made_of, accelerator, optimizer or partial(parts.optimizer, options.train))


def _paired(
    options: PairedOptions | LearnedKernelNoiseOptions,
    made_of: Ingredients,
    accelerator: Accelerator,
    optimizer: MakeFor,
) -> Paired:
    generator = _generator_player(options, made_of, accelerator, optimizer)
    return Paired(generator, made_of.losses, options.train.diagnose_every, Enlarging(options.train.grow))


def _paired_gan(
    options: PairedGanOptions, made_of: Ingredients, accelerator: Accelerator, optimizer: MakeFor
) -> PairedGan:
    train = options.train
    judges = {name: parts.judge(name, options) for name in options.judges}
    return PairedGan(
        _generator_player(options, made_of, accelerator, optimizer),
        _discriminator_player(options, judges, made_of, accelerator, optimizer),
        made_of.losses,
        judges,
        Turns(train.discriminator_steps, train.discriminator_start, train.generator_start),
        train.diagnose_every,
        Enlarging(train.grow),
    )


def _learned_kernel_noise(
    options: LearnedKernelNoiseOptions, made_of: Ingredients, accelerator: Accelerator, optimizer: MakeFor
) -> LearnedKernelNoise:
    train, rate = options.train, options.degrader.lr or options.train.lr
    judges = {name: parts.judge(name, options) for name in options.judges}
    degrader = Player(
        {"degrader": _arranged(made_of.networks["degrader"], options)},
        accelerator,
        optimizer(rate),
        rate,
        clip=train.clip,
        clip_value=train.clip_value,
    )
    assert made_of.degrader_losses is not None
    (judge,) = judges.values()
    degrading = Degrading(
        degrader,
        _discriminator_player(options, judges, made_of, accelerator, optimizer),
        made_of.degrader_losses,
        judge,
        ImagePool(options.pool) if options.pool else None,
        options.degrader.steps,
    )
    restoring = _paired(options, made_of, accelerator, optimizer)
    return LearnedKernelNoise(restoring, degrading, Turns(generator_start=train.generator_start))


BUILDERS: dict[str, Callable[..., Recipe]] = {
    "paired": _paired,
    "paired_gan": _paired_gan,
    "learned_kernel_noise": _learned_kernel_noise,
}


def _discriminator_player(
    options: PairedGanOptions | LearnedKernelNoiseOptions,
    judges: Mapping[str, Judge],
    made_of: Ingredients,
    accelerator: Accelerator,
    optimizer: MakeFor,
) -> Player:
    train = options.train
    rate = train.discriminator_lr or train.lr
    # The gradient of a gradient needs a network that is not compiled.
    twice = any(
        getattr(penalty.measure, "needs_double_backward", False)
        for judge in judges.values()
        for penalty in judge.penalties.values()
    )
    return Player(
        {name: _arranged(made_of.networks[name], options, compiled=not twice) for name in judges},
        accelerator,
        optimizer(rate),
        rate,
        clip=train.clip,
        clip_value=train.clip_value,
    )


def _generator_player(options: Options, made_of: Ingredients, accelerator: Accelerator, optimizer: MakeFor) -> Player:
    train = options.train
    return Player(
        {"generator": _arranged(made_of.networks["generator"], options)},
        accelerator,
        optimizer(train.lr),
        train.lr,
        rates=train.rates,
        ema=train.ema or 0.0,  # without an average a plain copy: it is validated in fp32 whatever trains
        clip=train.clip,
        clip_value=train.clip_value,
    )


def _arranged(network: nn.Module, options: Options, compiled: bool = True) -> nn.Module:
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


def _place(losses: LossTable, accelerator: Accelerator) -> None:
    """Put the losses on the device; feature networks run in the same precision as the others, without DDP."""
    for module in losses.modules():
        module.to(accelerator.device)
    for lens in losses.lenses():
        assert lens.network is not None
        lens.network = accelerator.prepare_model(lens.network, evaluation_mode=True)
