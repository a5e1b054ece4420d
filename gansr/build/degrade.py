"""`gansr degrade`: what a degradation makes of photos, as a sheet to look at or as a fixed set of LR images."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gansr.build.degradations import pipeline
from gansr.data.degradations.pipeline import Degradation
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
    """Write a sheet of one photo, or the LR image of every photo and a manifest. Returns what was written.

    Raises:
        OptionsError: an unknown preset, a grid that is none, a scale that nobody says.
        DataError: no such photo or folder.
    """
    if not request.source.exists():
        raise DataError(f"{request.source}: there is no such photo or folder.")
    degradation = _degradation(request)
    if request.grid is not None:
        rows, columns = _grid(request.grid)
        sheet = _sheet(request, degradation, rows, columns)
        write_image(request.output, sheet)
        return [request.output]
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


def _sheet(request: Request, degradation: Degradation, rows: int, columns: int) -> np.ndarray:
    """Many draws of the middle of one photo, uint8 (H, W, 3), enlarged without interpolation."""
    if request.source.is_dir():
        raise OptionsError(f"--grid shows one photo, and {request.source} is a folder.")
    image = to_rgb(mod_crop(read_image(request.source), degradation.scale))
    side = SIDE // degradation.scale * degradation.scale
    top, left = (max((length - side) // 2, 0) for length in image.shape[:2])
    window = _floats(image[top : top + side, left : left + side]).expand(rows * columns, -1, -1, -1)
    small = degradation(window, batch_seed(request.seed, 0, 0, 1))
    large = torch.nn.functional.interpolate(small, scale_factor=degradation.scale, mode="nearest")
    lines = [torch.cat(list(large[row * columns : (row + 1) * columns]), dim=-1) for row in range(rows)]
    return _bytes(torch.cat(lines, dim=-2))


def _lr_set(request: Request, degradation: Degradation) -> Iterator[Path]:
    """One LR image for each photo, with a seed that follows from its place; and how to make them again."""
    folder = request.source if request.source.is_dir() else request.source.parent
    files = find_images([folder], str(folder)) if request.source.is_dir() else [request.source]
    made = {}
    for number, file in enumerate(files):
        image = to_rgb(mod_crop(read_image(file), degradation.scale))
        seed = batch_seed(request.seed, number, 0, 1)
        target = request.output / file.relative_to(folder).with_suffix(".png")
        make_folder(target.parent)
        write_image(target, _bytes(degradation(_floats(image), seed)[0]))
        made[target.relative_to(request.output).as_posix()] = {"hr": str(file), "seed": seed}
        yield target
    manifest = {"degradation": request.degradation, "scale": degradation.scale, "seed": request.seed, "images": made}
    replace_text(request.output / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    yield request.output / "manifest.json"


def _grid(text: str) -> tuple[int, int]:
    rows, by, columns = text.partition("x")
    if not (by and rows.isdigit() and columns.isdigit() and 1 <= int(rows) * int(columns) <= 400):
        raise OptionsError(f"--grid {text}: expected ROWSxCOLUMNS, at most 400 pictures, for example 6x6.")
    return int(rows), int(columns)


def _floats(image: np.ndarray) -> Tensor:
    return torch.tensor(image).permute(2, 0, 1)[None].float() / 255


def _bytes(image: Tensor) -> np.ndarray:
    return image.mul(255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
