"""`gansr evaluate` and the networks of `gansr upscale`: weights files, or finished pictures, on folders of photos."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from rich.console import Console

from gansr.build.evaluating.asked import Protocol, component, metrics, open_sets
from gansr.build.evaluating.files import Files, Found, write
from gansr.build.making.networks import load_generator, network_options
from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.errors import OptionsError
from gansr.evaluation.compared import Entry, contrasts
from gansr.evaluation.formats.console import rich_tables
from gansr.evaluation.scores import evaluate
from gansr.evaluation.table import difference_grids, score_grids
from gansr.inference.bicubic import Bicubic
from gansr.inference.ready_made import ReadyMade
from gansr.inference.upscale import Upscaler
from gansr.options.sections import GeneratorOptions, NetworkOptions

BICUBIC = "bicubic"
Cut = dict[str, int]  # "WIDTHxHEIGHT" of LR images that did not fit in memory -> the tiles they were cut into


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    weights: list[str]  # files, folders of finished pictures, or the word bicubic
    on: list[str]
    metrics: list[str]
    protocol: Protocol = field(default_factory=Protocol)
    scale: int | None = None
    generator: str | None = None
    tile: int | None = None
    ensemble: bool = False
    exact: bool = False
    cpu: bool = False
    seed: int = 0
    files: Files = field(default_factory=Files)
    command: str = ""


def run(request: Request) -> None:
    """Score each of the weights on each of the sets, print one table, and write the files."""
    _refuse_same(request.weights)
    if request.ensemble and all(name == BICUBIC or Path(name).is_dir() for name in request.weights):
        raise OptionsError("--ensemble: no network is asked for whose answers could be averaged; leave it out.")
    state = PartialState(cpu=request.cpu or not torch.cuda.is_available())
    _refuse_lonely_processes(state)
    console = Console(quiet=not state.is_main_process)
    sets = cache(lambda scale: open_sets(request.on, scale, request.exact))
    measures = cache(lambda scale: _metrics(request, scale))
    entries: list[Entry] = []
    how: dict[str, dict[str, Any]] = {}
    for name in request.weights:
        judge = _judged(name, request, sets)
        scores = evaluate(
            judge,
            sets(judge.scale),
            measures(judge.scale),
            rank=state.process_index,
            world=state.num_processes,
            gather=gather_object,
        )
        entries.append(Entry(name, judge.scale, scores))
        how[name] = _how(judge, dict(sorted(gather_object(list(cuts(judge).items())))))
        if cut := how[name].get("cut"):
            console.print(f"{name}: {say_cut(cut)}", markup=False, soft_wrap=True)
    found = _found(request, entries, how)
    if state.is_main_process:
        for grid in found.grids:
            for table in rich_tables(grid, console.width):
                console.print(table)
        write(found, request.files)
    state.destroy_process_group()  # without it gloo may abort on exit


def _found(request: Request, entries: Sequence[Entry], how: Mapping[str, Mapping[str, Any]]) -> Found:
    tested = contrasts(entries)
    others = [name for name, said in how.items() if request.ensemble and "ensemble" not in said]
    notes = []
    if request.ensemble:
        but = f", but of {' and '.join(others)}" if others else ""
        notes = [f"Self-ensemble: the mean of eight passes, turned and mirrored{but}."]
    if request.exact:
        notes.append("LR is MATLAB's bicubic of HR in double precision, not in 8 bits.")
    grids = [*score_grids(entries, request.seed, notes), *difference_grids(entries, tested)]
    return Found(entries, tested, grids, how, request.command, request.seed)


def _metrics(request: Request, scale: int) -> Any:
    return metrics(request.metrics, request.protocol, scale)


def _judged(name: str, request: Request, sets: Callable[[int], list[EvaluationSet]]) -> Upscaler | Bicubic | ReadyMade:
    if not Path(name).is_dir():
        ensemble = request.ensemble and name != BICUBIC
        return upscaler(name, request.scale, request.generator, request.tile, request.cpu, ensemble)
    if request.scale is None:
        raise OptionsError(f"{name}: pictures do not say by how much they were enlarged: add, for example, --scale 4.")
    return ReadyMade.open(Path(name), sets(request.scale), request.scale)


def _how(judge: Upscaler | Bicubic | ReadyMade, cut: Cut) -> dict[str, Any]:
    """What the JSON says of how the images were made, where that is not plainly by the network as a whole."""
    if not isinstance(judge, Upscaler):
        return {}
    said = {"tile": judge.tile, "ensemble": judge.ensemble or None, "cut": cut or None}
    return {name: value for name, value in said.items() if value is not None}


def cuts(judge: Upscaler | Bicubic | ReadyMade) -> Cut:
    """Sizes of LR images, as width x height, that did not fit in memory, and the tiles that did."""
    found = judge.cut if isinstance(judge, Upscaler) else {}
    return {f"{width}x{height}": tile for (height, width), tile in found.items()}


def say_cut(cut: Cut) -> str:
    """A sentence about images that did not fit in memory."""
    size, tiles = next(iter(cut)), dict.fromkeys(cut.values())
    others = f" and of {len(cut) - 1} other sizes" if len(cut) > 1 else ""
    return (
        f"images of {size} pixels{others} did not fit in memory and were upscaled in tiles of "
        f"{' or '.join(map(str, tiles))} pixels. Say --tile {min(tiles)} to spare the tries."
    )


def _refuse_same(names: Sequence[str]) -> None:
    owners: dict[Path, str] = {}
    for name in names:
        if (other := owners.setdefault(Path(name).resolve(), name)) != name:
            raise OptionsError(f"weights: {other} and {name} are the same; expected each once.")
        if names.count(name) > 1:
            raise OptionsError(f"weights: {name} is given several times; expected each once.")


def _refuse_lonely_processes(state: PartialState) -> None:
    promised = int(os.environ.get("WORLD_SIZE", "1"))
    if state.num_processes != promised:
        raise OptionsError(
            f"{promised} processes were launched but each believes that there are {state.num_processes}: each would "
            f"score every image. Without a GPU, launch with ACCELERATE_USE_CPU=1 in the environment."
        )


def upscaler(
    name: str, scale: int | None, generator: str | None, tile: int | None, cpu: bool, ensemble: bool = False
) -> Upscaler | Bicubic:
    """A weights file, or the word bicubic -> what upscales an image; in tiles where memory is short."""
    if name == BICUBIC:
        if scale is None:
            raise OptionsError("bicubic: say by how much, for example --scale 4.")
        if ensemble:
            raise OptionsError("bicubic: there is no network whose answers could be averaged; leave --ensemble out.")
        return Bicubic(scale)
    loaded = load_generator(Path(name), generator_options(generator), scale)
    device = torch.accelerator.current_accelerator(check_available=True)
    device = torch.device("cpu") if cpu or device is None else device
    network = loaded.network.to(device)
    return Upscaler(network, loaded.scale, device, tile, ensemble=ensemble, cut_if_short=True)


def generator_options(text: str | None) -> NetworkOptions | None:
    """What `--generator` says of weights that do not say it."""
    if text is None:
        return None
    asked = component(text, "--generator")
    known = NetworkOptions.model_fields
    if strange := [key for key in GeneratorOptions.model_fields if key in asked.arguments and key not in known]:
        raise OptionsError(
            f"--generator: {strange[0]} is for training; here the file's weights are meant. Leave it out."
        )
    return network_options(asked.model_dump(), "--generator")
