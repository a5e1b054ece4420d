"""Images of more than 8 bits, rounded to 8.

Pillow has no mode for colour of 16 bits: it keeps the upper byte of each level, which for a quarter of them is not the
nearest. Its decoders do know both byte orders, though. A file read once as what it is and once in the other order gives
upper and lower bytes, for all its compressions and without another library (torchvision deprecates its own decoders;
OpenCV and imagecodecs are large). Such files cost two decodings.
"""

import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ORDERS = {"L": ("L", "B"), "B": ("B", "L")}
"""Byte order of a file -> the one that gives the upper bytes, and the one that gives the lower bytes."""

COLOURS = re.compile(r"(RGB|RGBX|RGBA|RGBa|CMYK);16([LBN])")
BITS_PER_SAMPLE, PHOTOMETRIC, PLANAR = 258, 262, 284  # tags of TIFF
ALL_PLANES = 2  # value of PLANAR: one colour after the other
WHITE_IS_ZERO = 0


def bits_of(image: Image.Image) -> int:
    """Bits of each level of an opened file, from its header; 8 where Pillow does not tell."""
    if image.format == "TIFF":
        found = image.tag_v2.get(BITS_PER_SAMPLE, 1)  # pyright: ignore[reportAttributeAccessIssue]
        return max(found) if isinstance(found, tuple) else int(found)
    if image.mode.startswith("I") or re.search(";16[LBN]$", _raw_mode(image)):  # BMP has a "BGR;16" of 5, 6, 5 bits
        return 16
    return 1 if image.mode == "1" else 8


def in_8_bits(path: Path, image: Image.Image) -> tuple[Image.Image, np.ndarray | None]:
    """The file's image decoded, in a mode of 8 bits, and the transparency that this mode cannot hold (H, W), or None.

    `image` is the opened file, not decoded yet. Raises ValueError for what cannot be brought to 8 bits.
    """
    bits = bits_of(image)
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers; expected integers of 8 or 16 bits")
    if image.mode.startswith("I"):
        return _grey(image, bits)
    if bits <= 8 or image.mode in ("1", "L", "P"):
        image.load()
        return image, None
    levels = _levels(path, image)
    rounded = rounded_to_8(levels)
    mode = {2: "LA", 3: "RGB", 4: "CMYK" if image.mode == "CMYK" else "RGBA"}[levels.shape[2]]
    made = Image.frombytes(mode, image.size, rounded.tobytes())
    key = image.info.get("transparency")
    alpha = None if key is None or len(key) != 3 else _unlike(levels, key)
    return _with_info(made, image), alpha


def rounded_to_8(levels: np.ndarray, most: int = 65535) -> np.ndarray:
    """uint8 of levels from 0 to `most`, the nearest each.

    >>> rounded_to_8(np.array([0, 128, 129, 65535])).tolist()
    [0, 0, 1, 255]
    """
    return ((levels.astype(np.uint32) * 255 + most // 2) // most).astype(np.uint8)


def _grey(image: Image.Image, bits: int) -> tuple[Image.Image, np.ndarray | None]:
    levels = np.asarray(image)
    most = 2**bits - 1 if bits in (12, 16) else 65535
    if levels.min() < 0 or levels.max() > most:
        raise ValueError(f"its pixels reach from {levels.min()} to {levels.max()}; expected 8 or 16 bits")
    if _tag(image, PHOTOMETRIC) == WHITE_IS_ZERO:
        levels = most - levels.astype(np.int64)  # Pillow inverts up to 8 bits only
    key = image.info.get("transparency")
    alpha = _unlike(levels[..., None], (key,)) if isinstance(key, int) else None
    return _with_info(Image.fromarray(rounded_to_8(levels, most)), image), alpha


def _levels(path: Path, image: Image.Image) -> np.ndarray:
    """uint16 (H, W, C) of a file of 16 bits: LA, RGB, RGBA or CMYK."""
    if _raw_mode(image) == "LA;16B":  # four bytes of a pixel: they can be had at once
        parts = _decoded(path, ["RGBA"] * len(_tiles(image)), "RGBA").astype(np.uint16)
        return parts[..., ::2] << 8 | parts[..., 1::2]
    upper, lower = (_decoded(path, raw_modes, image.mode) for raw_modes in _both_orders(image))
    levels = upper.astype(np.uint16) << 8 | lower
    return _without_alpha_in_colours(levels) if "RGBa" in _raw_mode(image) else levels


def _both_orders(image: Image.Image) -> tuple[list[str], list[str]]:
    """For each of the file's tiles the raw mode of its upper bytes, and that of its lower bytes."""
    if _tag(image, PLANAR) == ALL_PLANES:
        if _tiles(image)[0].codec_name != "raw":
            raise ValueError("its colours of 16 bits are compressed one after the other; expected them pixel by pixel")
        order = "L" if image.tag_v2.prefix == b"II" else "B"  # pyright: ignore[reportAttributeAccessIssue]
        names = [f"{_first(tile.args)[0]};16" for tile in _tiles(image)]
    else:
        found = COLOURS.fullmatch(_raw_mode(image))
        if found is None:
            raise ValueError(f"it has colours of 16 bits, kept as {_raw_mode(image)}; expected RGB, RGBA or CMYK")
        name, order = found[1].replace("RGBa", "RGBA"), found[2]
        names = [f"{name};16"] * len(_tiles(image))
    native = {"little": "L", "big": "B"}[sys.byteorder]
    upper, lower = ORDERS[native if order == "N" else order]
    return [name + upper for name in names], [name + lower for name in names]


def _decoded(path: Path, raw_modes: list[str], mode: str) -> np.ndarray:
    """The file once more, its bytes taken for something else: uint8 (H, W, C)."""
    with Image.open(path) as again:
        assert again.mode == mode
        again.tile = [  # pyright: ignore[reportAttributeAccessIssue]
            tile._replace(args=raw if isinstance(tile.args, str) else (raw, *tile.args[1:]))
            for tile, raw in zip(_tiles(again), raw_modes, strict=True)
        ]
        return np.asarray(again)


def _without_alpha_in_colours(levels: np.ndarray) -> np.ndarray:
    """RGBA whose colours were multiplied by the transparency, divided by it; where nothing is to be seen, as it is."""
    alpha = levels[..., 3:].astype(np.uint64)
    divided = (levels[..., :3].astype(np.uint64) * 65535 + alpha // 2) // np.maximum(alpha, 1)
    colours = np.where(alpha > 0, divided.clip(0, 65535), levels[..., :3]).astype(np.uint16)
    return np.concatenate([colours, levels[..., 3:]], axis=2)


def _unlike(levels: np.ndarray, key: tuple[int, ...]) -> np.ndarray:
    """The transparency, uint8 (H, W), of an image in which one colour stands for nothing."""
    return np.where((levels == key).all(axis=2), 0, 255).astype(np.uint8)


def _with_info(made: Image.Image, image: Image.Image) -> Image.Image:
    made.info = {name: value for name, value in image.info.items() if name != "transparency"}
    return made


def _tiles(image: Image.Image) -> list[Any]:
    return getattr(image, "tile", [])


def _raw_mode(image: Image.Image) -> str:
    """How Pillow's decoder calls what the file holds; empty for formats that decode themselves."""
    tiles = _tiles(image)
    return _first(tiles[0].args) if tiles else ""


def _first(args: Any) -> str:
    found = args[0] if isinstance(args, tuple) and args else args
    return found if isinstance(found, str) else ""


def _tag(image: Image.Image, tag: int) -> Any:
    return image.tag_v2.get(tag) if image.format == "TIFF" else None  # pyright: ignore[reportAttributeAccessIssue]
