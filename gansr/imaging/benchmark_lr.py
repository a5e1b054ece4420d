"""The three ways to make LR that tables of the field are made on: BI, BD and DN.

BD and DN are as Zhang et al. 2018 ("Residual Dense Network for Image Super-Resolution", section 5.1, and the scripts
that the authors published) have them; they give both for x3, and BD's rule for other factors.
"""

import hashlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gansr.imaging.filters import gaussian, separable
from gansr.imaging.resize import reduce_uint8

SIGMA = 1.6  # of BD's Gaussian, in HR pixels
NOISE = 30.0  # of DN, in levels of 255


def bicubic(hr: Tensor, scale: int) -> Tensor:
    """BI: MATLAB's `imresize`, bit for bit. (B, C, H, W) bytes to (B, C, H/scale, W/scale) bytes."""
    return reduce_uint8(hr, scale)


def blurred(hr: Tensor, scale: int) -> Tensor:
    """BD: a Gaussian blur of sigma 1.6, rounded to bytes, then of each block of `scale` pixels the middle one.

    The kernel is 7x7 for x3. Even factors have no pixel in the middle of a block: their kernel is 12x12, centred
    between the two that are next to it. Other odd factors have 11x11. Edge pixels are repeated. (B, C, H, W) bytes to
    (B, C, H/scale, W/scale) bytes.
    """
    size = 7 if scale == 3 else 12 - scale % 2
    before = (size - 1) // 2
    after = size - 1 - before
    weights = gaussian(size, SIGMA)
    wide = F.pad(hr.double(), (before, after, before, after), mode="replicate")
    levels = separable(wide, weights, weights).add_(0.5).floor_().clamp_(0, 255)
    middle = (scale - 1) // 2
    return levels[..., middle::scale, middle::scale].to(torch.uint8)


def noisy(hr: Tensor, scale: int, seed: int, name: str) -> Tensor:
    """DN: bicubic, then Gaussian noise of level 30, rounded to bytes.

    The noise is drawn by `seed` and the image's name, so that it does not depend on which images were made before.
    MATLAB's random numbers cannot be had: other programs' DN images have other noise. (B, C, H, W) bytes to
    (B, C, H/scale, W/scale) bytes.
    """
    small = reduce_uint8(hr, scale)
    key = int.from_bytes(hashlib.sha256(f"{seed} {scale} {name}".encode()).digest()[:16])
    noise = np.random.Generator(np.random.Philox(key=key)).normal(0.0, NOISE, tuple(small.shape))
    return (small.double() + torch.from_numpy(noise)).add_(0.5).floor_().clamp_(0, 255).to(torch.uint8)
