"""Weights in files: read what the field writes, refuse what does not fit, write safetensors whole."""

import json
import os
import pickle
import re
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from gansr.errors import StorageError, WeightsError
from gansr.models.architecture import Architecture, architecture, describe
from gansr.models.misfit import misfit
from gansr.models.pickles import refusal
from gansr.models.readings import Reading, fitting, in_our_names, readings
from gansr.models.shapes import Mismatch, Shapes, shapes_of
from gansr.models.wrappings import State, outline, table, unwrapped

__all__ = [
    "Architecture",
    "Weights",
    "architecture",
    "describe",
    "load_into",
    "pack",
    "read",
    "read_pickle",
    "tensors",
    "unwrapped",
    "write",
]


@dataclass(frozen=True)
class Weights:
    """A file's tensors on the CPU under the names that they have there, and the text that it carries beside them."""

    raw: dict[str, Tensor]
    metadata: dict[str, str]

    @cached_property
    def reading(self) -> Reading:
        """What the tensors are under our names. Those of a file that says itself what it is have them already."""
        return Reading(self.raw) if self.ours else in_our_names(self.raw)

    @property
    def ours(self) -> bool:
        """Does the file say what it is?"""
        return architecture(self.metadata) is not None

    @property
    def state(self) -> dict[str, Tensor]:
        """The tensors by the names of today."""
        return self.reading.state

    @property
    def source(self) -> str | None:
        """Whose names they had, if not ours."""
        return self.reading.source


def read(path: str | Path) -> Weights:
    """The weights in a .safetensors, .pth or .pt file.

    Of a checkpoint's parts `params_ema` is taken, or else `params`, or else `state_dict` and so on. Raises
    WeightsError if there is no such file, it is damaged, it would run code, or it holds no tensors.
    """
    path = Path(path)
    readers = {".safetensors": read_safetensors, ".pth": read_pickle, ".pt": read_pickle}
    if path.is_dir():
        found = sorted(one.name for one in path.iterdir() if one.suffix in readers)
        held = f"it holds {', '.join(found[:3])}{', ...' if len(found) > 3 else ''}" if found else "it holds none"
        raise WeightsError(f"{path}: this is a folder; name a file of weights in it ({held}).")
    if path.suffix not in readers:
        raise WeightsError(f"{path}: weights are read from {', '.join(readers)} files, not '{path.suffix}'.")
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file of weights.")
    content, metadata = readers[path.suffix](path)
    return Weights(tensors(path, content), metadata)


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: damaged or cut short, not a readable safetensors file ({error}).") from error


def read_pickle(path: Path) -> tuple[Any, dict[str, str]]:
    """Whatever was saved, as long as it is data and not code."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of pickles that `torch.save` does not write: refused below
            return torch.load(path, map_location="cpu", weights_only=True), {}
    except Exception as error:  # damaged pickles have made it raise nearly all kinds
        if found := refusal(path, str(error)):
            raise WeightsError(f"{path}: {found}") from error
        if isinstance(error, pickle.UnpicklingError):
            raise WeightsError(f"{path}: damaged, or not a file of weights that PyTorch saved.") from error
        reason = re.split(r"\. |\n", str(error))[0] or "it is empty"
        raise WeightsError(f"{path}: damaged or cut short, not a readable PyTorch file ({reason}).") from error


def tensors(path: Path, content: Any) -> dict[str, Tensor]:
    """The tensors by name in what a file held."""
    if found := table(content):
        return found
    raise WeightsError(
        f"{path}: holds no table of tensors by name, but {outline(content)}. It is perhaps a training checkpoint of "
        "another kind."
    )


def load_into(network: nn.Module, found: Mapping[str, Tensor] | Weights, where: str, strict: bool = True) -> list[str]:
    """Copy weights into a network. `where` begins the message of an error: the option or the file.

    Tensors by name are taken as they are; a file's may be named as other projects do. Strict, every name and shape must
    fit. Otherwise what fits is loaded, and the names that found no partner, the network's and the file's, are returned.
    So are those of other networks in a file that has several. Raises WeightsError, and then the network is as it was.
    """
    own = network.state_dict()
    reading, differs = _fitting(shapes_of(own), found)
    state = reading.state
    fitting = {name: state[name] for name in own if name in state and own[name].shape == state[name].shape}
    if differs and (strict or not fitting):
        raise WeightsError(
            f"{where}: {misfit(network, state, reading.source, differs, loose=isinstance(found, Weights))}"
        )
    if unsound := _unsound(own, fitting, found.raw if isinstance(found, Weights) else found):
        raise WeightsError(f"{where}: {unsound}")
    if not any(value.is_meta for value in own.values()):  # there is nothing to fill on the meta device
        network.load_state_dict(fitting, strict=False)
    return [*differs.names, *reading.others]


def _fitting(own: Shapes, found: Mapping[str, Tensor] | Weights) -> tuple[Reading, Mismatch]:
    """How to read the tensors for a network with these names and shapes, and what still differs."""
    plain = [Reading(dict(found.raw if isinstance(found, Weights) else found))]
    if isinstance(found, Weights) and not found.ours:
        return fitting(own, chain(readings(found.raw), plain))
    return fitting(own, plain)


def _unsound(own: State, state: State, raw: Mapping[str, Tensor]) -> str | None:
    """What makes a tensor useless as a weight, by the name that the file has for it; None: nothing."""
    for name, value in state.items():
        if own[name].is_floating_point() and (fault := _fault(value)):
            return f"{next((theirs for theirs, tensor in raw.items() if _fault(tensor) == fault), name)} {fault}"
    return None


def _fault(value: Tensor) -> str | None:
    if not value.is_floating_point():
        kind = str(value.dtype).removeprefix("torch.")
        return f"is of type {kind}, as in a quantised network. Weights are numbers in floating point here."
    if not value.isfinite().all():
        return "has values that are not finite (NaN or infinity), so this file is of no use."
    return None


def pack(state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """The content of a safetensors file, serialised in memory: as much memory as the weights take.

    The same weights give the same bytes: the library writes the metadata in random order, we in ours.
    """
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    content = safetensors.torch.save(plain, metadata=dict(metadata))
    end = 8 + int.from_bytes(content[:8], "little")  # the header's length, the header, the tensors
    header = json.dumps(json.loads(content[8:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[end:]


def write(path: str | Path, state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write a safetensors file that is complete or not there: a temporary file takes its place at the end.

    Python does the writing, since only then a full disk is an OSError. Raises StorageError; a file that was
    there before is then untouched.
    """
    path = Path(path)
    content = pack(state, metadata)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"{path}: could not be written ({error.strerror or error}). It needs {len(content) / 1e6:.1f} "
            f"MB, {free(path.parent) / 1e6:.1f} MB are free there."
        ) from error


def free(folder: Path) -> int:
    """Bytes free on the disk of the folder, or of its nearest parent that exists."""
    return shutil.disk_usage(next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())).free
