"""What compression leaves behind: JPEG on the device (`imaging/jpeg.py`), WebP on the host."""

import io
from typing import Literal

import numpy as np
import torch
from PIL import Image, features
from torch import Tensor

from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.checks import check_probability, check_range
from gansr.data.degradations.draws import Draws
from gansr.errors import OptionsError
from gansr.imaging.jpeg import compress


def jpeg(
    quality: tuple[float, float] = (30, 95),
    subsampling: Literal["420", "444"] = "420",
    probability: float = 1.0,
    whole: bool = False,
    tables: Literal["diffjpeg", "libjpeg"] = "diffjpeg",
    differentiable: bool = False,
) -> Operation:
    """JPEG with a quality of its own for each sample; clamps to [0, 1] before and after, as Real-ESRGAN does.

    Args:
        quality: range in 1..100
        subsampling: 420: colour at half the resolution, as cameras and libraries do by default; 444: at the full one
        probability: how many of the samples are compressed
        whole: draw whole numbers only, both ends included, as BSRGAN does
        tables: see `compress`
        differentiable: let gradients pass the rounding; see `compress`
    """
    check_range("quality", quality, 1, 100)
    check_probability("probability", probability)

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        number, chosen = _quality(draws, quality, whole), draws.chance(probability)
        draws.note(quality=number)
        draws.only(chosen)
        if tables == "libjpeg":  # which continues the edge to the end of the last blocks
            image = compress(canvas.filled(0, "replicate").clamp(0, 1), number, subsampling, tables, differentiable)
        else:
            clamped = canvas.image.clamp(0, 1)
            image = compress(
                clamped, number, subsampling, tables, differentiable, None if canvas.full else canvas.mask()
            )
        return canvas.with_image(image).where(chosen, canvas)

    return operation


def webp(quality: tuple[float, float] = (30, 95), probability: float = 1.0) -> Operation:
    """Lossy WebP with a whole quality of its own for each sample, by Pillow: the host waits for the device here.

    No other operation does. Rounds to 8 bits and clamps, as files are. Raises OptionsError if Pillow was built
    without WebP.

    Args:
        quality: range in 1..100
        probability: how many of the samples are compressed
    """
    check_range("quality", quality, 1, 100)
    check_probability("probability", probability)
    if not features.check("webp"):
        raise OptionsError("webp: this Pillow was built without WebP; expected one with it, or jpeg instead.")

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        number, chosen = _quality(draws, quality, whole=True), draws.chance(probability)
        draws.note(quality=number)
        draws.only(chosen)
        if canvas.image.is_meta:
            return canvas
        return canvas.with_image(_through_webp(canvas, number)).where(chosen, canvas)

    return operation


def _quality(draws: Draws, quality: tuple[float, float], whole: bool) -> Tensor:
    low, high = quality
    return draws.whole(round(low), round(high)).float() if whole else draws.uniform(low, high)


def _through_webp(canvas: Canvas, quality: Tensor) -> Tensor:
    levels = (canvas.image.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    sizes = torch.stack([canvas.height, canvas.width, quality.long()], 1).tolist()
    decoded = np.zeros_like(levels)
    for number, (height, width, each) in enumerate(sizes):
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(levels[number, :height, :width])).save(file, "WEBP", quality=each)
        decoded[number, :height, :width] = np.asarray(Image.open(file).convert("RGB"))
    return torch.from_numpy(decoded).to(canvas.image.device).permute(0, 3, 1, 2) / 255
