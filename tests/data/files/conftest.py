"""Files that Pillow cannot write, byte by byte."""

import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(levels: np.ndarray, chunks: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """A PNG of 16 bits of (H, W, C): grey, grey with alpha, RGB or RGBA; every other row differs from the one above."""
    height, width, channels = levels.shape
    rows, before, content = levels.astype(">u2").reshape(height, -1).view(np.uint8), 0, b""
    for number, row in enumerate(rows):
        content += bytes([2 * (number % 2)]) + ((row - before) if number % 2 else row).astype(np.uint8).tobytes()
        before = row
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(content)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def tiff(
    levels: np.ndarray,
    photometric: int,
    order: str = "<",
    packed: bool = False,
    planes: bool = False,
    extra: int | None = None,
    bits: int = 16,
    content: bytes | None = None,
) -> bytes:
    """A TIFF of 16 bits of (H, W, C), pixel by pixel or plane by plane, uncompressed or deflated."""
    height, width, channels = levels.shape
    stored = levels.transpose(2, 0, 1) if planes else levels[None]
    strips = [strip.astype(f"{order}u2").tobytes() for strip in stored]
    strips = strips if content is None else [content]
    strips = [zlib.compress(strip) for strip in strips] if packed else strips
    offsets = np.cumsum([8, *map(len, strips)])
    entries: dict[int, tuple[int, Sequence[Any]]] = {
        256: (4, [width]), 257: (4, [height]), 258: (3, [bits] * channels), 259: (3, [8 if packed else 1]),
        262: (3, [photometric]), 273: (4, offsets[:-1].tolist()), 277: (3, [channels]), 278: (4, [height]),
        279: (4, list(map(len, strips))), 284: (3, [2 if planes else 1]),
    } | ({} if extra is None else {338: (3, [extra])})  # fmt: skip
    far, rows, place = b"", b"", int(offsets[-1]) + 2 + 12 * len(entries) + 4
    for tag, (kind, values) in sorted(entries.items()):
        content = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(content) > 4:
            content, far = struct.pack(f"{order}I", place + len(far)), far + content
        rows += struct.pack(f"{order}HHI", tag, kind, len(values)) + content.ljust(4, b"\0")
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(f"{order}HI", 42, int(offsets[-1]))
    return head + b"".join(strips) + struct.pack(f"{order}H", len(entries)) + rows + bytes(4) + far


def profile(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    """An ICC profile, version 2, for a display or a printer."""
    tags = {b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78),
            b"wtpt": xyz(0.9642, 1.0, 0.8249)} | tags  # fmt: skip
    place, table, content = 128 + 4 + 12 * len(tags), b"", b""
    for name, tag in tags.items():
        table += name + struct.pack(">II", place + len(content), len(tag))
        content += tag.ljust(-(-len(tag) // 4) * 4, b"\0")
    body = struct.pack(">I", len(tags)) + table + content
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    head = struct.pack(">I", 128 + len(body)) + b"none" + bytes([2, 0x40, 0, 0]) + kind + space + pcs
    head = head.ljust(36, b"\0") + b"acsp"
    return head.ljust(68, b"\0") + struct.pack(">iii", 63190, 65536, 54061).ljust(60, b"\0") + body


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">iii", *(round(value * 65536) for value in values))


def power(exponent: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


@pytest.fixture
def png_of() -> Callable[..., bytes]:
    return png


@pytest.fixture
def tiff_of() -> Callable[..., bytes]:
    return tiff


ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
"""Adobe RGB to XYZ at D50: its columns are the profile's colorants."""
SRGB = np.array([[0.43607, 0.38506, 0.14308], [0.22250, 0.71688, 0.06062], [0.01393, 0.09710, 0.71417]])


@pytest.fixture
def profiles() -> dict[str, bytes]:
    """Profiles as files have them: Adobe RGB, sRGB but for its curve, grey of another gamma, a printer of four inks."""

    def named(matrix: np.ndarray) -> dict[bytes, bytes]:
        return {name + b"XYZ": xyz(*column) for name, column in zip((b"r", b"g", b"b"), matrix.T, strict=True)}

    curves = {name + b"TRC": power(563 / 256) for name in (b"r", b"g", b"b")}
    ramp = bytes(range(256))
    # Light falls with each ink, and only black ink makes black; levels of Lab are L * 2.55, and 128 for no colour.
    inks = [np.array([(number >> bit) & 1 for bit in (3, 2, 1, 0)]) for number in range(16)]
    grid = b"".join(bytes([0 if k else round(255 * (1 - 0.2 * (c + m + y))), 128, 128]) for c, m, y, k in inks)
    unit = struct.pack(">9i", *(65536 * value for value in (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + unit + ramp * 4 + grid + ramp * 3
    return {
        "wide": profile(b"RGB ", named(ADOBE) | curves),
        "almost": profile(b"RGB ", named(SRGB) | curves),
        "grey": profile(b"GRAY", {b"kTRC": power(1.0)}),
        "inks": profile(b"CMYK", {b"A2B0": table}, pcs=b"Lab "),
    }
