"""Opening image files with Pillow: which way up they are, and what goes wrong, in words."""

import os
import struct
import warnings
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from PIL import ExifTags, Image

from gansr.errors import DataError, OptionsError

LIMIT = "GANSR_MAX_PIXELS"
"""Environment variable: pixels of the largest image that is opened. It belongs to a machine's memory, not to a run."""

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

Result = TypeVar("Result")


def opened(path: Path, read: Callable[[Image.Image], Result]) -> Result:
    """What `read` makes of the opened file, whose pixels are not decoded yet. Raises DataError if it is broken."""
    _set_limit()
    try:
        with Image.open(path) as image:
            return read(image)
    except BROKEN as error:
        raise DataError(f"{path} cannot be read: {reason(error)}.") from error


def reason(error: BaseException) -> str:
    """The end of a sentence that says why a file cannot be read or written."""
    if isinstance(error, Image.UnidentifiedImageError):
        return "it is not an image, or of a kind that Pillow does not know"
    if isinstance(error, Image.DecompressionBombError):
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        return (
            f"it has more than {most} pixels, and a damaged or malicious file could fill the memory that way. If it is "
            f"what it should be, set the environment variable {LIMIT} to the pixels of your largest image"
        )
    named = error.strerror if isinstance(error, OSError) else None
    return (named or str(error) or type(error).__name__).rstrip(".")


def orientation(image: Image.Image) -> int:
    """The EXIF orientation that is still to be undone, 1 to 8; 1: none."""
    if image.format == "TIFF":
        return 1  # Pillow turns TIFF itself, in its size and in its pixels
    # PngImageFile.getexif would decode the whole image in search of metadata behind the pixels.
    return Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)


@lru_cache(maxsize=1)
def _set_limit() -> None:
    # Pillow warns from half of its limit on: what is let in is let in.
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    asked = os.environ.get(LIMIT)
    if asked is None:
        return
    if not asked.isdecimal() or not int(asked):
        raise OptionsError(f"{LIMIT} is '{asked}'; expected a number of pixels, such as 400000000.")
    Image.MAX_IMAGE_PIXELS = -(-int(asked) // 2)  # Pillow refuses from twice this number on
