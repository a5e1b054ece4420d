"""A network of the spandrel library as a row of the table of generators, with a signature of its own."""

import importlib
import inspect
import typing
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from types import MappingProxyType, ModuleType
from typing import Any, Literal

import torch
from torch import nn

from gansr.errors import OptionsError
from gansr.models.generators.through_spandrel.wrapper import Numbers, ThroughSpandrel
from gansr.models.layers.checks import check_positive, check_scale

SCALES = (1, 2, 3, 4, 8)
NOTHING: Mapping[str, Any] = MappingProxyType({})
Arguments = Mapping[str, Any]
"""The library's, by its names."""
Parameter = inspect.Parameter
UNFIT = (ArithmeticError, AssertionError, LookupError, RuntimeError, TypeError, ValueError)
"""What the library raises where arguments do not fit, in its constructors and later."""


class Row:
    """An architecture of spandrel: called with a scale and arguments, it makes a `ThroughSpandrel`.

    Its signature is that of the library's class, read when it is asked for and not before: `scale` first, then the
    library's arguments with types and defaults, those left out that YAML cannot express or that do nothing, then
    `in_channels` and `out_channels`, where the library can have others than three.

    Args:
        name: of the architecture
        about: first line of the documentation
        scale: the library's name of the scale
        inputs: its name of the number of input channels; None: they are three
        outputs: its name of the number of output channels; None: as many as there are inputs
        alike: outputs have a name of their own, but the network's formula asks for as many as there are inputs
        folder: in `spandrel.architectures`, if it has another name
        pattern: the class whose signature it is, if it has another name
        make: (folder, scale, arguments) -> the library's network, if it is not the one class
        types: of arguments that have neither an annotation nor a default that tells
        defaults: where there is none, or one that enlarges nothing
        also: further arguments that `make` understands, and their defaults
        without: arguments that do nothing, or that only their default suits
        per_layer: arguments that are as long as one another
        scales: which it can do, by its arguments
        needs: (least side, multiple) of the images it takes, by its arguments: what the library's descriptors say,
            and more where they forget an argument
        refuse: what else does not go together, as the rest of a sentence
        repair: changes the new network
    """

    def __init__(
        self,
        name: str,
        about: str,
        scale: str = "upscale",
        inputs: str | None = "in_chans",
        outputs: str | None = None,
        alike: bool = False,
        folder: str | None = None,
        pattern: str | None = None,
        make: Callable[[ModuleType, int, dict[str, Any]], nn.Module] | None = None,
        types: Mapping[str, Any] = NOTHING,
        defaults: Mapping[str, Any] = NOTHING,
        also: Mapping[str, Any] = NOTHING,
        without: Collection[str] = (),
        per_layer: tuple[str, ...] = (),
        scales: Callable[[Arguments], Collection[int]] = lambda _: SCALES,
        needs: Callable[[Arguments], tuple[int, int]] = lambda _: (1, 1),
        refuse: Callable[[Arguments], str | None] = lambda _: None,
        repair: Callable[[nn.Module], None] = lambda _: None,
    ) -> None:
        self.__name__ = f"spandrel/{name}"
        self.__doc__ = f"{about}, in the spandrel library's code."
        self.folder, self.pattern, self.make = folder or name, pattern or name, make
        self.scale, self.inputs, self.outputs, self.alike = scale, inputs, outputs, alike or outputs is None
        self.types, self.defaults, self.also, self.without = types, defaults, also, without
        self.per_layer, self.scales, self.needs, self.refuse, self.repair = per_layer, scales, needs, refuse, repair

    @property
    def __signature__(self) -> inspect.Signature:
        """What users may say.

        Raises:
            OptionsError: spandrel is not installed.
        """
        elsewhere = {self.scale, self.inputs, self.outputs, *self.without}
        own = [self._argument(one) for name, one in self._library().items() if name not in elsewhere]
        own += [_parameter(name, type(default), default) for name, default in self.also.items()]
        own += [_parameter(name, int, 3) for name in (("in_channels", "out_channels") if self.inputs else ())]
        return inspect.Signature([_parameter("scale", int), *own], return_annotation=ThroughSpandrel)

    def __call__(self, scale: int, **arguments: Any) -> ThroughSpandrel:
        """The network with fresh weights.

        Raises:
            OptionsError: spandrel is not installed, or has no such network.
        """
        given = self._complete(scale, arguments)
        check_scale(self._title(given), scale, self.scales(given))
        if sentence := self.refuse(given | {"scale": scale}):
            raise OptionsError(f"{self.__name__}: {sentence}.")
        with torch.device("meta"):
            tried = self._wrapped(scale, given)
            self._try(tried, scale, given)
        return tried if torch.get_default_device().type == "meta" else self._wrapped(scale, given)

    def _wrapped(self, scale: int, given: dict[str, Any]) -> ThroughSpandrel:
        with self._complaining(given), Numbers():
            network = self._make(scale, given)
        if empty := [name for name, one in network.named_parameters() if not one.numel()]:
            raise OptionsError(f"{self.__name__}: too few channels: nothing is left of {empty[0]}.")
        self.repair(network)
        return ThroughSpandrel(network, scale, *self.needs(given), title=self.__name__)

    def _try(self, network: ThroughSpandrel, scale: int, given: Arguments) -> None:
        """Enlarge one pixel without values: much of the library looks at its arguments in the forward pass."""
        inputs = given.get(self.inputs or "", 3)
        with self._complaining(given), torch.no_grad():
            found = tuple(network.eval()(torch.empty(1, inputs, 1, 1)).shape)
        network.train()
        expected = (1, given.get(self.outputs or "", inputs), scale, scale)
        if found != expected:
            raise OptionsError(
                f"{self.__name__}: with these arguments the library's network makes {found} of (1, {inputs}, 1, 1), "
                f"and not {expected}."
            )

    @contextmanager
    def _complaining(self, given: Arguments) -> Iterator[None]:
        """The library's mistakes are the arguments'; what PyTorch thinks of the library's idioms helps no user."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except UNFIT as error:
            reason = str(error).strip().split("\n", maxsplit=1)[0].rstrip(".") or type(error).__name__
            width = given.get("embed_dim")
            heads = [name for name in self.per_layer if "heads" in name and any(width % one for one in given[name])]
            hint = f" Perhaps {heads[0]} should divide embed_dim, which is {width}." if heads else ""
            raise OptionsError(f"{self.__name__}: these arguments do not fit together: {reason}.{hint}") from error

    def read(self, hyperparameters: Arguments) -> tuple[int, dict[str, Any]]:
        """Scale and arguments of a network that the library made."""
        scale = hyperparameters[self.scale] // hyperparameters.get("start_unshuffle", 1)
        names = {"in_channels": self.inputs, "out_channels": self.outputs or self.inputs}
        asked = [name for name in inspect.signature(self).parameters if name != "scale"]
        found = {name: hyperparameters.get(names.get(name) or name, self.also.get(name)) for name in asked}
        return scale, {name: _plain(value) for name, value in found.items()}

    def _make(self, scale: int, given: dict[str, Any]) -> nn.Module:
        if self.make is not None:
            return self.make(self._module(), scale, given)
        magnification = scale * given.get("start_unshuffle", 1)  # what is folded has to be unfolded too
        return getattr(self._module(), self.pattern)(**given, **{self.scale: magnification})

    def _complete(self, scale: int, arguments: Arguments) -> dict[str, Any]:
        """The library's arguments without the scale, by its names, defaults filled in."""
        signature = inspect.signature(self)
        bound = signature.bind(scale, **arguments)
        bound.apply_defaults()
        said = {name: value for name, value in bound.arguments.items() if name != "scale"}
        for name, value in said.items():
            self._check(signature.parameters[name], value)
        if len({len(said[name]) for name in self.per_layer}) > 1:
            lengths = " and ".join(f"{name} has {len(said[name])}" for name in self.per_layer)
            raise OptionsError(f"{self.__name__}: {lengths} numbers; expected as many, one for each group of blocks.")
        inputs, outputs = said.pop("in_channels", 3), said.pop("out_channels", 3)
        if self.alike and inputs != outputs:
            raise OptionsError(
                f"{self.__name__}: in_channels is {inputs} and out_channels is {outputs}; the library's network has "
                "as many out as in."
            )
        said |= {name: value for name, value in ((self.inputs, inputs), (self.outputs, outputs)) if name}
        # Some of the library's code adds lists to its arguments.
        lists = {name for name, one in self._library().items() if isinstance(one.default, list)}
        return {name: list(value) if name in lists else value for name, value in said.items()}

    def _check(self, parameter: Parameter, value: Any) -> None:
        """What a type cannot say, and for callers who come without options: what it could."""
        name, kind = parameter.name, parameter.annotation
        if typing.get_origin(kind) is Literal and value not in typing.get_args(kind):
            choices = ", ".join(repr(choice) for choice in typing.get_args(kind))
            raise OptionsError(f"{self.__name__}: {name} is {value!r}; expected one of {choices}.")
        # Where zeros are allowed, the default is one.
        if kind is int or (kind == tuple[int, ...] and 0 not in parameter.default):
            for number in value if isinstance(value, tuple | list) else (value,):
                check_positive(self.__name__, **{name: number})

    def _module(self) -> ModuleType:
        try:
            return importlib.import_module(f"spandrel.architectures.{self.folder}")
        except ModuleNotFoundError as error:
            if not str(error.name).startswith("spandrel"):  # something else that the library needs
                raise
            missing = "is not installed" if find_spec("spandrel") is None else "has no such network yet"
            raise OptionsError(
                f"{self.__name__}: the spandrel library {missing}: pip install --upgrade 'gansr[spandrel]'."
            ) from None

    def _library(self) -> dict[str, Parameter]:
        """The constructor's arguments that are values, with annotations as objects."""
        network = getattr(self._module(), self.pattern)
        return {one.name: one for one in _parameters(network) if one.default is one.empty or not callable(one.default)}

    def _argument(self, one: Parameter) -> Parameter:
        default = _plain(self.defaults.get(one.name, one.default))
        kind = self.types.get(one.name)
        if kind is None:
            kind = _type(one.default) if one.annotation is one.empty else _as_tuples(one.annotation)
        return _parameter(one.name, kind, float(default) if kind is float else default)

    def _title(self, given: Arguments) -> str:
        """The name, and what of the arguments decides about scales."""
        decides = [name for name in ("upsampler", "upsampler_type", "start_unshuffle") if name in given]
        if not decides or set(self.scales(given)) == set(SCALES):
            return self.__name__
        return f"{self.__name__} ({', '.join(f'{name}: {given[name]!r}' for name in decides)})"


def _parameters(network: type[nn.Module]) -> Iterator[Parameter]:
    hints = typing.get_type_hints(network.__init__)
    for name, one in inspect.signature(network.__init__).parameters.items():
        if name != "self":
            yield one.replace(annotation=hints.get(name, one.empty))


def _parameter(name: str, kind: Any, default: Any = Parameter.empty) -> Parameter:
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=kind)


def _type(value: Any) -> Any:
    """The type of a default: of sequences, what they hold."""
    return tuple[type(value[0]), ...] if isinstance(value, list | tuple) else type(value)


def _as_tuples(kind: Any) -> Any:
    """An annotation with tuples in the place of other sequences."""
    is_sequence = typing.get_origin(kind) in {list, typing.get_origin(typing.Sequence[int])}
    return tuple[typing.get_args(kind)[0], ...] if is_sequence else kind


def _plain(value: Any) -> Any:
    """Lists as tuples, which nobody changes."""
    return tuple(value) if isinstance(value, list) else value
