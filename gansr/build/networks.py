"""Options or weights files -> generators."""

import inspect
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from gansr.errors import OptionsError, WeightsError
from gansr.imaging.resize import reduce
from gansr.models import weights
from gansr.models.architecture import Architecture
from gansr.models.generators import GENERATORS
from gansr.models.luma import OnLuma
from gansr.models.misfit import unknown
from gansr.models.recognise import recognise
from gansr.options.component import build, check, lookup
from gansr.options.schema import GeneratorOptions


@dataclass(frozen=True)
class Loaded:
    """A generator with its weights."""

    network: nn.Module
    architecture: Architecture
    metadata: dict[str, str]

    @property
    def scale(self) -> int:
        """Its magnification."""
        assert self.architecture.scale is not None
        return self.architecture.scale


def make_generator(options: GeneratorOptions, scale: int, where: str) -> nn.Module:
    """The generator that the options describe, with fresh weights."""
    network = build(options, GENERATORS, where, scale=scale, **_channels(options, where))
    return OnLuma(network) if options.colour == "y" else network


def describe_generator(options: GeneratorOptions, scale: int, where: str) -> Architecture:
    """The generator's complete arguments, as its weights file will carry them."""
    arguments = check(options, GENERATORS, where, scale=scale, **_channels(options, where))
    return Architecture(options.type, scale, arguments, options.colour)


def _channels(options: GeneratorOptions, where: str) -> dict[str, int]:
    """What `colour` says of the network's channels."""
    if options.colour == "rgb":
        return {}
    given = {"in_channels": 1, "out_channels": 1}
    if doubled := [name for name in given if name in options.arguments]:
        raise OptionsError(f"{where}: colour: y sets in_channels and out_channels to 1; leave {doubled[0]} out.")
    takes = inspect.signature(lookup(GENERATORS, options.type, where)).parameters
    if not given.keys() <= takes.keys():
        raise OptionsError(f"{where} (type {options.type}): it has a fixed number of channels, so colour is rgb.")
    return given


def load_generator(path: Path, options: GeneratorOptions | None = None, scale: int | None = None) -> Loaded:
    """The generator in a weights file: by its own metadata, by its keys, or as `options` and `scale` say.

    Raises:
        WeightsError: the file is missing or damaged, or says nothing about its architecture.
    """
    content = weights.read(path)
    options, scale = identify(path, content, options, scale)
    if scale is None:
        raise WeightsError(f"{path}: the file does not say its scale: add --scale.")
    where = f"{path}: generator"
    network = make_generator(options, scale, where)
    weights.load_into(network, content, where=str(path))
    made_of = describe_generator(options, scale, where)
    return Loaded(network.eval().requires_grad_(False), made_of, content.metadata)


def identify(
    path: Path, content: weights.Weights, options: GeneratorOptions | None, scale: int | None
) -> tuple[GeneratorOptions, int | None]:
    """The generator of a file's weights and its scale; what `options` and `scale` leave out, the file says.

    The scale is None where the weights fit every scale and nobody says which.
    """
    found = weights.architecture(content.metadata) or recognise(content.state)
    if options is None:
        options = _options(path, content, found)
    elif found is not None and found.type == options.type:
        said = {"colour": found.colour, **found.arguments, **options.model_dump(exclude_unset=True)}
        options = GeneratorOptions.model_validate(said)
    return options, scale or (found.scale if found else None)


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
    """The way back from SR to LR whose network is in a weights file.

    Raises:
        WeightsError: the file has no network of scale 1.
    """
    loaded = load_generator(Path(path))
    if loaded.scale != 1:
        raise WeightsError(
            f"{path}: a network of scale {loaded.scale} cannot bring SR back to LR; expected one of scale 1, which "
            f"changes the look of bicubic LR images."
        )
    return Degradation(loaded.network, scale)


def _options(path: Path, content: weights.Weights, found: Architecture | None) -> GeneratorOptions:
    """What the file says of its network. A user's own class is never imported on a file's word alone."""
    if found is None:
        raise WeightsError(unknown(path, content.state, content.source))
    if found.type not in GENERATORS:
        raise WeightsError(
            f"{path}: made by the generator '{found.type}', which is not one of gansr's. If you trust its code: "
            f"--generator '{{type: \"{found.type}\"}}'."
        )
    return GeneratorOptions.model_validate({"type": found.type, "colour": found.colour, **found.arguments})
