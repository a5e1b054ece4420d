"""JPEG as a function of tensors, on any device.

`compress` gives the numbers of DiffJPEG (mseitzer's and BasicSR's, the one of Real-ESRGAN): fractional tables, chroma
halved by averaging and doubled by repetition, zeros up to multiples of 16. DiffJPEG reads each sample's quality on the
host; here a quality is a tensor and a batch is nine matrix products, one 8x8 block being D x D' for the cosines D.

kornia's `jpeg_codec_differentiable` is another function: chroma is interpolated, borders are repeated, rounding is soft
always, and the host waits for its check of the quality (`.item()`) at every call. On the HR images of Set14, cut to
multiples of 16, at qualities 30, 60 and 90, it is 34.0, 35.5 and 38.6 dB from DiffJPEG's numbers. For 12 images of
400x400 (one thread of a shared CPU, fastest of several): here 57 ms, DiffJPEG 130 ms, kornia 420 ms.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Subsampling = Literal["420", "444"]
Tables = Literal["diffjpeg", "libjpeg"]

# ITU-T T.81 (1992), tables K.1 and K.2: rows are vertical frequencies, columns horizontal ones.
LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
# JFIF 1.02: Y, Cb and Cr (around 0) of RGB; and what Cb and Cr add to Y to make RGB.
TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
FROM_CHROMA = ((0.0, 1.402), (-0.344136, -0.714136), (1.772, 0.0))
FINEST = 0.001
"""Least factor of the tables: that of quality 99.95. At 100 the formula says 0, by which nothing can be divided."""


def compress(
    image: Tensor,
    quality: Tensor,
    subsampling: Subsampling = "420",
    tables: Tables = "diffjpeg",
    differentiable: bool = False,
    mask: Tensor | None = None,
) -> Tensor:
    """What decoding gives back of images that were coded with these qualities, clamped to [0, 1].

    Args:
        image: (B, 3, H, W), RGB in [0, 1]
        quality: (B,) in 1..100, fractions allowed
        subsampling: 420: Cb and Cr are means of 2x2 pixels; 444: they are kept whole
        tables: diffjpeg: tables times a factor, not rounded, and luma's transposed, means repeated when decoded, and
            black after the image's end, as in DiffJPEG; libjpeg: whole numbers from 1 to 255, not transposed, means
            interpolated linearly, and the image's edge again after its end, as in files. PSNR against Pillow at the
            same quality and subsampling 420, mean of the HR images of Set14 cut to multiples of 16, at 30, 60 and 90:
            33.5, 35.1 and 38.5 dB for the first, 44.4, 45.2 and 46.5 dB for the second (444: 44.6, 45.2, 46.4). The
            rest is that libjpeg rounds colours to whole levels on the way.
        differentiable: round x to r + (x - r)^3, where r is the nearest whole number (Shin and Song 2017, as in
            DiffJPEG), through which gradients pass; rounding itself passes none
        mask: (B, 1, H, W) of booleans, where there is an image; the rest is taken for black. None: everywhere
    """
    batch, _, height, width = image.shape
    if mask is not None:
        image = torch.where(mask, image, 0)
    if height % 16 or width % 16:
        beyond = "replicate" if tables == "libjpeg" else "constant"
        image = F.pad(image, (0, -width % 16, 0, -height % 16), beyond)
    sides = image.shape[-2:]
    # Scaled by 255 and back along with the change of colours, which spares passes over all the pixels.
    to_ycc = (_constant(TO_YCC, image) * 255).expand(batch, -1, -1)
    from_chroma = (_constant(FROM_CHROMA, image) / 255).expand(batch, -1, -1)
    luma_table, chroma_table = _tables(quality.to(image.dtype), tables)
    step = 2 if subsampling == "420" else 1
    with _full_precision():
        pixels = image.flatten(2)  # (B, 3, H W)
        luma, chroma = torch.bmm(to_ycc[:, :1], pixels) - 128, torch.bmm(to_ycc[:, 1:], pixels)
        luma = _coded(luma.view(batch, 1, *sides), luma_table, 1, differentiable)
        smooth = tables == "libjpeg"
        chroma = _coded(chroma.view(batch, 2, *sides), chroma_table, step, differentiable, smooth)
        brightness = ((luma + 128) / 255).flatten(2).expand(-1, 3, -1)  # in all of R, G and B
        decoded = torch.baddbmm(brightness, from_chroma, chroma.flatten(2)).view(batch, 3, *sides)
    return decoded.clamp_(0, 1)[..., :height, :width]


def _coded(planes: Tensor, table: Tensor, step: int, differentiable: bool, smooth: bool = False) -> Tensor:
    """Planes (B, C, H, W) of levels, there and back; blocks of 8x8 means of `step` x `step` pixels are quantised.

    Means are repeated when decoded or, if `smooth`, interpolated linearly.
    """
    batch, channels, height, width = planes.shape
    side = 8 * step
    forward = _cosines(planes).repeat_interleave(step, 1) / step  # (8, side): means, then cosines
    again = 1 if smooth else step
    back = _cosines(planes).repeat_interleave(again, 1)  # cosines, then repetition
    rows = batch * channels * height // side
    # Down the columns of all blocks side by side, then along the rows of two: wide products are quicker than many.
    down = torch.bmm(forward.expand(rows, -1, -1), planes.reshape(rows, side, width))  # (rows, 8, W)
    pair = torch.block_diag(forward, forward) if step == 1 else forward
    frequencies = down.view(-1, pair.shape[1]) @ pair.T
    blocks = frequencies.view(batch, channels * height // side, 8, width // side, 8)
    quantised = _quantised(blocks, table[:, None, :, None, :], differentiable)
    pair = torch.block_diag(back, back) if again == 1 else back
    along = quantised.view(-1, pair.shape[0]) @ pair
    up = torch.bmm(back.T.expand(rows, -1, -1), along.view(rows, 8, width * again // step))
    decoded = up.view(batch, channels, height * again // step, -1)
    return F.interpolate(decoded, (height, width), mode="bilinear") if again < step else decoded


def _quantised(frequencies: Tensor, table: Tensor, differentiable: bool) -> Tensor:
    if not differentiable:
        return (frequencies / table).round_().mul_(table)
    exact = frequencies / table
    nearest = exact.detach().round()
    return (nearest + (exact - nearest) ** 3) * table


def _tables(quality: Tensor, kind: Tables) -> tuple[Tensor, Tensor]:
    """Steps of luma and chroma, (B, 8, 8) each: the Independent JPEG Group's scaling of the standard's tables."""
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)[:, None, None]
    luma, chroma = (_constant(table, quality) for table in (LUMA, CHROMA))
    if kind == "diffjpeg":
        factor = (percent / 100).clamp_min(FINEST)
        return factor * luma.T, factor * chroma
    whole = percent.floor()
    scaled = (((table * whole + 50) / 100).floor().clamp(1, 255) for table in (luma, chroma))
    luma, chroma = scaled
    return luma, chroma


def _cosines(like: Tensor) -> Tensor:
    """The orthonormal DCT-II of 8 numbers, as a matrix."""
    rows = [[math.cos((2 * place + 1) * wave * math.pi / 16) / 2 for place in range(8)] for wave in range(8)]
    rows[0] = [math.sqrt(1 / 8)] * 8
    return _constant(rows, like)


def _constant(values: object, like: Tensor) -> Tensor:
    # Not torch.tensor(..., device=...), for which the host waits.
    return torch.tensor(values, dtype=like.dtype).to(like.device, non_blocking=True)


@contextmanager
def _full_precision() -> Iterator[None]:
    """Products of float32 with 24 bits: training asks for TF32, whose 11 are too few for 1024 times a table's step."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
