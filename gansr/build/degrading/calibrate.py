"""`gansr degrade --fit`: the pipeline that makes sharp photos look like a folder of real LR."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor

from gansr.build.degrading.degradations import pipeline
from gansr.build.degrading.degrade import check_scale
from gansr.data.calibration.chart import spectra
from gansr.data.calibration.compression import quality_of_file
from gansr.data.calibration.fit import Fit, fit
from gansr.data.calibration.samples import BLOCK, FLAT, Folder, Sample, measure, middle
from gansr.data.calibration.spectrum import TILE
from gansr.data.degradations.pipeline import Degradation
from gansr.data.files.images import read_image, to_rgb, write_image
from gansr.data.files.roots import Root, files_of, find_roots
from gansr.data.sampler import batch_seed
from gansr.errors import DataError, OptionsError
from gansr.inference.files import make_folder
from gansr.options.images import DegradationRow
from gansr.training.files import replace_text

MOST = 100  # images of each folder that are measured
FEWEST = 8
ASKED = 4  # every so many photos are asked whether blocks of JPEG begin elsewhere than at the corner
SIDE = 256  # LR pixels: of larger images the middle is measured


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    real: Path  # a folder of LR
    sharp: Path  # a folder of HR
    output: Path
    scale: int
    seed: int


@dataclass(frozen=True)
class Calibration:
    """What was found, and what it was found from."""

    fit: Fit
    real: Folder
    bicubic: Folder
    scale: int
    remarks: list[str]
    written: list[Path]


def run(request: Request) -> Calibration:
    """Measure, fit, and write the pipeline and a picture of the spectra beside it.

    Raises:
        OptionsError: an output that is no YAML file.
        DataError: folders that are missing, hold too few images, or images that cannot be read.
    """
    if request.output.suffix.lower() not in {".yml", ".yaml"}:
        raise OptionsError(f"--output {request.output}: --fit writes a pipeline; expected a file that ends in .yml.")
    check_scale(request.scale)
    lr_photos = Photos.found([request.real], "--fit", 1)
    hr_photos = Photos.found([request.sharp], "SOURCE, the sharp photos of --fit", request.scale)
    found, real = fitted(lr_photos, hr_photos, request.scale, request.seed)
    written = _write(request, found, real, bicubic := Folder(real.sharp, real.sharp))
    return Calibration(found, real, bicubic, request.scale, [*lr_photos.remarks, *hr_photos.remarks], written)


@dataclass(frozen=True)
class Photos:
    """Photos of a side that can be measured.

    Args:
        images: file, and the middle of it, uint8 (H, W, 3)
        remarks: on what was left out
    """

    images: list[tuple[Path, np.ndarray]]
    remarks: list[str]

    @classmethod
    def found(cls, roots: Sequence[Path | Root], where: str, scale: int) -> "Photos":
        """Up to 100 photos of these places, evenly spread; their middles are measured after `scale` brought them down.

        Raises:
            DataError: a folder is missing or empty, a photo cannot be read, or fewer than 8 can be measured.
        """
        files = files_of(find_roots((Root(one) if isinstance(one, Path) else one for one in roots), where))
        folder, least = ", ".join(map(str, roots)), TILE * scale
        taken = [files[number * len(files) // MOST] for number in range(MOST)] if len(files) > MOST else files
        images, small, flat = [], 0, 0
        for file in taken:
            image = to_rgb(read_image(file))
            if min(image.shape[:2]) < least:
                small += 1
            elif (part := middle(image, SIDE * scale, BLOCK * scale)).std(dtype=float) < FLAT:
                flat += 1
            else:
                images.append((file, part))
        left_out = f"{small} are smaller than {least}x{least} pixels and {flat} show one colour only"
        if len(images) < FEWEST:
            raise DataError(
                f"{where}: {folder} has {len(images)} images that can be measured; expected at least {FEWEST}, to tell "
                f"noise, blur and compression from what they show. Of {len(taken)}, {left_out}."
            )
        remarks = [f"{folder}: {len(taken)} of {len(files)} images are measured."] if taken is not files else []
        return cls(images, remarks + ([f"{folder}: {left_out}; they are left out."] if small + flat else []))


def fitted(real: Photos, sharp: Photos, scale: int, seed: int) -> tuple[Fit, Folder]:
    """The degradation that makes LR of sharp photos measure as real LR does, and how that measures."""
    samples = _measured_real(real)
    hr_images = [_floats(image) for _, image in sharp.images]

    def degraded(rows: Sequence[dict]) -> list[Sample]:
        coded = any(row["type"] == "jpeg" for row in rows)
        return [_measured(small, coded) for small in _lr(hr_images, rows, scale, seed)]

    bicubic = degraded([{"type": "matlab_bicubic"}])
    folder = Folder(samples, bicubic)
    return fit(folder, lambda parameters: Folder(degraded(parameters.rows(scale)), bicubic)), folder


def _measured_real(photos: Photos) -> list[Sample]:
    """Whether photos were cut after compression, which takes long to ask, some of them tell for all."""
    first = {number: _of_file(*photos.images[number], True) for number in range(0, len(photos.images), ASKED)}
    cut = any(sample.compression and sample.compression.offset != (0, 0) for sample in first.values())
    return [first[number] if number in first else _of_file(*one, cut) for number, one in enumerate(photos.images)]


def _of_file(file: Path, image: np.ndarray, search: bool) -> Sample:
    return measure(image, quality_of_file(file), search)


def _lr(images: Sequence[Tensor], rows: Sequence[dict], scale: int, seed: int) -> Iterator[Tensor]:
    operations = pipeline([DegradationRow.model_validate(row) for row in rows], scale)
    made = Degradation(operations, scale, margin=0)
    for number, image in enumerate(images):
        yield made(image, batch_seed(seed, number, 0, 1))


def _measured(small: Tensor, coded: bool) -> Sample:
    levels = small[0].mul(255).round().byte().permute(1, 2, 0).numpy()
    return measure(levels, search=False, may_be_coded=coded)


def _floats(image: np.ndarray) -> Tensor:
    return torch.tensor(image).permute(2, 0, 1)[None].float() / 255


def _write(request: Request, found: Fit, real: Folder, bicubic: Folder) -> list[Path]:
    make_folder(request.output.parent)
    picture = request.output.with_suffix(".png")
    rows = found.parameters.rows(request.scale)
    head = (
        f"# Fitted to {len(real.samples)} images of {request.real} by gansr degrade --fit,\n"
        f"# with {len(bicubic.samples)} sharp photos of {request.sharp}, seed {request.seed}.\n"
    )
    body = {"scale": request.scale, "degradation": rows}
    replace_text(request.output, head + yaml.safe_dump(body, sort_keys=False, default_flow_style=None, width=120))
    curves = {"real LR": real.decibels, "fitted output": found.output.decibels, "bicubic": bicubic.decibels}
    write_image(picture, spectra(curves))
    return [request.output, picture]
