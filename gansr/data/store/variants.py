"""What may be kept of an image: its pixels, or what is made of them once and for all."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from gansr.data.files.images import image_channels, image_size, read_image
from gansr.data.store.disk.strips import Shape
from gansr.imaging.resize import mod_crop, reduce_uint8


@dataclass(frozen=True)
class Variant:
    """One way to make an image of a file.

    Args:
        name: goes into the name of the pack
        make: file -> uint8 (H, W, C). Raises DataError for a file that cannot be read
        shape: file -> the (H, W, C) that `make` would return, from the file's header. Raises DataError as `make` does
        plain: are these the pixels themselves?
    """

    name: str
    make: Callable[[Path], np.ndarray]
    shape: Callable[[Path], Shape]
    plain: bool = False


def reduced_once(scale: int) -> Variant:
    """LR of HR files: MATLAB's bicubic, in bytes, of the image without what is left over by `scale`."""
    return Variant(f"bicubic x{scale}", partial(_reduced, scale), partial(_reduced_shape, scale))


def _reduced(scale: int, file: Path) -> np.ndarray:
    pixels = torch.from_numpy(mod_crop(read_image(file), scale)).permute(2, 0, 1)[None]  # (1, C, H, W)
    return reduce_uint8(pixels, scale)[0].permute(1, 2, 0).contiguous().numpy()


def _shape(file: Path) -> Shape:
    return (*image_size(file), image_channels(file))


def _reduced_shape(scale: int, file: Path) -> Shape:
    height, width, channels = _shape(file)
    return height // scale, width // scale, channels


PIXELS = Variant("pixels", read_image, _shape, plain=True)
