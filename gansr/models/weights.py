"""Weights in files: read what the field writes, refuse what does not fit, write safetensors whole."""

import json
import os
import pickle
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from gansr.errors import StorageError, WeightsError
from gansr.models.architecture import Architecture, architecture, describe
from gansr.models.foreign import translate
from gansr.models.luma import OnLuma
from gansr.models.recognise import nearest, recognise
from gansr.models.shapes import compare, shapes_of

__all__ = ["Architecture", "Weights", "architecture", "describe", "load_into", "pack", "read", "write"]

CONTAINERS = ("params_ema", "params", "ema_state_dict", "state_dict", "model_state_dict", "model", "net", "generator")
"""Where other projects keep the weights inside a checkpoint, best first."""

WRAPPERS = ("module.", "_orig_mod.")
"""What wrapping a network (for several devices, for compilation) puts before its names."""

HOLDERS = ("model.", "generator.", "netG.", "net_g.", "net.", "network.")
"""What a class that holds a network puts before all of its names; taken off where the names mean nothing with it."""

AVERAGED = "n_averaged"
"""A counter that torch's AveragedModel keeps among the weights."""

SIGNS_OF_CODE = ("GLOBAL", "Unsupported class", "unrecognized function")
"""What PyTorch's complaint says when a pickle asks for more than data."""


@dataclass(frozen=True)
class Weights:
    """Tensors on the CPU by name, the text that the file carries beside them, and whose names they had, if not ours."""

    state: dict[str, Tensor]
    metadata: dict[str, str]
    source: str | None = None


def read(path: str | Path) -> Weights:
    """The weights in a .safetensors, .pth or .pt file, with the names of today.

    Of a checkpoint's parts `params_ema` is taken, or else `params`, or else `state_dict`. Raises WeightsError
    if there is no such file, it is damaged, it would run code, or it holds no tensors.
    """
    path = Path(path)
    readers = {".safetensors": read_safetensors, ".pth": read_pickle, ".pt": read_pickle}
    if path.suffix not in readers:
        raise WeightsError(f"{path}: weights are read from {', '.join(readers)} files, not '{path.suffix}'.")
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file of weights.")
    content, metadata = readers[path.suffix](path)
    state, source = in_our_names({unwrapped(name): value for name, value in tensors(path, content)})
    return Weights(state, metadata, source)


def in_our_names(state: dict[str, Tensor]) -> tuple[dict[str, Tensor], str | None]:
    """The weights under our names, and whose names they had; what all names begin with may be a holder's name."""
    translated, source = translate(state)
    holder = next((holder for holder in HOLDERS if all(name.startswith(holder) for name in state)), None)
    if source is None and holder is not None:
        bare, source = translate({name.removeprefix(holder): value for name, value in state.items()})
        if source is not None or nearest(bare) is not None:  # a discriminator may well begin all its names so
            return bare, source
    return translated, source


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
        return torch.load(path, map_location="cpu", weights_only=True), {}
    except pickle.UnpicklingError as error:
        if any(sign in str(error) for sign in SIGNS_OF_CODE) or _is_newer_pickle(path, error):
            raise WeightsError(
                f"{path}: refused, because reading it would run code stored in it, not only load tensors. "
                "Ask its author for a plain state dict or a .safetensors file."
            ) from error
        raise WeightsError(f"{path}: damaged, or not a file of weights that PyTorch saved.") from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError) as error:
        reason = re.split(r"\. |\n", str(error))[0] or "it is empty"
        raise WeightsError(f"{path}: damaged or cut short, not a readable PyTorch file ({reason}).") from error


def _is_newer_pickle(path: Path, error: Exception) -> bool:
    """Is it a pickle that `torch.save` does not write? Those are read for their code as soon as for their data."""
    with path.open("rb") as file:
        return file.read(1) == b"\x80" and "Unsupported operand" in str(error)


def tensors(path: Path, content: Any) -> list[tuple[str, Tensor]]:
    """The tensors by name in what a file held."""
    if isinstance(content, Mapping):
        inner = next((content[key] for key in CONTAINERS if isinstance(content.get(key), Mapping)), content)
        if inner and all(isinstance(name, str) and isinstance(value, Tensor) for name, value in inner.items()):
            return [(name, value) for name, value in inner.items() if name != AVERAGED]
    raise WeightsError(
        f"{path}: holds no table of tensors by name, neither directly nor under {', '.join(CONTAINERS)}. "
        "It is perhaps a training checkpoint of another kind."
    )


def unwrapped(name: str) -> str:
    """The name as the bare network has it."""
    while prefix := next((prefix for prefix in WRAPPERS if name.startswith(prefix)), None):
        name = name.removeprefix(prefix)
    return name


def load_into(network: nn.Module, state: Mapping[str, Tensor], where: str, strict: bool = True) -> list[str]:
    """Copy weights into a network. `where` begins the message of an error: the option or the file.

    Strict, every name and shape must fit. Otherwise what fits is loaded, and the names that found no partner,
    the network's and the file's, are returned. Raises WeightsError, and then the network is as it was.
    """
    own = network.state_dict()
    fitting = {name: state[name] for name in own if name in state and own[name].shape == state[name].shape}
    differs = compare(shapes_of(own), shapes_of(state))
    if differs and (strict or not fitting):
        raise WeightsError(f"{where}: these weights do not fit {_title(network)}: {differs}. {resemblance(state)}")
    if not any(value.is_meta for value in own.values()):  # there is nothing to fill on the meta device
        network.load_state_dict(fitting, strict=False)
    return differs.missing + differs.unexpected + [line.partition(": ")[0] for line in differs.misshapen]


def _title(network: nn.Module) -> str:
    """The name of its class, or of the network that a wrapper makes no names for."""
    return type(network.network if isinstance(network, OnLuma) else network).__name__


def resemblance(state: Mapping[str, Tensor]) -> str:
    """What the weights look like instead."""
    found = recognise(state)
    if found is None:
        return "The file looks like another architecture, or the same with other arguments."
    return f"The file looks like {found}."


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
