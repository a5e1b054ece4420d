"""Upscale a large image piece by piece, without seams."""

from collections.abc import Callable

import torch
from torch import Tensor


def upscale_tiles(upscale: Callable[[Tensor], Tensor], lr: Tensor, scale: int, tile: int, overlap: int) -> Tensor:
    """Upscale (B, C, h, w) to (B, C, scale*h, scale*w) through squares of `tile` pixels that share `overlap`.

    Near its edges a tile lacks context. So the outer quarter of each overlap is thrown away, and the tiles
    fade into each other over the middle half. Equal to upscaling the whole image when the network looks no
    further than `overlap // 4` pixels; `tile` is at least twice `overlap`.
    """
    assert tile >= 2 * overlap, f"tiles of {tile} pixels cannot share {overlap}"
    height, width = lr.shape[-2:]
    total = torch.zeros(*lr.shape[:-2], scale * height, scale * width, device=lr.device)
    weights = torch.zeros(scale * height, scale * width, device=lr.device)
    for top, bottom in spans(height, tile, overlap):
        down = fade(top, bottom, height, scale, overlap).to(lr.device)
        for left, right in spans(width, tile, overlap):
            weight = down[:, None] * fade(left, right, width, scale, overlap).to(lr.device)
            here = (..., slice(scale * top, scale * bottom), slice(scale * left, scale * right))
            total[here] += weight * upscale(lr[..., top:bottom, left:right])
            weights[here] += weight
    return total / weights  # nowhere 0: of two tiles that share a pixel, one is far from its own edge


def spans(length: int, tile: int, overlap: int) -> list[tuple[int, int]]:
    """Where tiles start and stop along one side; all are `tile` long, so the last may share more.

    >>> spans(10, tile=6, overlap=2)
    [(0, 6), (4, 10)]
    """
    if length <= tile:
        return [(0, length)]
    starts = [*range(0, length - tile, tile - overlap), length - tile]
    return [(start, start + tile) for start in starts]


def fade(start: int, stop: int, length: int, scale: int, overlap: int) -> Tensor:
    """The weights of one tile along one side, (scale * (stop - start),), from 0 to 1.

    They are 1 but for the ends that other tiles share: at the borders of the image nothing fades.
    """
    lost = overlap // 4 * scale
    ramp = overlap * scale - 2 * lost
    rising = torch.cat([torch.zeros(lost), (torch.arange(ramp) + 0.5) / max(ramp, 1)])
    weights = torch.ones(scale * (stop - start))
    if start > 0:
        weights[: lost + ramp] = rising
    if stop < length:
        weights[weights.numel() - lost - ramp :] = rising.flip(0)
    return weights
