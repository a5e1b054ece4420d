"""What to do when an image does not fit in memory: upscale it in ever smaller tiles."""

import gc
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from gansr.errors import UserError

SIGNS = (
    "not enough memory",  # PyTorch's allocator on Windows
    "can't allocate memory",  # and elsewhere
    "out of memory",  # of devices without an OutOfMemoryError of their own
)
"""How a RuntimeError says that memory was short: on processors there is no class for it."""


def is_short(error: RuntimeError) -> bool:
    """Does the error say that memory was short?"""
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error).lower() for sign in SIGNS)


def smaller_tiles(size: tuple[int, int], tile: int | None, smallest: int) -> Iterator[int | None]:
    """The tile that was asked for (None: the whole image), then half of it, down to `smallest`.

    Half of a whole image is half of its longer side. Tiles no smaller than the image would change nothing.

    >>> list(smaller_tiles((480, 320), None, 100))
    [None, 240, 120, 100]
    """
    yield tile
    longer = max(size)
    side = longer if tile is None else min(tile, longer)
    while side > smallest:
        side = max(smallest, (side + 1) // 2)
        yield side


def in_smaller_tiles(
    upscale: Callable[[int | None], Tensor], size: tuple[int, int], tile: int | None, smallest: int, where: str
) -> tuple[Tensor, int | None]:
    """The result of the largest tile that fits in memory, and that tile; None: the whole image.

    Args:
        upscale: does it in tiles of so many pixels
        size: (height, width) of the LR image
        tile: what to begin with; None: the whole image
        smallest: the smallest tile that makes sense
        where: the device, for messages

    Raises:
        UserError: not even the smallest tiles fit.
    """
    for side in smaller_tiles(size, tile, smallest):
        try:
            return upscale(side), side
        except RuntimeError as error:
            if not is_short(error):
                raise
        _tidy()  # not above: there the error still holds what it was about to compute with
    height, width = size
    raise UserError(
        f"An image of {width}x{height} pixels did not fit in the memory of {where}, not even in tiles of "
        f"{min(smallest, max(size))} pixels: close what else uses it, or take another device or a smaller network."
    )


def _tidy() -> None:
    gc.collect()
    if torch.accelerator.is_available():
        torch.accelerator.empty_cache()
