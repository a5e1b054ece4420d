"""What a run leaves behind for use: the generator with all that belongs to it, and what its files say of it."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import nn

import gansr
from gansr.build.making.networks import describe_degrader, describe_generator
from gansr.models import weights
from gansr.models.architecture import Architecture
from gansr.models.cleaned import Cleaned
from gansr.options.component import Component
from gansr.options.schema import Options
from gansr.training.recipe import Recipe

BEST, LAST, DEGRADER = "best.safetensors", "last.safetensors", "degrader.safetensors"

SHIPPED = "shipped"
"""The name for the whole of what is used in the end, beside those of the networks in checkpoints."""


def shipped(recipe: Recipe) -> nn.Module:
    """The best generator, behind its cleaner where the recipe has one."""
    networks = recipe.players[0].best_networks()
    return Cleaned(networks["cleaner"], networks["generator"]) if "cleaner" in networks else networks["generator"]


def degrader_of(recipe: Recipe) -> nn.Module | None:
    """The network that made LR of HR, where there is one."""
    found = [player.best_networks()["degrader"] for player in recipe.players if "degrader" in player.networks]
    return found[0] if found else None


def written_before(stages: Sequence[Options]) -> list[set[Path]]:
    """For each stage the weights files that those before it will have written."""
    found: list[set[Path]] = [set()]
    for options in stages[:-1]:
        names = [LAST] + [BEST] * bool(options.tracked) + [DEGRADER] * ("degrader" in options.making)
        found.append(found[-1] | {options.folder / name for name in names})
    return found


def metadata(options: Options, network: str, step: int) -> dict[str, str]:
    """Of a weights file: enough to use it without options, and to know where it came from.

    Args:
        options: of the stage
        network: SHIPPED, or the name of a network
        step: steps taken
    """
    made = {
        "name": options.title,
        "recipe": options.recipe,
        "step": str(step),
        "seed": str(options.seed),
        "gansr": gansr.__version__,
        "torch": str(torch.__version__),
    }
    if network == SHIPPED:
        return weights.describe(architecture(options), **made)
    if network == "generator":
        return weights.describe(describe_generator(options.generator, options.scale, network), **made)
    if network == "cleaner":
        return weights.describe(describe_generator(getattr(options, network), 1, network), **made)
    if network in options.making:
        scale = 1 if network == "lr_degrader" else options.scale
        return weights.describe(describe_degrader(options.making[network], scale, network), **made)
    return made


def architecture(options: Options) -> Architecture:
    """Of what is used in the end."""
    generator, cleaner = options.generator, getattr(options, "cleaner", None)
    if cleaner is not None:
        component = Component.model_validate({"type": cleaner.type, **cleaner.arguments})
        generator = generator.model_copy(update={"cleaner": component})
    return describe_generator(generator, options.scale, "generator")
