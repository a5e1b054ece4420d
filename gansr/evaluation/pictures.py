"""Images side by side, each under its name."""

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gansr.evaluation.scores import Triple

GAP = 4  # pixels between panels
WHITE = 255


def side_by_side(images: Mapping[str, np.ndarray]) -> np.ndarray:
    """Label -> uint8 image (h, w, 1 or 3), drawn in one row under their labels: uint8 (H, W, 3).

    Images smaller than the largest are enlarged by repeating pixels, so that an LR image shows what it holds.
    """
    height, width = (max(image.shape[axis] for image in images.values()) for axis in (0, 1))
    size = max(10, min(24, width // 12))
    font, label_height = ImageFont.load_default(size), 2 * size
    sheet = Image.new("RGB", (len(images) * (width + GAP) - GAP, label_height + height), (WHITE,) * 3)
    draw = ImageDraw.Draw(sheet)
    for number, (label, image) in enumerate(images.items()):
        left = number * (width + GAP)
        draw.text((left + width // 2, label_height // 2), label, fill="black", font=font, anchor="mm")
        panel = Image.fromarray(np.broadcast_to(image, (*image.shape[:2], 3)).copy())
        sheet.paste(panel.resize((width, height), Image.Resampling.NEAREST), (left, label_height))
    return np.asarray(sheet)


def before_and_after(pictures: Triple) -> np.ndarray:
    """LR, SR and HR side by side, uint8 (H, W, 3)."""
    return side_by_side({"LR": pictures.lr, "SR": pictures.sr, "HR": pictures.hr})
