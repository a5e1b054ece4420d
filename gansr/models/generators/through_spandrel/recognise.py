"""Which network of the spandrel library do these weights belong to? The library itself tells."""

import importlib.util
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gansr.errors import OptionsError
from gansr.models.architecture import Architecture
from gansr.models.generators.through_spandrel.row import UNFIT
from gansr.models.generators.through_spandrel.rows import ROWS
from gansr.models.generators.through_spandrel.wrapper import Numbers
from gansr.models.shapes import shapes_of


def recognise_by_library(state: Mapping[str, Tensor]) -> Architecture | None:
    """The generator `spandrel/...` whose weights these are, with its scale and arguments, or None.

    The library looks for the names that its architectures have, and reads the arguments from names and shapes. What it
    finds is made once more, by gansr's row and without memory: it has exactly these names and shapes, or it is not the
    one. What weights cannot tell, the library assumes. Files that it renames before it loads them are not recognised. A
    network of one channel is taken to work on Y. Without spandrel nothing is recognised.
    """
    if importlib.util.find_spec("spandrel") is None:
        return None
    found = _detected(state)
    if found is None:
        return None
    folder, hyperparameters = found
    for row in ROWS:
        if row.folder != folder:
            continue
        try:
            scale, arguments = row.read(hyperparameters)
            with torch.device("meta"):
                network = row(scale, **arguments)
        except (OptionsError, *UNFIT):  # another row of this folder, or a network that gansr leaves out
            continue
        if shapes_of(network.state_dict()) == shapes_of(state):
            return _seen_as_y(row.__name__, scale, arguments)
    return None


def _detected(state: Mapping[str, Tensor]) -> tuple[str, Mapping[str, Any]] | None:
    """The folder and the arguments of the library's network for these weights, which is built without memory."""
    from spandrel import MAIN_REGISTRY

    theirs = dict(state)  # the library takes out what it does not need
    support = next((one for one in MAIN_REGISTRY.architectures("detection") if one.detect(theirs)), None)
    if support is None or all(row.folder != support.architecture.id for row in ROWS):
        return None
    try:
        with torch.device("meta"), Numbers(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of weights that are not copied into a network without memory
            model: Any = support.architecture.load(theirs).model
    except UNFIT:  # a stranger that shares some names
        return None
    return support.architecture.id, model.hyperparameters


def _seen_as_y(type: str, scale: int, arguments: dict[str, Any]) -> Architecture:
    """A network of one channel works on Y, and its channels need no mention."""
    channels = {"in_channels", "out_channels"}
    if {arguments.get(name) for name in channels} != {1}:
        return Architecture(type, scale, arguments)
    return Architecture(type, scale, {name: v for name, v in arguments.items() if name not in channels}, "y")
