"""`gansr degrade`: what a degradation makes of photos, as a sheet to look at or as a fixed set of LR images."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gansr.build.degradations import pipeline
from gansr.build.sheet import caption, sheet
from gansr.data.degradations.pipeline import Degradation
from gansr.data.degradations.record import Record
from gansr.data.folders import find_images
from gansr.data.images import read_image, to_rgb, write_image
from gansr.data.sampler import batch_seed
from gansr.errors import DataError, OptionsError
from gansr.imaging.resize import mod_crop
from gansr.inference.files import make_folder
from gansr.options.load import load
from gansr.options.pipeline_file import is_pipeline, read_pipeline
from gansr.training.files import replace_text

SIDE = 256  # largest HR side of a picture in a sheet


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    source: Path
    output: Path
    degradation: str  # a preset, a file with a pipeline, or an options file whose data.train.degradation is meant
    scale: int | None
    grid: str | None
    seed: int


def run(request: Request) -> list[Path]:
    """Write a sheet of one photo, or the LR image of every photo, and what was done to each. Returns what was written.

    Raises:
        OptionsError: an unknown preset, a grid that is none, a scale that nobody says.
        DataError: no such photo or folder.
    """
    if not request.source.exists():
        raise DataError(f"{request.source}: there is no such photo or folder.")
    degradation = _degradation(request)
    if request.grid is not None:
        return _sheet(request, degradation, *_grid(request.grid))
    return list(_lr_set(request, degradation))


def _degradation(request: Request) -> Degradation:
    asked, scale = request.degradation, request.scale
    if not asked.endswith((".yml", ".yaml")):
        return Degradation(pipeline(asked, scale or 4), scale or 4, margin=0)
    if is_pipeline(Path(asked)):
        found = read_pipeline(Path(asked), scale)
        return Degradation(pipeline(found.degradation, found.scale), found.scale, margin=0)
    options = load(Path(asked))[-1]
    if options.data.train.degradation is None:
        raise OptionsError(f"{asked}: data.train.degradation is missing: its LR is plain bicubic.")
    scale = scale or options.scale
    return Degradation(pipeline(options.data.train.degradation, scale), scale, margin=0)


def _sheet(request: Request, degradation: Degradation, rows: int, columns: int) -> list[Path]:
    """Many draws of the middle of one photo, enlarged without interpolation, and beside it what was drawn."""
    if request.source.is_dir():
        raise OptionsError(f"--grid shows one photo, and {request.source} is a folder.")
    beside = request.output.with_suffix(".json")
    if beside == request.output:
        raise OptionsError(f"-o {request.output}: expected a picture, for example sheet.png.")
    image = to_rgb(mod_crop(read_image(request.source), degradation.scale))
    side = SIDE // degradation.scale * degradation.scale
    top, left = (max((length - side) // 2, 0) for length in image.shape[:2])
    window = _floats(image[top : top + side, left : left + side]).expand(rows * columns, -1, -1, -1)
    record = Record(rows * columns)
    small = degradation(window, batch_seed(request.seed, 0, 0, 1), record)
    large = torch.nn.functional.interpolate(small, scale_factor=degradation.scale, mode="nearest")
    captions = [caption(operations) for operations in record.samples]
    draws = [
        {"row": number // columns, "column": number % columns, "operations": operations}
        for number, operations in enumerate(record.samples)
    ]
    _write_manifest(beside, request, degradation, hr=str(request.source), draws=draws)
    write_image(request.output, sheet([_bytes(one) for one in large], captions, columns))
    return [beside, request.output]


def _lr_set(request: Request, degradation: Degradation) -> Iterator[Path]:
    """One LR image for each photo, with a seed that follows from its place; what was done, and how to do it again."""
    folder = request.source if request.source.is_dir() else request.source.parent
    files = find_images([folder], str(folder)) if request.source.is_dir() else [request.source]
    made = {}
    for number, file in enumerate(files):
        image = to_rgb(mod_crop(read_image(file), degradation.scale))
        seed = batch_seed(request.seed, number, 0, 1)
        record = Record(1)
        target = request.output / file.relative_to(folder).with_suffix(".png")
        make_folder(target.parent)
        write_image(target, _bytes(degradation(_floats(image), seed, record)[0]))
        row = {"hr": str(file), "seed": seed, "operations": record.samples[0]}
        made[target.relative_to(request.output).as_posix()] = row
        yield target
    _write_manifest(request.output / "manifest.json", request, degradation, images=made)
    yield request.output / "manifest.json"


def _write_manifest(path: Path, request: Request, degradation: Degradation, **more: Any) -> None:
    said = {"degradation": request.degradation, "scale": degradation.scale, "seed": request.seed, **more}
    replace_text(path, json.dumps(said, indent=2) + "\n")


def _grid(text: str) -> tuple[int, int]:
    rows, by, columns = text.partition("x")
    if not (by and rows.isdigit() and columns.isdigit() and 1 <= int(rows) * int(columns) <= 400):
        raise OptionsError(f"--grid {text}: expected ROWSxCOLUMNS, at most 400 pictures, for example 6x6.")
    return int(rows), int(columns)


def _floats(image: np.ndarray) -> Tensor:
    return torch.tensor(image).permute(2, 0, 1)[None].float() / 255


def _bytes(image: Tensor) -> np.ndarray:
    return image.mul(255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
