"""Decoding a file once, and what is found on the way: damage that Pillow says, and damage that it does not."""

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from gansr.data.calibration.compression import quality_of_file
from gansr.data.check.files.opening import Header, unreadable
from gansr.data.check.files.tears import TORN, torn
from gansr.data.check.findings import Finding
from gansr.data.files.images import read_with_alpha
from gansr.errors import DataError

END_OF_JPEG = b"\xff\xd9"
BLOCK = 8
LOW_QUALITY = 40
GREY_ROWS = 3  # rows of blocks at the end of a JPEG image that are of one colour each: the decoder ran out of data
BROKEN = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error)


def decode(file: Path, header: Header) -> tuple[np.ndarray | None, list[Finding]]:
    """uint8 (H, W, C) as `read_image` gives it, or None, and findings about the file."""
    found: list[Finding] = []
    try:
        image, alpha = read_with_alpha(file)
    except DataError as error:
        cause = error.__cause__ or error
        return None, [unreadable(file, cause)] if header.mode != "F" else []
    except MemoryError:
        return None, [Finding("bomb", (file,), "there is not enough memory to decode it")]
    if alpha is not None and alpha.min() < 255:
        hidden = float((alpha < 255).mean())
        found.append(Finding("transparent", (file,), f"{hidden:.1%} of the pixels", hidden))
    damage = {"PNG": _damaged_png, "JPEG": _damaged_jpeg}.get(header.format)
    if damage and (said := damage(file, image)):
        found.append(Finding("corrupt", (file,), said))
    elif header.format == "JPEG" and (suspect := _suspect(file, image)):
        found.append(suspect)
    return image, found


def _suspect(file: Path, image: np.ndarray) -> Finding | None:
    share, row = torn(image)
    # At low qualities there are steps between all blocks.
    if share < TORN or (quality_of_file(file) or 0) < LOW_QUALITY:
        return None
    return Finding("corrupt", (file,), f"it looks torn near row {row}", share, "warning")


def _damaged_png(file: Path, image: np.ndarray) -> str:
    """Checksums of its chunks: decoding stops when it has all pixels, and leaves some unread."""
    try:
        with Image.open(file) as again:
            again.verify()
    except BROKEN as error:
        return str(error) or type(error).__name__
    return ""


def _damaged_jpeg(file: Path, image: np.ndarray) -> str:
    """What a decoder passes over: markers within the data, a missing end, and grey where data were missing."""
    coded = file.read_bytes()
    if END_OF_JPEG not in coded[-4096:]:
        return "its end is missing"
    if stray := _stray_marker(coded):
        return f"a marker {stray:#06x} within its data"
    rows = _plain_rows(image)
    if rows >= GREY_ROWS and rows < image.shape[0] // BLOCK:
        return f"its data end before its last {rows * BLOCK} rows"
    return ""


def _stray_marker(coded: bytes) -> int:
    """The first marker after the first scan's beginning that has no business there; 0: none."""
    start = coded.find(b"\xff\xda")
    data = np.frombuffer(coded, np.uint8)
    places = np.nonzero(data[start:-1] == 0xFF)[0] + start
    codes = data[places + 1]
    inside = (codes != 0x00) & (codes != 0xFF) & ~((codes >= 0xD0) & (codes <= 0xD7))
    expected = {0xDA, 0xC4, 0xDD, 0xD9, 0xDB, 0xDC, 0xFE, *range(0xE0, 0xF0)}  # of further scans, and what follows
    for code in codes[inside]:
        if int(code) == 0xD9:
            return 0
        if int(code) not in expected:
            return 0xFF00 | int(code)
    return 0


def _plain_rows(image: np.ndarray) -> int:
    """How many rows of 8x8 blocks at the bottom consist of blocks of one colour, all along, though others do not."""
    height, width = (side // BLOCK * BLOCK for side in image.shape[:2])
    if not height or not width:
        return 0
    blocks = image[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK, -1)
    plain = (np.ptp(blocks, axis=(1, 3)) == 0).all((1, 2))
    # Photos may well end in a plain border: of one colour all along, which missing data are too. So the rows' own
    # colour must be another than black or white.
    rows = int(np.argmin(plain[::-1])) if not plain.all() else 0
    if not rows:
        return 0
    last = image[height - rows * BLOCK : height].astype(int)
    return 0 if last.min() >= 250 or last.max() <= 5 else rows
