"""Files of blur kernels that users bring."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gansr.errors import OptionsError

EXPECTED = "expected (count, side, side) with an odd side"


def read_kernels(file: Path) -> Tensor:
    """Kernels from a .npy, .npz or .pth file, each divided by its sum: (count, side, side), float32.

    Raises:
        OptionsError: no such file, another format, or numbers that are no kernels.
    """
    if not file.is_file():
        raise OptionsError(f"file: there is no file {file}.")
    found = _read(file)
    if not isinstance(found, Tensor) or found.is_complex() or found.dtype == torch.bool:
        raise OptionsError(f"file: {file} holds no array of numbers; {EXPECTED}.")
    if found.dim() != 3 or found.shape[1] != found.shape[2] or found.shape[1] % 2 == 0 or not found.numel():
        raise OptionsError(f"file: {file} holds numbers of shape {tuple(found.shape)}; {EXPECTED}.")
    kernels = found.detach().double()
    for wrong, flags in (
        ("values that are not finite", ~kernels.isfinite().all((1, 2))),
        ("a sum that is not above 0, so that it cannot become 1", kernels.sum((1, 2)) <= 0),
    ):
        if flags.any():
            raise OptionsError(f"file: {file}: kernel number {int(flags.int().argmax())} has {wrong}.")
    return (kernels / kernels.sum((1, 2), keepdim=True)).float()


def _read(file: Path) -> object:
    try:
        match file.suffix.lower():
            case ".npy":
                return torch.from_numpy(np.load(file, allow_pickle=False))
            case ".npz":
                with np.load(file, allow_pickle=False) as arrays:
                    return _only(file, {name: torch.from_numpy(arrays[name]) for name in arrays.files})
            case ".pth" | ".pt":
                found = torch.load(file, map_location="cpu", weights_only=True)
                return _only(file, found) if isinstance(found, dict) else found
    except OptionsError:
        raise
    except Exception as error:  # noqa: BLE001 -- each reader has its own, of a broken file
        raise OptionsError(f"file: {file} cannot be read: {' '.join(str(error).split())[:200]}") from None
    raise OptionsError(f"file: {file} ends with '{file.suffix}'; expected .npy, .npz or .pth.")


def _only(file: Path, arrays: dict[str, object]) -> object:
    """The one array of several, or the one called kernels."""
    if len(arrays) != 1 and "kernels" not in arrays:
        names = ", ".join(str(name) for name in arrays) or "nothing"
        raise OptionsError(f"file: {file} holds {names}; expected one array, or one that is called kernels.")
    return arrays["kernels"] if "kernels" in arrays else next(iter(arrays.values()))
