"""Upscale image files: one, or a folder of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from gansr.data.files.folders import find_images
from gansr.data.files.images import read_with_alpha, to_rgb, write_image
from gansr.errors import DataError, StorageError, UserError
from gansr.inference.bicubic import Bicubic


class Enlarger(Protocol):
    """An `Upscaler`, `Bicubic`, or a user's own."""

    scale: int

    def __call__(self, lr: np.ndarray, /) -> np.ndarray:
        """Uint8 (h, w, C) -> uint8 (scale*h, scale*w, C)."""
        ...


def upscale_files(upscaler: Enlarger, source: Path, output: Path, suffix: str = ".png") -> Iterator[Path]:
    """Upscale a file or a folder, nested folders included, and yield each path once it is written.

    Of a folder, `output` mirrors the structure, with every file as `suffix`. Of a file, `output` is the new
    file if it has a suffix, else a folder. Transparency is enlarged by bicubic.

    Raises:
        UserError: something would be overwritten that must not be (before anything is written), or some
            images failed (after all others were written).
        DataError: `source` is missing or holds no image.
        StorageError: the disk refuses; at once.
    """
    failures: list[str] = []
    for path, target in plan(source, output, suffix).items():
        try:
            image = upscale_with_alpha(upscaler, path)
        except UserError as error:
            failures.append(f"{path}: {error}")
            continue
        make_folder(target.parent)
        write_image(target, image)
        yield target
    if failures:
        listed = "\n".join(failures)
        raise UserError(f"{len(failures)} of the images could not be upscaled; all others are written.\n{listed}")


def upscale_with_alpha(upscaler: Enlarger, path: Path) -> np.ndarray:
    """The upscaled image, uint8 (H, W, C): C = 1 or 3, or 4 (RGBA) if the file is transparent."""
    image, alpha = read_with_alpha(path)
    large = upscaler(image)
    if alpha is None:
        return large
    return np.concatenate([to_rgb(large), Bicubic(upscaler.scale)(alpha)], axis=-1)


def plan(source: Path, output: Path, suffix: str) -> dict[Path, Path]:
    """Where each image goes. `UserError` where one would replace an input or another result."""
    if not source.exists():
        raise DataError(f"{source}: there is no such photo or folder.")
    if source.is_dir():
        # Results of an earlier run inside the source are not upscaled again.
        images = [
            path for path in find_images((source,), str(source)) if output == source or output not in path.parents
        ]
        targets = {path: output / path.relative_to(source).with_suffix(suffix) for path in images}
    elif output.suffix and not output.is_dir():
        targets = {source: output}
    else:
        targets = {source: output / f"{source.stem}{suffix}"}

    inputs = {path.resolve() for path in targets}
    origins: dict[Path, Path] = {}
    for path, target in targets.items():
        if target.resolve() in inputs:
            raise UserError(f"{target} is an input and would be overwritten: choose another output.")
        other = origins.setdefault(target, path)
        if other != path:
            raise UserError(f"{other} and {path} would both be written to {target}: rename one of them.")
    return targets


def make_folder(folder: Path) -> None:
    """Make a folder and its parents; `StorageError` where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"The folder {folder} cannot be made: {error.strerror}.") from None
