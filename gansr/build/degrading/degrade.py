"""`gansr degrade`: what a degradation makes of photos, as a sheet to look at or as a fixed set of LR images."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor

from gansr.build.degrading.degradations import pipeline
from gansr.build.degrading.sheet import caption, sheet
from gansr.data.degradations.looks.sharpen import unsharp_mask
from gansr.data.degradations.pipeline import Degradation
from gansr.data.degradations.record import Record
from gansr.data.files.images import read_image, to_rgb, write_image
from gansr.data.sampler import batch_seed
from gansr.errors import DataError, OptionsError, StorageError
from gansr.imaging.resize import mod_crop
from gansr.inference.files import make_folder, plan
from gansr.options.images import Scale
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
    check_scale(request.scale)
    degradation = _degradation(request)
    if request.grid is not None:
        return _sheet(request, degradation, *_grid(request.grid))
    return list(_lr_set(request, degradation))


def check_scale(scale: int | None) -> None:
    """Raise OptionsError for a scale that options of a run cannot have."""
    if scale not in {None, *get_args(Scale)}:
        raise OptionsError(f"--scale {scale}: expected {', '.join(map(str, get_args(Scale)))}.")


@dataclass(frozen=True)
class _Making:
    """How a photo becomes LR: of sharpened HR, where the options of a run say so."""

    degradation: Degradation
    sharpen: bool = False

    @property
    def scale(self) -> int:
        return self.degradation.scale

    def __call__(self, photo: Tensor, seed: int, record: Record) -> Tensor:
        return self.degradation(unsharp_mask(photo) if self.sharpen else photo, seed, record)


def _degradation(request: Request) -> _Making:
    asked, scale = request.degradation, request.scale
    if not asked.endswith((".yml", ".yaml")):
        return _Making(Degradation(pipeline(asked, scale or 4, "--preset"), scale or 4, margin=0))
    if is_pipeline(Path(asked)):
        found = read_pipeline(Path(asked), scale)
        return _Making(Degradation(pipeline(found.degradation, found.scale, asked), found.scale, margin=0))
    options = load(Path(asked))[-1]
    train = options.data.train
    if train.degradation is None:
        raise OptionsError(f"{asked}: data.train.degradation is missing: its LR is plain bicubic.")
    scale = scale or options.scale
    return _Making(Degradation(pipeline(train.degradation, scale), scale, margin=0), train.sharpen)


def _read(file: Path, scale: int) -> np.ndarray:
    """A photo whose sides are multiples of the scale."""
    image = read_image(file)
    if min(image.shape[:2]) < scale:
        raise DataError(f"{file}: {image.shape[1]}x{image.shape[0]} pixels are too few for scale {scale}.")
    return to_rgb(mod_crop(image, scale))


def _sheet(request: Request, degradation: _Making, rows: int, columns: int) -> list[Path]:
    """Many draws of the middle of one photo, enlarged without interpolation, and beside it what was drawn."""
    if request.source.is_dir():
        raise OptionsError(f"--grid shows one photo, and {request.source} is a folder.")
    beside = request.output.with_suffix(".json")
    if beside == request.output:
        raise OptionsError(f"-o {request.output}: expected a picture, for example sheet.png.")
    if request.output.resolve() == request.source.resolve():
        raise OptionsError(f"-o {request.output} is the photo itself, and would be overwritten: choose another name.")
    image = _read(request.source, degradation.scale)
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
    make_folder(request.output.parent)
    write_image(request.output, sheet([_bytes(one) for one in large], captions, columns))
    _write_manifest(beside, request, degradation, hr=str(request.source), draws=draws)
    return [beside, request.output]


def _lr_set(request: Request, degradation: _Making) -> Iterator[Path]:
    """One LR image for each photo, with a seed that follows from its place; what was done, and how to do it again."""
    targets = plan(request.source, request.output, ".png")
    alone = request.output in targets.values()  # one photo, and the name of its LR
    manifest = request.output.with_suffix(".json") if alone else request.output / "manifest.json"
    made = {}
    for number, (file, target) in enumerate(targets.items()):
        image = _read(file, degradation.scale)
        seed = batch_seed(request.seed, number, 0, 1)
        record = Record(1)
        make_folder(target.parent)
        write_image(target, _bytes(degradation(_floats(image), seed, record)[0]))
        row = {"hr": str(file), "seed": seed, "operations": record.samples[0]}
        made[target.relative_to(manifest.parent).as_posix()] = row
        yield target
    _write_manifest(manifest, request, degradation, images=made)
    yield manifest


def _write_manifest(path: Path, request: Request, degradation: _Making, **more: Any) -> None:
    said = {"degradation": request.degradation, "scale": degradation.scale, "seed": request.seed}
    said |= ({"sharpen": True} if degradation.sharpen else {}) | more
    try:
        replace_text(path, json.dumps(said, indent=2) + "\n")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from None


def _grid(text: str) -> tuple[int, int]:
    rows, by, columns = text.partition("x")
    if not (by and rows.isdigit() and columns.isdigit() and 1 <= int(rows) * int(columns) <= 400):
        raise OptionsError(f"--grid {text}: expected ROWSxCOLUMNS, at most 400 pictures, for example 6x6.")
    return int(rows), int(columns)


def _floats(image: np.ndarray) -> Tensor:
    return torch.tensor(image).permute(2, 0, 1)[None].float() / 255


def _bytes(image: Tensor) -> np.ndarray:
    return image.mul(255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
