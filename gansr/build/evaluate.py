"""`gansr evaluate` and the networks of `gansr upscale`: weights files on folders of photos."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from rich.console import Console

from gansr.build.networks import load_generator, network_options
from gansr.data.evaluation_set import EvaluationSet
from gansr.errors import OptionsError
from gansr.evaluation.scores import Metric, evaluate, write_json
from gansr.evaluation.table import score_table
from gansr.inference.bicubic import Bicubic
from gansr.inference.upscale import Upscaler
from gansr.metrics import METRICS
from gansr.options.component import Component, build
from gansr.options.reader import parse
from gansr.options.sections import GeneratorOptions, NetworkOptions

BICUBIC = "bicubic"


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    weights: list[str]
    on: list[str]
    metrics: list[str]
    colour: str
    border: int | None
    scale: int | None
    generator: str | None
    tile: int | None
    cpu: bool
    json_file: Path | None


def run(request: Request) -> None:
    """Score each of the weights on each of the sets, print the tables, and write the JSON file."""
    state = PartialState(cpu=request.cpu or not torch.cuda.is_available())
    console = Console(quiet=not state.is_main_process)
    _refuse_doubled("--on", [text.partition("=")[0] for text in request.on])
    _refuse_doubled("--metric", [_component(text).type for text in request.metrics])
    documents: dict[str, Any] = {}
    for name in request.weights:
        judge = upscaler(name, request.scale, request.generator, request.tile, request.cpu)
        metrics = {_component(text).type: _metric(text, request, judge.scale) for text in request.metrics}
        sets = [_open(text, judge.scale) for text in request.on]
        scores = evaluate(
            judge, sets, metrics, rank=state.process_index, world=state.num_processes, gather=gather_object
        )
        console.print(score_table(scores, f"{name} x{judge.scale}"))
        documents[name] = {"scale": judge.scale, **scores.json()}
    if request.json_file is not None and state.is_main_process:
        write_json(documents, request.json_file)
    state.destroy_process_group()  # without it gloo may abort on exit


def upscaler(name: str, scale: int | None, generator: str | None, tile: int | None, cpu: bool) -> Upscaler | Bicubic:
    """A weights file, or the word bicubic -> what upscales an image."""
    if name == BICUBIC:
        if scale is None:
            raise OptionsError("bicubic: say by how much, for example --scale 4.")
        return Bicubic(scale)
    loaded = load_generator(Path(name), generator_options(generator), scale)
    device = torch.accelerator.current_accelerator(check_available=True)
    device = torch.device("cpu") if cpu or device is None else device
    return Upscaler(loaded.network.to(device), loaded.scale, device, tile)


def generator_options(text: str | None) -> NetworkOptions | None:
    """What `--generator` says of weights that do not say it."""
    if text is None:
        return None
    component = _component(text, "--generator")
    known = NetworkOptions.model_fields
    if strange := [key for key in GeneratorOptions.model_fields if key in component.arguments and key not in known]:
        raise OptionsError(
            f"--generator: {strange[0]} is for training; here the file's weights are meant. Leave it out."
        )
    return network_options(component.model_dump(), "--generator")


def _component(text: str, where: str = "--metric") -> Component:
    value = parse(text, where)
    if isinstance(value, str):
        value = {"type": value}
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise OptionsError(f"{where}: expected a name or '{{type: name, argument: value}}', found {text!r}.")
    return Component.model_validate(value)


def _metric(text: str, request: Request, scale: int) -> Metric:
    component = _component(text)
    shared: dict[str, Any] = {"colour": request.colour, "border": request.border}
    if component.type in {"psnr", "ssim"}:
        component = Component.model_validate({"type": component.type, **shared, **component.arguments})
    return build(component, METRICS, "--metric", scale=scale)


def _refuse_doubled(option: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise OptionsError(f"{option}: there are several '{name}', and only one can be in the table.")


def _open(text: str, scale: int) -> EvaluationSet:
    name, equals, folders = text.partition("=")
    if not equals or not name or not folders:
        raise OptionsError(f"--on {text}: expected NAME=HR_DIR or NAME=HR_DIR:LR_DIR.")
    hr, lr = _split(folders)
    return EvaluationSet.open(name, hr, lr, scale, f"--on {name}")


def _split(folders: str) -> tuple[Path, Path | None]:
    """HR_DIR[:LR_DIR]; a folder whose own name holds a colon is taken as it is."""
    if Path(folders).exists() or ":" not in folders:
        return Path(folders), None
    hr, _, lr = folders.rpartition(":")
    return Path(hr), Path(lr)
