"""Options or weights files -> generators, and networks that make LR."""

import inspect
from collections.abc import Collection
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
from gansr.models.cleaned import Cleaned
from gansr.models.degraders import DEGRADERS
from gansr.models.generators import GENERATORS
from gansr.models.luma import OnLuma
from gansr.models.misfit import unknown
from gansr.models.recognise import any_scale, recognise
from gansr.models.wishes import scales
from gansr.options.component import Component, build, check, lookup
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
        OptionsError: an unknown type, arguments that do not fit, channels that are not those of RGB images, or a
            cleaner of a network that sees brightness alone.
    """
    network = build(options, GENERATORS, where, scale=scale, **_channels(options, where))
    if options.cleaner is not None:
        return Cleaned(build(options.cleaner, GENERATORS, f"{where}.cleaner", scale=1), network)
    return OnLuma(network) if options.colour == "y" else network


def describe_generator(options: NetworkOptions, scale: int, where: str) -> Architecture:
    """The generator's complete arguments, as its weights file will carry them."""
    arguments = check(options, GENERATORS, where, scale=scale, **_channels(options, where))
    cleaner = options.cleaner and {
        "type": options.cleaner.type,
        **check(options.cleaner, GENERATORS, f"{where}.cleaner", scale=1),
    }
    return Architecture(options.type, scale, arguments, options.colour, cleaner)


def describe_degrader(options: Component, scale: int, where: str = "degrader") -> Architecture:
    """The degrader's complete arguments, as its weights file will carry them."""
    return Architecture(options.type, scale, check(options, DEGRADERS, where, scale=scale), kind="degrader")


def _channels(options: NetworkOptions, where: str) -> dict[str, int]:
    """What `colour` says of the network's channels."""
    if options.cleaner is not None:
        _refuse_other_channels(options.cleaner, f"{where}.cleaner", "Leave it out.")
        if options.colour == "y":
            raise OptionsError(
                f"{where}: a cleaner sees RGB, and colour: y is for networks that see brightness alone; leave one out."
            )
    if options.colour == "rgb":
        _refuse_other_channels(options, where, "For a network that sees brightness alone say colour: y.")
        return {}
    given = {"in_channels": 1, "out_channels": 1}
    if doubled := [name for name in given if name in options.arguments]:
        raise OptionsError(f"{where}: colour: y sets in_channels and out_channels to 1; leave {doubled[0]} out.")
    takes = inspect.signature(lookup(GENERATORS, options.type, where)).parameters
    if not given.keys() <= takes.keys():
        raise OptionsError(f"{where} (type {options.type}): it has a fixed number of channels, so colour is rgb.")
    return given


def _refuse_other_channels(options: Component, where: str, way_out: str) -> None:
    for name in ("in_channels", "out_channels"):
        if options.type in GENERATORS and options.arguments.get(name, 3) != 3:
            raise OptionsError(
                f"{where} (type {options.type}): {name} is {options.arguments[name]}; images have 3 (RGB). {way_out}"
            )


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

    Raises:
        WeightsError: the file says nothing about its network, or belongs to a degrader.
    """
    found = weights.architecture(content.metadata) or recognise(content.state)
    if found is not None and found.kind != "generator":
        raise WeightsError(
            f"{path}: the weights of the {found.kind} {found}, which makes LR of HR; expected those of a generator. "
            f"It goes into data.train.degradation: {{type: learned, weights: {path}}}."
        )
    if options is None:
        options = _options(path, content, found)
    elif found is not None and found.type == options.type:
        if options.model_fields_set & {"colour"} and options.colour != found.colour:
            raise OptionsError(f"{path}: its network has colour: {found.colour}, not {options.colour}; leave that out.")
        told = [options.type, *([options.cleaner.type] if options.cleaner else [])]
        options = network_options(found.options() | options.model_dump(exclude_unset=True), str(path))
        _refuse_strangers(path, options, told)
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


class Reducing(nn.Module):
    """A degrader as a function of images: LR alone, without how it was made.

    (B, 3, H, W) in [0, 1] -> (B, 3, H / reduces, W / reduces).
    """

    def __init__(self, network: nn.Module, reduces: int) -> None:
        super().__init__()
        self.network, self.reduces = network, reduces

    def forward(self, hr: Tensor) -> Tensor:
        """What the degrader makes of HR; what it draws comes from PyTorch's random numbers."""
        return self.network(hr).lr


def load_degradation(path: str, scale: int) -> nn.Module:
    """The way back from SR to LR whose network is in a weights file, as `load_look` reads it.

    Raises:
        WeightsError: the file has neither a network of scale 1 nor a degrader of this scale.
    """
    network = load_look(path)
    reduces = getattr(network, "reduces", 1)
    if reduces not in {1, scale}:
        raise WeightsError(f"{path}: a degrader of scale {reduces}; expected one of scale {scale}, as the run's, or 1.")
    return Degradation(network, scale) if reduces == 1 else network


def load_look(path: str) -> nn.Module:
    """A frozen network that changes the look of LR images and not their size, or a degrader.

    Raises:
        WeightsError: the file has neither a network of scale 1 nor a degrader.
    """
    found = weights.architecture(weights.read(path).metadata)
    if found is not None and found.kind == "degrader":
        return load_degrader(Path(path))
    loaded = load_generator(Path(path))
    if loaded.scale != 1:
        raise WeightsError(
            f"{path}: a network of scale {loaded.scale} cannot make LR look like others; expected one of scale 1, "
            f"which changes the look of bicubic LR images."
        )
    return loaded.network


def load_degrader(path: Path) -> Reducing:
    """The degrader in a weights file that says its architecture, frozen: HR -> LR.

    Raises:
        WeightsError: the file is missing or damaged, is of no degrader, or of one that is not ours.
        OptionsError: its arguments are none that the degrader has.
    """
    content = weights.read(path)
    found = weights.architecture(content.metadata)
    if found is None or found.kind != "degrader" or found.scale is None:
        told = f"is of the {found.kind} {found}" if found else "does not say its network"
        raise WeightsError(f"{path}: expected the file of a trained degrader, which says so itself; this one {told}.")
    options = Component.model_validate({"type": found.type, **found.arguments})
    if options.type not in DEGRADERS:
        raise WeightsError(f"{path}: made by the degrader '{options.type}', which is not one of gansr's.")
    network = build(options, DEGRADERS, f"{path}: degrader", scale=found.scale)
    weights.load_into(network, content, where=str(path))
    return Reducing(network, found.scale).eval().requires_grad_(False)


def _options(path: Path, content: weights.Weights, found: Architecture | None) -> NetworkOptions:
    """What the file says of its network. A user's own class is never imported on a file's word alone."""
    if found is None:
        raise WeightsError(unknown(path, content.state, content.source))
    own = network_options(found.options(), f"{path}: generator")
    _refuse_strangers(path, own, ())
    return own


def _refuse_strangers(path: Path, options: NetworkOptions, told: Collection[str]) -> None:
    """Types that are neither ours nor told by the user came from the file, and would be imported."""
    cleaner = [options.cleaner.type] if options.cleaner else []
    for key, type in zip(("", "cleaner: "), (options.type, *cleaner), strict=False):
        if type not in GENERATORS and type not in told:
            inner = f'{{type: "{type}"}}'
            asked = f"{{type: {options.type}, {key}{inner}}}" if key else inner
            raise WeightsError(
                f"{path}: made by the generator '{type}', which is not one of gansr's. If you trust its code: "
                f"--generator '{asked}'."
            )
