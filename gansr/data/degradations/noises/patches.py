"""Noise taken from real photos, as in RealSR (Ji et al. 2020, "Real-world super-resolution via kernel estimation ...").

What is left of a flat part of a photo without its mean is noise: with the correlations between neighbours and channels
that a camera and its software gave it, which no formula has.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.checks import Range, check_range
from gansr.data.degradations.draws import Draws
from gansr.data.files.folders import find_images
from gansr.data.files.images import read_image, to_rgb
from gansr.errors import DataError, OptionsError

GREY = (0.299, 0.587, 0.114)  # Pillow's, by which the authors measure


def noise_patches(
    folder: Path, side: int = 64, variance: tuple[float, float] = (1, 20), brightness: tuple[float, float] = (0, 255)
) -> Operation:
    """Noise of a folder of real LR images, one of its flat patches for each sample; clamps to [0, 1] afterwards.

    The patches are gathered when the operation is made. A sample takes a part of one at random, mirrored as it comes,
    and mirrored again and again where the patch ends. The authors take patches of 256 pixels with a variance below 20,
    and add each to an LR crop that is no larger. Raises DataError if the folder has no such patch.

    Args:
        folder: real LR images
        side: of a patch, in pixels
        variance: range of a patch's variance in grey, in squared levels of 255: less is a clipped sky, more a texture
        brightness: range of a patch's mean in grey, in levels; the authors have (50, 255) for photos of phones
    """
    if side < 2:
        raise OptionsError(f"side is {side}; expected 2 pixels or more.")
    check_range("variance", variance)
    check_range("brightness", brightness, 0, 255)
    wanted = (folder, side, variance, brightness)
    _gathered(*wanted)

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        patches = _gathered_on(canvas.image.device, *wanted)
        number = draws.whole(0, len(patches) - 1)
        # Each place of a patch there and of the mirrored patch behind it.
        row, column = (draws.whole(0, 2 * side - 1) for _ in range(2))
        draws.note(number=number)
        return canvas.with_image((canvas.image + spread(patches, number, row, column, canvas.image)).clamp_(0, 1))

    return operation


def harvest(
    images: Iterable[np.ndarray], side: int = 64, variance: Range = (1, 20), brightness: Range = (0, 255)
) -> Tensor:
    """The flat patches of images without their means: uint8 (H, W, 3) each to (N, 3, side, side) in units of [0, 1].

    Patches lie side by side, from the upper left corner on. Variance and brightness are those of grey, both ends
    included; the mean of each channel is taken off.
    """
    found = [_flat(image, side, variance, brightness) for image in images]
    return torch.from_numpy(np.concatenate([np.zeros((0, 3, side, side), np.float32), *found]))


def spread(patches: Tensor, number: Tensor, row: Tensor, column: Tensor, image: Tensor) -> Tensor:
    """A patch for each sample in the size of the image, (B, 3, H, W), mirrored where it ends.

    Args:
        patches: (N, 3, side, side)
        number: (B,), which of them
        row: (B,) from 0 to 2 side - 1, where to begin: from `side` on in the mirrored patch
        column: (B,), as `row`
        image: gives height and width
    """
    side = patches.shape[-1]
    height, width = image.shape[-2:]
    down, across = (
        _folded(start[:, None] + torch.arange(length, device=start.device), side)
        for start, length in ((row, height), (column, width))
    )
    taken = patches.permute(0, 2, 3, 1)[number[:, None, None], down[:, :, None], across[:, None, :]]  # (B, H, W, 3)
    return taken.permute(0, 3, 1, 2)


def _folded(places: Tensor, side: int) -> Tensor:
    there = places.remainder(2 * side)
    return there.minimum(2 * side - 1 - there)


def _flat(image: np.ndarray, side: int, variance: Range, brightness: Range) -> np.ndarray:
    rows, columns = (length // side for length in image.shape[:2])
    cut = image[: rows * side, : columns * side].astype(np.float64)
    blocks = cut.reshape(rows, side, columns, side, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, side, side)
    grey = np.einsum("c,nchw->nhw", GREY, blocks)
    spread, mean = grey.var((1, 2)), grey.mean((1, 2))
    chosen = (variance[0] <= spread) & (spread <= variance[1]) & (brightness[0] <= mean) & (mean <= brightness[1])
    flat = blocks[chosen]
    return ((flat - flat.mean((2, 3), keepdims=True)) / 255).astype(np.float32)


@lru_cache(maxsize=8)  # a pipeline whose ranges change with the step makes its operations anew
def _gathered(folder: Path, side: int, variance: Range, brightness: Range) -> Tensor:
    files = find_images([folder], "folder")
    patches = harvest((to_rgb(read_image(file)) for file in files), side, variance, brightness)
    if not len(patches):
        raise DataError(
            f"folder: no flat patch of {side}x{side} pixels in the {len(files)} images of {folder}, with a variance of "
            f"{variance[0]:g} to {variance[1]:g}; expected at least one. A smaller side or a wider variance finds more."
        )
    return patches


@lru_cache(maxsize=8)
def _gathered_on(device: torch.device, *wanted) -> Tensor:
    return _gathered(*wanted).to(device, non_blocking=True)
