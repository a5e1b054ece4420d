"""Options -> networks, loss tables and recipes; one small builder per recipe."""

from collections.abc import Callable
from functools import partial
from typing import cast

import torch
from accelerate import Accelerator
from torch import nn

from gansr.build.examining.wishes import refuse_wishes
from gansr.build.making import parts
from gansr.build.making.networks import make_generator
from gansr.build.making.players import Casting, Ingredients, MakeFor
from gansr.losses.table import LossTable
from gansr.options.schema import Options
from gansr.options.unpaired.degrading import LearnedDegradation as LearnedDegradationOptions
from gansr.recipes.enlarging import Enlarging
from gansr.recipes.paired import Paired
from gansr.recipes.paired_gan import PairedGan
from gansr.recipes.turns import Turns
from gansr.recipes.unpaired.cincgan import CinCGAN
from gansr.recipes.unpaired.degrading import Degrading
from gansr.recipes.unpaired.learned_degradation import LearnedDegradation
from gansr.recipes.unpaired.pseudo_supervision import PseudoSupervision
from gansr.recipes.unpaired.semi_cycle import SemiCycle
from gansr.recipes.unpaired.unpaired_cycle import UnpairedCycle
from gansr.training.recipe import Recipe


def ingredients(options: Options) -> Ingredients:
    """Networks with fresh weights drawn from the run's seed, and the loss tables. May download feature networks."""
    torch.manual_seed(options.seed)
    networks: dict[str, nn.Module] = {"generator": parts.generator(options)}
    refuse_wishes(options, networks["generator"])
    networks |= {name: parts.discriminator(one, name) for name, one in options.judges.items()}
    if (cleaner := getattr(options, "cleaner", None)) is not None:
        networks["cleaner"] = make_generator(cleaner, 1, "cleaner")
    for name, one in options.making.items():
        networks[name] = parts.maker(name, one, 1 if name == "lr_degrader" else options.scale)
    tables = {section: parts.loss_table(rows, section, options) for section, rows in options.tables.items()}
    return Ingredients(networks, tables)


def recipe(
    options: Options, made_of: Ingredients, accelerator: Accelerator, optimizer: MakeFor | None = None
) -> Recipe:
    """The recipe that the options name, over ingredients whose weights are loaded.

    Processes meet in here: all of them must call it at the same time.
    """
    for losses in made_of.tables.values():
        _place(losses, accelerator)
    optimizer = optimizer or partial(parts.optimizer, options.train)
    return BUILDERS[options.recipe](Casting(options, made_of, accelerator, optimizer))


def _paired(casting: Casting) -> Paired:
    train = casting.options.train
    generator = casting.makers("generator")
    return Paired(generator, casting.made_of.losses, train.diagnose_every, Enlarging(train.grow))


def _paired_gan(casting: Casting) -> PairedGan:
    train = casting.options.train
    turns = Turns(
        train.discriminator_steps, train.discriminator_start, train.generator_start, casting.discriminator_first
    )
    sides = dict.fromkeys(casting.options.judges, ("sr", "hr"))
    return PairedGan(casting.contest(casting.makers("generator"), "losses", sides, turns), Enlarging(train.grow))


def _noise_injection(casting: Casting) -> Paired | PairedGan:
    """The pairs are made of what is harvested, and the step is that of pairs."""
    return _paired_gan(casting) if casting.options.judges else _paired(casting)


def _learned_degradation(casting: Casting) -> LearnedDegradation:
    options = cast(LearnedDegradationOptions, casting.options)
    train = options.train
    if options.discriminator is None:
        restoring = _paired(casting)
    else:
        game = casting.contest(casting.makers("generator"), "losses", {"discriminator": ("sr", "hr")})
        restoring = PairedGan(game, Enlarging(train.grow))
    degrader = casting.makers("degrader", rate=options.degrader.lr)
    degrading = Degrading(
        casting.contest(degrader, "degrader_losses", {"lr_discriminator": ("sr", "real_lr")}, title="degrader"),
        options.degrader.steps,
    )
    return LearnedDegradation(restoring, degrading, Turns(generator_start=train.generator_start))


def _unpaired_cycle(casting: Casting) -> UnpairedCycle:
    makers = casting.makers("generator", "degrader")
    sides = {"hr_discriminator": ("real_sr", "hr"), "lr_discriminator": ("made_lr", "real_lr")}
    return UnpairedCycle(casting.contest(makers, "losses", sides), casting.options.scale)


def _pseudo_supervision(casting: Casting) -> PseudoSupervision:
    makers = casting.makers("generator", "cleaner", "lr_degrader")
    sides = {
        "clean_discriminator": ("cleaned_lr", "lr"),
        "lr_discriminator": ("made_lr", "real_lr"),
        "hr_discriminator": ("real_sr", "hr"),
    }
    return PseudoSupervision(casting.contest(makers, "losses", sides), casting.options.scale)


def _cincgan(casting: Casting) -> CinCGAN:
    makers = casting.makers("generator", "cleaner", "lr_degrader", "degrader")
    inner = casting.contest(makers, "inner_losses", {"clean_discriminator": ("cleaned_lr", "lr")}, title="inner")
    outer = casting.contest(makers, "losses", {"hr_discriminator": ("real_sr", "hr")})
    later = Turns(generator_start=casting.options.train.generator_start)
    return CinCGAN(inner, outer, casting.options.scale, later)


def _semi_cycle(casting: Casting) -> SemiCycle:
    section = "degrader_losses"
    degrading = casting.contest(
        casting.makers("degrader"), section, {"lr_discriminator": ("sr", "real_lr")}, title="degrader"
    )
    restoring = casting.contest(
        casting.makers("generator"),
        "losses",
        {"hr_discriminator": ("sr", "hr"), "real_sr_discriminator": ("real_sr", "hr")},
    )
    returning = casting.contest(
        casting.makers("sr_degrader"), section, {"returned_discriminator": ("sr", "real_lr")}, title="returning"
    )
    return SemiCycle(Degrading(degrading), restoring, returning, casting.options.scale)


BUILDERS: dict[str, Callable[[Casting], Recipe]] = {
    "paired": _paired,
    "paired_gan": _paired_gan,
    "learned_kernel_noise": _learned_degradation,
    "noise_injection": _noise_injection,
    "degradation_gan": _learned_degradation,
    "unpaired_cycle": _unpaired_cycle,
    "cincgan": _cincgan,
    "pseudo_supervision": _pseudo_supervision,
    "semi_cycle": _semi_cycle,
}


def _place(losses: LossTable, accelerator: Accelerator) -> None:
    """Put the losses on the device; feature networks run in the same precision as the others, without DDP."""
    for module in losses.modules():
        module.to(accelerator.device)
    for lens in losses.lenses():
        assert lens.network is not None
        lens.network = accelerator.prepare_model(lens.network, evaluation_mode=True)
