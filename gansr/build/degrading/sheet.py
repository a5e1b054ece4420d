"""Pictures side by side, each with lines of text below it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

NARROWEST = 240  # pixels of a column: room for words
LINE, GAP = 13, 8  # pixels from line to line, and around pictures


def sheet(pictures: Sequence[np.ndarray], captions: Sequence[Sequence[str]], columns: int) -> np.ndarray:
    """Rows of so many pictures on white, uint8 (H, W, 3).

    Args:
        pictures: of one size, uint8 (H, W, 3)
        captions: for each picture its lines, which are broken where they are too long
        columns: pictures in a row
    """
    height, width = pictures[0].shape[:2]
    column = max(width, NARROWEST) + GAP
    font = ImageFont.load_default()
    texts = [[part for line in lines for part in broken(line, column - GAP, font)] for lines in captions]
    row = height + LINE * max(map(len, texts)) + 2 * GAP
    canvas = Image.new("RGB", (columns * column + GAP, -(-len(pictures) // columns) * row + GAP), "white")
    pen = ImageDraw.Draw(canvas)
    for number, (picture, lines) in enumerate(zip(pictures, texts, strict=True)):
        left, top = GAP + number % columns * column, GAP + number // columns * row
        canvas.paste(Image.fromarray(picture), (left, top))
        for place, line in enumerate(lines):
            pen.text((left, top + height + GAP // 2 + place * LINE), line, fill="black", font=font)
    return np.asarray(canvas)


def broken(text: str, width: int, font: Any) -> list[str]:
    """The text in lines of at most so many pixels, but for words that are longer; all but the first are indented."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if lines[-1].strip() and font.getlength(longer) > width:
            longer = f"   {word}"
            lines.append("")
        lines[-1] = longer
    return lines


def caption(operations: Sequence[dict[str, Any]]) -> list[str]:
    """What was done to a picture, a line for each operation: its name, and what was drawn for it."""
    return [": ".join(filter(None, (row["type"], _values(row)))) for row in operations]


def _values(row: dict[str, Any]) -> str:
    words = [_words(name, value) for name, value in row.items() if name != "type"]
    return ", ".join(filter(None, words))


def _words(name: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return name if value else ""
    numbers = value if isinstance(value, list) else [value]
    return f"{name} " + "/".join(f"{number:.3g}" for number in numbers)
