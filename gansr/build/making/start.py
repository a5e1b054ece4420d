"""Weights files -> the networks of a stage, before it begins."""

from pathlib import Path

from torch import nn

from gansr.models import weights
from gansr.models.cleaned import Cleaned
from gansr.models.shapes import DOZEN, sample
from gansr.options.schema import Options
from gansr.options.sections import DiscriminatorOptions, GeneratorOptions, MakerOptions

Networks = dict[str, nn.Module]


def load_start(options: Options, networks: Networks, inherited: Path | None) -> list[str]:
    """Fill the networks with the weights that the options name, or those of the stage before.

    Returns a line for each network whose `strict: false` left something out.

    Raises:
        WeightsError: a file is missing or damaged, or does not fit.
    """
    named: dict[str, GeneratorOptions | DiscriminatorOptions | MakerOptions] = {
        "generator": options.generator,
        **options.judges,
        **options.making,
    }
    if (cleaner := getattr(options, "cleaner", None)) is not None:
        named["cleaner"] = cleaner
    left_out = {
        name: fill(networks, name, one.weights, f"{name}.weights ({one.weights})", one.strict)
        for name, one in named.items()
        if one.weights is not None
    }
    if inherited is not None and options.generator.weights is None:
        where = f"generator (from the stage before, {inherited})"
        left_out["generator"] = fill(networks, "generator", inherited, where, options.generator.strict)
    return [f"{name}: {sample('weights left out', names, DOZEN)}" for name, names in left_out.items() if names]


def fill(networks: Networks, name: str, file: Path, where: str, strict: bool) -> list[str]:
    """Fill a network; with the file of a generator behind a cleaner, the recipe's own cleaner too."""
    found = weights.read(file)
    network = networks[name]
    if name == "generator" and "cleaner" in networks and any(key.startswith("cleaner.") for key in found.state):
        network = Cleaned(networks["cleaner"], network)
    return weights.load_into(network, found, where, strict)
