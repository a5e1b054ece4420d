"""Everything that a run must remember to continue exactly."""

import io
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from torch import nn

from gansr.errors import WeightsError
from gansr.models import weights
from gansr.training.recipe import Stateful, Step

STATE = "state.pt"


def collect(
    recipe: Step,
    extras: Mapping[str, Stateful],
    accelerator: Accelerator,
    describe: Callable[[str], dict[str, str]],
) -> dict[str, bytes]:
    """The files of a checkpoint, for the first process; all must call it, the others get none.

    Args:
        recipe: whose players' networks, averages and optimizers are saved.
        extras: further state by name (progress, sums of the log, image pools).
        accelerator: tells the processes apart.
        describe: network name -> metadata of its file.
    """
    streams = gather_object([_random_state()])
    apart = gather_object([{name: extra.state_dict() for name, extra in extras.items() if _is_apart(extra)}])
    if not accelerator.is_main_process:
        return {}
    files = {
        f"{name}.safetensors": weights.pack(network.state_dict(), describe(name.partition(".")[0]))
        for name, network in _networks(recipe).items()
    }
    state = {
        "players": [player.state_dict() for player in recipe.players],
        "extras": {name: extra.state_dict() for name, extra in extras.items() if not _is_apart(extra)},
        "random": streams,
        "apart": apart,
    }
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return files | {STATE: buffer.getvalue()}


def restore(folder: Path, recipe: Step, extras: Mapping[str, Stateful], accelerator: Accelerator) -> None:
    """Continue from a checkpoint.

    Raises:
        WeightsError: a file is damaged, or the checkpoint belongs to other networks or another recipe.
    """
    networks = _networks(recipe)
    absent = [name for name in networks if not (folder / f"{name}.safetensors").exists()]
    if absent:
        raise WeightsError(
            f"{folder}: this checkpoint has no {', '.join(absent)}: the run had another recipe or other networks then. "
            f"Go back to the options of that time, or give the run another name."
        )
    try:
        files = {name: weights.read(folder / f"{name}.safetensors").raw for name in networks}
        state, _ = weights.read_pickle(folder / STATE)
    except WeightsError as error:
        raise WeightsError(f"{error} Remove {folder} to go on from the checkpoint before it.") from None
    for name, network in networks.items():
        weights.load_into(network, files[name], where=str(folder / f"{name}.safetensors"))
    try:
        for player, saved in zip(recipe.players, state["players"], strict=True):
            player.load_state_dict(saved)
        _recall(extras, state["extras"], folder / STATE)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{folder / STATE}: the run cannot go on from this checkpoint: {error}.") from None
    _recall_apart(extras, state.get("apart", []), accelerator.process_index)
    if accelerator.process_index < len(state["random"]):
        _set_random_state(state["random"][accelerator.process_index])


def _recall(extras: Mapping[str, Stateful], saved: Mapping[str, Any], path: Path) -> None:
    together = {name: extra for name, extra in extras.items() if not _is_apart(extra)}
    if strange := [name for name in together if name not in saved]:
        raise WeightsError(
            f"{path}: this checkpoint remembers nothing of {', '.join(strange)}: the run had other penalties then. "
            f"Go back to the options of that time, or give the run another name."
        )
    for name, extra in together.items():
        extra.load_state_dict(saved[name])


def _recall_apart(extras: Mapping[str, Stateful], saved: list[dict[str, Any]], process: int) -> None:
    """What each process has for itself; one that was not there then, or an extra that is new, begins anew."""
    for name, state in saved[process].items() if process < len(saved) else ():
        if name in extras:
            extras[name].load_state_dict(state)


def _is_apart(extra: Stateful) -> bool:
    """Has each process a state of its own, as pools of images?"""
    return getattr(extra, "of_each_process", False)


def _networks(recipe: Step) -> dict[str, nn.Module]:
    """File name -> network, averages as `generator.average`."""
    found: dict[str, nn.Module] = {}
    for player in recipe.players:
        found |= player.networks
        found |= {f"{name}.average": average.network for name, average in player.averages.items()}
    return found


def _random_state() -> dict[str, Any]:
    """This process's random streams; users' own components may draw from any of them."""
    version, words, gauss = random.getstate()
    numpy_state: Any = np.random.get_state(legacy=False)
    return {
        "python": [version, torch.tensor(words), gauss],
        "numpy": [torch.from_numpy(numpy_state["state"]["key"].astype(np.int64)), numpy_state["state"]["pos"]],
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }


def _set_random_state(state: dict[str, Any]) -> None:
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words.tolist()), gauss))
    key, position = state["numpy"]
    np.random.set_state({"bit_generator": "MT19937", "state": {"key": key.numpy().astype(np.uint32), "pos": position}})
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
