"""Options or weights files -> generators."""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from gansr.errors import OptionsError, WeightsError
from gansr.imaging.resize import reduce
from gansr.models import weights
from gansr.models.architecture import Architecture
from gansr.models.generators import GENERATORS
from gansr.models.luma import OnLuma
from gansr.models.misfit import unknown
from gansr.models.recognise import any_scale, recognise
from gansr.models.wishes import scales
from gansr.options.component import build, check, lookup
from gansr.options.explain import explain
from gansr.options.sections import NetworkOptions


@dataclass(frozen=True)
class Loaded:
    """A generator with its weights."""

    network: nn.Module
    architecture: Architecture
    metadata: dict[str, str]
    scale: int  # that was asked for; the architecture's own where the network has one alone


def make_generator(options: NetworkOptions, scale: int, where: str) -> nn.Module:
    """The generator that the options describe, with fresh weights.

    Raises:
        OptionsError: an unknown type, arguments that do not fit, or channels that are not those of RGB images.
    """
    network = build(options, GENERATORS, where, scale=scale, **_channels(options, where))
    return OnLuma(network) if options.colour == "y" else network


def describe_generator(options: NetworkOptions, scale: int, where: str) -> Architecture:
    """The generator's complete arguments, as its weights file will carry them."""
    arguments = check(options, GENERATORS, where, scale=scale, **_channels(options, where))
    return Architecture(options.type, scale, arguments, options.colour)


def _channels(options: NetworkOptions, where: str) -> dict[str, int]:
    """What `colour` says of the network's channels."""
    if options.colour == "rgb":
        for name in ("in_channels", "out_channels"):
            if options.type in GENERATORS and options.arguments.get(name, 3) != 3:
                raise OptionsError(
                    f"{where} (type {options.type}): {name} is {options.arguments[name]}; images have 3 (RGB). "
                    f"For a network that sees brightness alone leave {name} out and say colour: y."
                )
        return {}
    given = {"in_channels": 1, "out_channels": 1}
    if doubled := [name for name in given if name in options.arguments]:
        raise OptionsError(f"{where}: colour: y sets in_channels and out_channels to 1; leave {doubled[0]} out.")
    takes = inspect.signature(lookup(GENERATORS, options.type, where)).parameters
    if not given.keys() <= takes.keys():
        raise OptionsError(f"{where} (type {options.type}): it has a fixed number of channels, so colour is rgb.")
    return given


def load_generator(path: Path, options: NetworkOptions | None = None, scale: int | None = None) -> Loaded:
    """The generator in a weights file: by its own metadata, by its keys, or as `options` and `scale` say.

    Raises:
        WeightsError: the file is missing or damaged, or says nothing about its architecture.
    """
    content = weights.read(path)
    options, own = identify(path, content, options, scale)
    where = f"{path}: generator"
    if own is None:
        raise WeightsError(f"{path}: the file does not say its scale: add --scale{_choices(options, where)}.")
    several = options.arguments.get("scales")
    network = make_generator(options, own if not several or own in several else max(several), where)
    if scale not in {None, *(scales(network) or (own,))}:
        known = ", ".join(map(str, scales(network) or (own,)))
        raise OptionsError(f"--scale {scale}: {path} enlarges by {known}. Leave --scale out, or take other weights.")
    weights.load_into(network, content, where=str(path))
    made_of = describe_generator(options, own, where)
    return Loaded(network.eval().requires_grad_(False), made_of, content.metadata, scale or own)


def _choices(options: NetworkOptions, where: str) -> str:
    """Which scales a network whose weights fit several has, in words."""
    with torch.device("meta"):
        found = scales(make_generator(options, any_scale(options.arguments), where))
    return f", one of {', '.join(map(str, found))}" if found else ""


def identify(
    path: Path, content: weights.Weights, options: NetworkOptions | None, scale: int | None
) -> tuple[NetworkOptions, int | None]:
    """The generator of a file's weights and the scale it was made for; what `options` leave out, the file says.

    Only weights that fit every scale, or of a network that the file does not know, get the scale that was asked for;
    None where nobody says one.
    """
    found = weights.architecture(content.metadata) or recognise(content.state)
    if options is None:
        options = _options(path, content, found)
    elif found is not None and found.type == options.type:
        if options.model_fields_set & {"colour"} and options.colour != found.colour:
            raise OptionsError(f"{path}: its network has colour: {found.colour}, not {options.colour}; leave that out.")
        options = network_options(found.options() | options.model_dump(exclude_unset=True), str(path))
    else:
        return options, scale or (found.scale if found else None)
    return options, (found.scale if found else None) or scale


def network_options(found: dict[str, Any], where: str) -> NetworkOptions:
    """A generator by name with its arguments, as a command or a file has it.

    Raises:
        OptionsError: a value of the wrong type.
    """
    try:
        return NetworkOptions.model_validate(found)
    except ValidationError as error:
        raise OptionsError(explain(error, NetworkOptions, where)) from None


class Degradation(nn.Module):
    """HR -> LR: bicubic, and then a network that changes the look of LR images, as DSGAN's does.

    (B, 3, H, W) in [0, 1] -> (B, 3, H/scale, W/scale).
    """

    def __init__(self, network: nn.Module, scale: int) -> None:
        super().__init__()
        self.network, self.scale = network, scale

    def forward(self, image: Tensor) -> Tensor:
        """Shrink and change the image."""
        return self.network(reduce(image, self.scale))


def load_degradation(path: str, scale: int) -> Degradation:
    """The way back from SR to LR whose network is in a weights file, as `load_look` reads it."""
    return Degradation(load_look(path), scale)


def load_look(path: str) -> nn.Module:
    """A frozen network that changes the look of LR images, and not their size.

    Raises:
        WeightsError: the file has no network of scale 1.
    """
    loaded = load_generator(Path(path))
    if loaded.scale != 1:
        raise WeightsError(
            f"{path}: a network of scale {loaded.scale} cannot make LR look like others; expected one of scale 1, "
            f"which changes the look of bicubic LR images."
        )
    return loaded.network


def _options(path: Path, content: weights.Weights, found: Architecture | None) -> NetworkOptions:
    """What the file says of its network. A user's own class is never imported on a file's word alone."""
    if found is None:
        raise WeightsError(unknown(path, content.state, content.source))
    if found.type not in GENERATORS:
        raise WeightsError(
            f"{path}: made by the generator '{found.type}', which is not one of gansr's. If you trust its code: "
            f"--generator '{{type: \"{found.type}\"}}'."
        )
    return network_options(found.options(), f"{path}: generator")
