"""From images that were found to the folders of a prepared part."""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from torch import Tensor

from gansr.build.preparing.asked import How
from gansr.data.catalogue.layout import Images
from gansr.data.catalogue.manifest import entry
from gansr.data.catalogue.record import HR, Part
from gansr.data.fetching.budget import refuse_full
from gansr.data.files.images import read_as_stored, write_image
from gansr.errors import StorageError
from gansr.imaging.benchmark_lr import bicubic, blurred, noisy
from gansr.imaging.resize import mod_crop

WAYS: dict[str, Callable[[Tensor, int, int, str], Tensor]] = {
    "bicubic": lambda hr, scale, seed, name: bicubic(hr, scale),
    "bd": lambda hr, scale, seed, name: blurred(hr, scale),
    "dn": noisy,
}
SAID = {
    "bicubic": "MATLAB's bicubic of HR cut to a multiple of the scale",
    "bd": "Gaussian blur of sigma 1.6, then the middle pixel of each block",
    "dn": "bicubic, then Gaussian noise of level 30",
}
Job = Callable[[], None]
MOST_THREADS = 16  # each holds a photo of 2K in float64 several times, some 300 MB


def make(part: Part, images: Images, folder: Path, how: How, work: Path, advance: Callable[[], None]) -> None:
    """Fill the folder of a part. Files below `work` are moved, others copied.

    Raises:
        DataError: an image is damaged.
        StorageError: the disk refuses.
    """
    copied = [file for found in images.values() for file in found.values() if not file.is_relative_to(work)]
    refuse_full(sum(file.stat().st_size for file in copied), folder, f"A copy of the images of part {part.name}")
    jobs: list[Job] = []
    for name, found in images.items():
        for path, file in found.items():
            jobs.append(_job(part, name, path, file, folder, how, work))
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # each of our threads has an image; more for each would only get in their way
    try:
        together(jobs, advance)
    finally:
        torch.set_num_threads(before)


def entries(folder: Path, files: Sequence[Path], advance: Callable[[], None]) -> dict[str, dict[str, object]]:
    """What the manifest says of files below a folder, by their paths, in their order."""
    found: dict[Path, dict[str, object]] = {}

    def look(file: Path) -> None:
        found[file] = entry(file)

    together([partial(look, file) for file in files], advance)
    return {file.relative_to(folder).as_posix(): found[file] for file in files}


def together(jobs: Iterable[Job], advance: Callable[[], None]) -> None:
    """Do jobs, as many at a time as there are processors; the first error ends them."""
    with ThreadPoolExecutor(min(os.cpu_count() or 1, MOST_THREADS)) as pool:
        futures = [pool.submit(job) for job in jobs]
        try:
            for future in futures:
                future.result()
                advance()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _job(part: Part, name: str, path: PurePosixPath, file: Path, folder: Path, how: How, work: Path) -> Job:
    def do() -> None:
        try:
            if name == HR:
                _make_hr(part, path, file, folder, how, work)
            else:
                _put(file, folder / name / path, work)
        except OSError as error:
            raise StorageError(f"{folder / name / path} could not be written: {error.strerror or error}.") from error

    return do


def _make_hr(part: Part, path: PurePosixPath, file: Path, folder: Path, how: How, work: Path) -> None:
    makes = how.folders(part)
    changed = how.mod_crop is not None or how.png
    pixels = read_as_stored(file) if makes or changed else None
    if pixels is not None and changed:
        pixels = mod_crop(pixels, how.mod_crop or 1)
        _write(folder / HR / path.with_suffix(".png"), pixels)
    else:
        _put(file, folder / HR / path, work)
    for name, (kind, scale) in makes.items():
        assert pixels is not None, "read above"
        hr = torch.from_numpy(np.ascontiguousarray(mod_crop(pixels, scale))).permute(2, 0, 1)[None]
        lr = WAYS[kind](hr, scale, how.seed, path.with_suffix("").as_posix())
        target = folder / name / path.with_name(f"{path.stem}x{scale}.png")
        _write(target, lr[0].permute(1, 2, 0).contiguous().numpy())


def _put(file: Path, target: Path, work: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.is_relative_to(work):
        file.rename(target)
    else:
        shutil.copyfile(file, target)


def _write(target: Path, pixels: np.ndarray) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    write_image(target, pixels)
