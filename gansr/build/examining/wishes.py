"""What options ask of a generator beside enlarging: several scales, images on its way, growing, thrift."""

import inspect
from collections.abc import Mapping

from torch import nn

from gansr.errors import OptionsError, choices_hint
from gansr.losses import LOSSES
from gansr.losses.table import INTERMEDIATE
from gansr.models.generators import GENERATORS
from gansr.models.layers.chain import Chain
from gansr.models.wishes import accepts, scales
from gansr.options.component import lookup
from gansr.options.schema import Options
from gansr.training.player import rate_of


def refuse_wishes(options: Options, generator: nn.Module) -> None:
    """Raise OptionsError for what the generator cannot do."""
    where, takes = f"generator (type {options.generator.type})", accepts(generator)
    _refuse_scales(options, generator, where)
    for role, row in options.losses.items():
        if row.of == INTERMEDIATE and INTERMEDIATE not in takes:
            raise OptionsError(
                f"losses.{role}.of: {where} makes no images on its way; lapsrn, prosr, drcn and memnet do."
            )
    if options.train.grow and "blend" not in takes:
        raise OptionsError(f"train.grow: {where} does not grow; prosr does. Leave it out.")
    if options.train.grow > options.train.steps:
        raise OptionsError(
            f"train.grow ({options.train.grow}) exceeds train.steps ({options.train.steps}): the newest level would "
            f"never count in full."
        )
    _refuse_rates(options.train.rates, generator, where)
    if options.train.gradient_checkpointing and not any(isinstance(module, Chain) for module in generator.modules()):
        raise OptionsError(
            f"train.gradient_checkpointing: {where} has no trunk whose results could be computed twice. Leave it out; "
            f"perhaps the network has an argument of its own for that."
        )


def _refuse_rates(rates: Mapping[str, float], generator: nn.Module, where: str) -> None:
    """Rates must be of weights that learn, and some must be left that do."""
    state = generator.state_dict(keep_vars=True)
    names = [name for name, weight in state.items() if weight.requires_grad]
    for begin in rates:
        if not begin or not any(name.startswith(begin) for name in names):
            parts = list(dict.fromkeys(name.partition(".")[0] for name in names))
            raise OptionsError(
                f"train.rates: {where} has no weights that learn whose names begin with '{begin}'. "
                f"{choices_hint(begin, parts)}"
            )
    if rates and not any(rate_of(name, rates) for name in names):
        raise OptionsError(f"train.rates: every weight of {where} has the rate 0, so nothing learns.")


def _refuse_scales(options: Options, generator: nn.Module, where: str) -> None:
    asked = {"data.train.scales": set(options.scales)} | {
        f"data.validation.{name}.scale": {one.scale} for name, one in options.data.validation.items() if one.scale
    }
    for key, wanted in asked.items():
        if wanted == {options.scale}:
            continue
        if "scale" not in accepts(generator):
            raise OptionsError(
                f"{key}: {where} has one scale, {options.scale}. For several: mdsr, carn, vdsr and others."
            )
        if strange := wanted - set(scales(generator)):
            known = ", ".join(map(str, scales(generator)))
            takes = inspect.signature(lookup(GENERATORS, options.generator.type, "generator")).parameters
            hint = f" Give it more: generator.scales: {sorted(wanted | {options.scale})}." if "scales" in takes else ""
            raise OptionsError(f"{key}: {where} has no scale {min(strange)}. Its scales: {known}.{hint}")
    if set(options.scales) == {options.scale}:
        return
    for role, row in options.losses.items():
        if (
            role != "adversarial"
            and "scale" in inspect.signature(lookup(LOSSES, row.type, f"losses.{role}")).parameters
        ):
            raise OptionsError(
                f"losses.{role}: {row.type} is made for one scale, and data.train.scales has {list(options.scales)}."
            )
