"""LR of HR by all the ways that programs commonly make it: to see which one a pair was made with."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from gansr.imaging.filters import blur, gaussian
from gansr.imaging.resize import reduce, reduce_uint8

BICUBIC = "bicubic"
Reduce = Callable[[np.ndarray, int], np.ndarray]


def bicubic(hr: np.ndarray, scale: int) -> np.ndarray:
    """MATLAB's, in whole levels: uint8 (H, W, C) become float64 (H / scale, W / scale, C)."""
    return _levels(reduce_uint8(_bytes(hr), scale).double())


def _pillow(filter_: Image.Resampling) -> Reduce:
    def make(hr: np.ndarray, scale: int) -> np.ndarray:
        height, width, channels = hr.shape
        size = (width // scale, height // scale)
        planes = [Image.fromarray(hr[..., one].astype(np.float32)).resize(size, filter_) for one in range(channels)]
        return np.stack([np.asarray(plane, float) for plane in planes], 2).clip(0, 255)

    return make


def _without_antialiasing(mode: str) -> Reduce:
    def make(hr: np.ndarray, scale: int) -> np.ndarray:
        size = (hr.shape[0] // scale, hr.shape[1] // scale)
        return _levels(F.interpolate(_bytes(hr).double(), size=size, mode=mode))

    return make


def _picked(row: int, column: int) -> Reduce:
    return lambda hr, scale: hr[row::scale, column::scale].astype(float)


def _soft(hr: np.ndarray, sigma: float) -> Tensor:
    return blur(_bytes(hr).double(), gaussian(2 * int(np.ceil(3 * sigma)) + 1, sigma))


def _blurred(sigma: float, first: bool) -> Reduce:
    """Blurred by a Gaussian, then every so many-th pixel: the first of each block or the one at its middle."""

    def make(hr: np.ndarray, scale: int) -> np.ndarray:
        start = 0 if first else scale // 2
        return _levels(_soft(hr, sigma))[start::scale, start::scale]

    return make


def _blurred_then_bicubic(sigma: float) -> Reduce:
    return lambda hr, scale: _levels(reduce(_soft(hr, sigma), scale))


def kernels(scale: int) -> dict[str, Reduce]:
    """Name -> how LR is made of uint8 (H, W, C), whose sides are multiples of the scale: float64, not rounded."""
    found: dict[str, Reduce] = {
        BICUBIC: bicubic,
        "bicubic without antialiasing": _without_antialiasing("bicubic"),
        "bilinear": _pillow(Image.Resampling.BILINEAR),
        "area (means of blocks)": _pillow(Image.Resampling.BOX),
        "Lanczos": _pillow(Image.Resampling.LANCZOS),
        "Hamming": _pillow(Image.Resampling.HAMMING),
    }
    if scale != 2:  # at x2 these are means of 2x2 pixels, as area is
        found["bilinear without antialiasing"] = _without_antialiasing("bilinear")
    for place in range(scale):
        where = {0: "first", scale // 2: "middle"}.get(place, f"{place + 1}th")
        found[f"nearest neighbour (the {where} pixel of each block)"] = _picked(place, place)
    for share in (0.2, 0.3, 0.4, 0.5, 0.65, 0.8):
        found[f"Gaussian blur of {share * scale:g} pixels, then bicubic"] = _blurred_then_bicubic(share * scale)
    for sigma in (0.8, 1.2, 1.6, 2.0, 2.6, 3.2):
        for first in (True, False):
            which = "first" if first else "middle"
            found[f"Gaussian blur of {sigma:g} pixels, then the {which} pixel of each block"] = _blurred(sigma, first)
    return found


def _bytes(image: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None]


def _levels(image: Tensor) -> np.ndarray:
    return image[0].permute(1, 2, 0).clamp(0, 255).numpy()
