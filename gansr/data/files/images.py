"""Images on the disk: uint8 arrays (H, W, C) in, uint8 arrays out."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, features

from gansr.data.files.reading.deep import in_8_bits
from gansr.data.files.reading.kinds import kind_of
from gansr.data.files.reading.opening import UPRIGHT, opened, orientation, reason
from gansr.data.files.reading.profiles import in_srgb
from gansr.errors import StorageError

EXTENSIONS = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"}
    | ({".avif"} if features.check("avif") else set())
)

READING_VERSION = 1
"""Counts up with every change to what `read_image` makes of a file: caches of what it made before are not used."""

# How each suffix is written: 4:4:4 keeps colour at full resolution; lossy WebP cannot, so WebP is lossless.
WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 95, "subsampling": "4:4:4"}),
    ".jpeg": ("JPEG", {"quality": 95, "subsampling": "4:4:4"}),
    ".webp": ("WEBP", {"lossless": True}),
}


def read_image(path: Path) -> np.ndarray:
    """Read a file as uint8 (H, W, C): C = 1 for greyscale files, else 3 (sRGB). Transparency is dropped.

    It is upright (EXIF), converted to sRGB where the file has another colour profile, and more than 8 bits are rounded
    to 8. Of an animation this is the first frame. `kinds.TREATMENTS` tells all of it. Raises DataError for a file that
    is missing, damaged or no image, and for levels that are floating-point numbers.
    """
    return opened(path, lambda image: _pixels(path, image)[0])


def read_as_stored(path: Path) -> np.ndarray:
    """`read_image` without a look at colour profiles, as MATLAB and OpenCV read, and hence the tables of papers."""
    return opened(path, lambda image: _pixels(path, image, profiles=False)[0])


def read_with_alpha(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """`read_image`, and the transparency as uint8 (H, W, 1), or None for a file without any."""
    return opened(path, lambda image: _pixels(path, image, transparency=True))


def image_size(path: Path) -> tuple[int, int]:
    """(height, width) of the image that `read_image` would return, from the file's header alone."""
    return kind_of(path).size


def image_channels(path: Path) -> int:
    """1 or 3: the channels of the image that `read_image` would return, from the file's header alone."""
    return kind_of(path).channels


def write_image(path: Path, array: np.ndarray) -> None:
    """Write uint8 (H, W, C) as PNG, JPEG (quality 95, 4:4:4) or lossless WebP, by the suffix.

    C is 1 (grey), 3 (RGB) or 4 (RGBA, not for JPEG). The file appears whole or not at all. Raises
    StorageError for another suffix, or when the disk refuses.
    """
    assert array.dtype == np.uint8 and array.ndim == 3 and array.shape[2] in (1, 3, 4), array.shape
    if path.suffix.lower() not in WRITERS:
        raise StorageError(f"{path}: cannot write '{path.suffix}' images. Choices: {', '.join(WRITERS)}.")
    kind, settings = WRITERS[path.suffix.lower()]
    if kind == "JPEG" and array.shape[2] == 4:
        raise StorageError(f"{path}: JPEG has no transparency. Write a .png or a .webp.")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        Image.fromarray(array[..., 0] if array.shape[2] == 1 else array).save(unfinished, kind, **settings)
        unfinished.replace(path)
    except (OSError, ValueError) as error:
        raise StorageError(f"{path} could not be written: {reason(error)}.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def to_rgb(array: np.ndarray) -> np.ndarray:
    """Repeat the channel of a grey (H, W, 1) array three times; (H, W, 3) is returned as it is."""
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array


def _pixels(
    path: Path, image: Image.Image, profiles: bool = True, transparency: bool = False
) -> tuple[np.ndarray, np.ndarray | None]:
    """uint8 (H, W, C) of an opened image, C in {1, 3}, and its transparency (H, W, 1) if it is asked for."""
    turn = UPRIGHT.get(orientation(image))
    image, key = in_8_bits(path, image)
    alpha = _alpha(image, key) if transparency else None
    if not profiles:
        image.info.pop("icc_profile", None)
    colours = in_srgb(image)
    upright, alpha = (one if turn is None or one is None else one.transpose(turn) for one in (colours, alpha))
    assert upright is not None
    levels = np.array(upright)
    return levels[..., None] if levels.ndim == 2 else levels, None if alpha is None else np.array(alpha)[..., None]


def _alpha(image: Image.Image, key: np.ndarray | None) -> Image.Image | None:
    if key is not None:
        return Image.fromarray(key)
    return image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
