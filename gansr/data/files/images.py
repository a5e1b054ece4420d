"""Images on the disk: uint8 arrays (H, W, C) in, uint8 arrays out."""

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import ExifTags, Image, features

from gansr.errors import DataError, StorageError

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

# What turns an image of each EXIF orientation upright; those from 5 on exchange height and width.
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# What Pillow raises on files that are truncated, corrupt, or no images.
BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, Image.DecompressionBombError)


def read_image(path: Path) -> np.ndarray:
    """Read a file as uint8 (H, W, C): C = 1 for greyscale files, else 3 (RGB). Transparency is dropped.

    The EXIF orientation is applied, colour profiles are not. Grey of 16 bits becomes 8 bits by rounding; of
    RGB with 16 bits Pillow hands over the upper 8. Of an animation this is the first frame. Raises
    DataError for a file that is missing, damaged or no image.
    """
    return _open(path, lambda image: _pixels(_upright(image)))


def read_with_alpha(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    """`read_image`, and the transparency as uint8 (H, W, 1), or None for a file without any."""

    def read(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
        image = _upright(image)
        transparent = image.has_transparency_data and not image.mode.startswith("I")
        alpha = np.array(image.convert("RGBA").getchannel("A"))[..., None] if transparent else None
        return _pixels(image), alpha

    return _open(path, read)


def image_size(path: Path) -> tuple[int, int]:
    """(height, width) of the image that `read_image` would return, from the file's header alone."""

    def measure(image: Image.Image) -> tuple[int, int]:
        width, height = image.size
        return (width, height) if _orientation(image) >= 5 else (height, width)

    return _open(path, measure)


def image_channels(path: Path) -> int:
    """1 or 3: the channels of the image that `read_image` would return, from the file's header alone."""
    return _open(path, lambda image: 1 if _is_grey(image) else 3)


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
        raise StorageError(f"{path} could not be written: {_reason(error)}.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def to_rgb(array: np.ndarray) -> np.ndarray:
    """Repeat the channel of a grey (H, W, 1) array three times; (H, W, 3) is returned as it is."""
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array


Result = TypeVar("Result")


def _open(path: Path, read: Callable[[Image.Image], Result]) -> Result:
    try:
        with Image.open(path) as image:
            return read(image)
    except BROKEN as error:
        raise DataError(f"{path} cannot be read: {_reason(error)}.") from error


def _reason(error: BaseException) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        return "it is not an image, or of a kind that Pillow does not know"
    named = error.strerror if isinstance(error, OSError) else None
    return (named or str(error) or type(error).__name__).rstrip(".")


def _orientation(image: Image.Image) -> int:
    if image.format == "TIFF":
        return 1  # Pillow turns TIFF itself, in its size and in its pixels
    # PngImageFile.getexif would decode the whole image in search of metadata behind the pixels.
    return Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)


def _upright(image: Image.Image) -> Image.Image:
    turn = UPRIGHT.get(_orientation(image))
    image.load()
    return image if turn is None else image.transpose(turn)


def _pixels(image: Image.Image) -> np.ndarray:
    """uint8 (H, W, C) of a loaded image of any mode, C in {1, 3}."""
    if image.mode.startswith("I"):
        return _from_16_bits(np.asarray(image))[..., None]
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers; expected integers of 8 or 16 bits")
    if _is_grey(image):
        return np.array(image.convert("L"))[..., None]
    return np.array(image.convert("RGB"))


def _is_grey(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode in ("1", "L")


def _from_16_bits(levels: np.ndarray) -> np.ndarray:
    if levels.min() < 0 or levels.max() > 65535:
        raise ValueError(f"its pixels reach from {levels.min()} to {levels.max()}; expected 8 or 16 bits")
    return ((levels.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 = 255 * 257
