"""Real-ESRGAN's degradation as one would write it down: one image after another, with numbers drawn on the host.

For comparison with `gansr.data.degradations` alone. Images are (1, 3, H, W) in [0, 1], random numbers come from
`random`, `numpy` and `torch`. Parameters are those of its authors' options, as in `gansr/data/degradations/presets.py`;
JPEG is DiffJPEG's, by its definition.
"""

import math
import random
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from scipy import special
from torch import Tensor

from gansr.imaging.jpeg import CHROMA, LUMA

SIZES = range(7, 22, 2)
KINDS = [0.45, 0.25, 0.12, 0.03, 0.12, 0.03]
YCC = torch.tensor([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
COSINES = torch.tensor([[math.cos((2 * x + 1) * u * math.pi / 16) for u in range(8)] for x in range(8)])
FORWARD = torch.einsum("xu,yv->xyuv", COSINES, COSINES).contiguous()
BACKWARD = torch.einsum("xu,yv->uvxy", COSINES, COSINES).contiguous()
NORM = torch.tensor([1 / math.sqrt(2)] + [1.0] * 7)
TABLES = torch.tensor(LUMA).float().T, torch.tensor(CHROMA).float()


def degrade(image: Tensor, scale: int = 4, padded: bool = True) -> Tensor:
    """(1, 3, H, W) -> (1, 3, H // scale, W // scale); `padded`: kernels of 21x21 always, as in the authors' code."""
    height, width = image.shape[-2:]
    small = height // scale, width // scale
    image = _filter(image, _blur((0.2, 3.0)), padded)
    image = _resize(image, scale_factor=_factor([0.2, 0.7, 0.1], 0.15, 1.5))
    image = _jpeg(_noise(image, (1, 30), (0.05, 3)), random.uniform(30, 95))
    if random.random() < 0.8:
        image = _filter(image, _blur((0.2, 1.5)), padded)
    factor = _factor([0.3, 0.4, 0.3], 0.3, 1.2)
    image = _resize(image, size=[max(1, int(side / scale * factor)) for side in (height, width)])
    image = _noise(image, (1, 25), (0.05, 2.5))
    if random.random() < 0.5:
        image = _jpeg(_last(image, small, padded), random.uniform(30, 95))
    else:
        image = _last(_jpeg(image, random.uniform(30, 95)), small, padded)
    return image.clamp(0, 1).mul(255).round() / 255


def _last(image: Tensor, size: Sequence[int], padded: bool) -> Tensor:
    image = _resize(image, size=list(size))
    if random.random() < 0.8:
        image = _filter(image, _sinc(random.choice(SIZES), random.uniform(math.pi / 3, math.pi)), padded)
    return image


def _blur(sigma: tuple[float, float]) -> np.ndarray:
    side = random.choice(SIZES)
    if random.random() < 0.1:
        return _sinc(side, random.uniform(math.pi / (3 if side < 13 else 5), math.pi))
    (kind,) = random.choices(range(6), KINDS)
    along = across = random.uniform(*sigma)
    angle = 0.0
    if kind % 2:
        across, angle = random.uniform(*sigma), random.uniform(-math.pi, math.pi)
    low, high = [(1, 1), (0.5, 4), (1, 2)][kind // 2]
    beta = random.uniform(low, 1) if random.random() < 0.5 else random.uniform(1, high)
    axis = np.arange(side) - side // 2
    places = np.stack(np.meshgrid(axis, axis), -1)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    inverse = np.linalg.inv(turn @ np.diag([along**2, across**2]) @ turn.T)
    distance = np.sum((places @ inverse) * places, -1)
    kernel = 1 / (distance**beta + 1) if kind > 3 else np.exp(-0.5 * distance**beta)
    return kernel / kernel.sum()


def _sinc(side: int, cutoff: float) -> np.ndarray:
    axis = np.arange(side) - side // 2
    radius = np.hypot(*np.meshgrid(axis, axis))
    radius[side // 2, side // 2] = 1
    kernel = cutoff * special.j1(cutoff * radius) / (2 * np.pi * radius)
    kernel[side // 2, side // 2] = cutoff**2 / (4 * np.pi)
    return kernel / kernel.sum()


def _filter(image: Tensor, kernel: np.ndarray, padded: bool) -> Tensor:
    if padded:
        kernel = np.pad(kernel, (SIZES[-1] - len(kernel)) // 2)
    margin = len(kernel) // 2
    around = F.pad(image, (margin,) * 4, mode="reflect" if margin < min(image.shape[-2:]) else "replicate")
    weight = torch.tensor(kernel, dtype=torch.float32)[None, None]
    return F.conv2d(around.transpose(0, 1), weight).transpose(0, 1)


def _factor(weights: list[float], low: float, high: float) -> float:
    (kind,) = random.choices(range(3), weights)
    return [random.uniform(1, high), random.uniform(low, 1), 1.0][kind]


def _resize(image: Tensor, size: list[int] | None = None, scale_factor: float | None = None) -> Tensor:
    return F.interpolate(image, size, scale_factor, mode=random.choice(["area", "bilinear", "bicubic"]))


def _noise(image: Tensor, sigma: tuple[float, float], strength: tuple[float, float]) -> Tensor:
    grey = random.random() < 0.4
    if random.random() < 0.5:
        noise = torch.randn(1, 1 if grey else 3, *image.shape[-2:]) * (random.uniform(*sigma) / 255)
        return (image + noise).clamp(0, 1)
    seen = image
    if grey:
        seen = 0.2989 * image[:, :1] + 0.587 * image[:, 1:2] + 0.114 * image[:, 2:]
    seen = (seen * 255).round().clamp(0, 255) / 255
    events = 2 ** math.ceil(math.log2(len(torch.unique(seen))))
    return (image + (torch.poisson(seen * events) / events - seen) * random.uniform(*strength)).clamp(0, 1)


def _jpeg(image: Tensor, quality: float) -> Tensor:
    factor = (5000 / quality if quality < 50 else 200 - 2 * quality) / 100
    height, width = image.shape[-2:]
    image = F.pad(image.clamp(0, 1), (0, -width % 16, 0, -height % 16)) * 255
    luma, *chroma = torch.tensordot(YCC, image[0], dims=1)
    chroma = [F.avg_pool2d(plane[None, None], 2)[0, 0] for plane in chroma]
    luma = _coded(luma - 128, TABLES[0] * factor) + 128
    blue, red = (_coded(plane, TABLES[1] * factor).repeat_interleave(2, 0).repeat_interleave(2, 1) for plane in chroma)
    rgb = torch.stack([luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue])
    return rgb[None, :, :height, :width].clamp(0, 255) / 255


def _coded(plane: Tensor, table: Tensor) -> Tensor:
    height, width = plane.shape
    blocks = plane.view(height // 8, 8, width // 8, 8).transpose(1, 2)
    norm = torch.outer(NORM, NORM)
    levels = (norm / 4 * torch.tensordot(blocks, FORWARD, dims=2) / table).round() * table
    return (torch.tensordot(levels * norm, BACKWARD, dims=2) / 4).transpose(1, 2).reshape(height, width)
