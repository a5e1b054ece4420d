"""Other sizes for the images of a canvas: resized, decimated, or windows of them."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.sizes.taps import METHODS, resample, taps


def resize_to(
    canvas: Canvas,
    height: Tensor,
    width: Tensor,
    method: Tensor,
    *,
    largest: tuple[int, int],
    methods: Sequence[str] = METHODS,
    antialias: bool = False,
    factor: Tensor | None = None,
    shrinks: float | None = None,
    full: bool = False,
) -> Canvas:
    """Resize each image to a size of its own; nothing is clamped, and what lies outside of an image is 0.

    Args:
        canvas: images of any sizes
        height: of the results, (B,) whole numbers of 1 or more
        width: of the results, (B,)
        method: (B,), the place in `methods`
        largest: size of the resulting tensor, or a bound for it where the host sees the sizes; so nothing waits
        methods: names; see `taps` for what they and the other arguments mean
        antialias: for bilinear, bicubic and lanczos
        factor: (B,), as in `F.interpolate(scale_factor=...)`; None: what the sizes say
        shrinks: no image shrinks by more along either side; a small number makes large images quicker
        full: is every result as large as `largest`?
    """
    if canvas.seen:
        largest, shrinks = (int(height.max()), int(width.max())), _shrinks(canvas, height, width, factor)
        full = largest == (int(height.min()), int(width.min()))
    rows, columns = (
        taps(
            inputs,
            outputs,
            method,
            longest=longest,
            length=length,
            methods=methods,
            antialias=antialias,
            factor=factor,
            shrinks=shrinks,
        )
        for inputs, outputs, longest, length in zip(
            (canvas.height, canvas.width), (height, width), canvas.image.shape[-2:], largest, strict=True
        )
    )
    image = resample(canvas.image, rows, columns)
    return replace(canvas, image=image, height=height, width=width, full=full)


def _shrinks(canvas: Canvas, height: Tensor, width: Tensor, factor: Tensor | None) -> float:
    """By how much the image shrinks that shrinks most."""
    found = [canvas.height / height, canvas.width / width] + ([] if factor is None else [1 / factor])
    return float(torch.stack(torch.broadcast_tensors(*found)).max())


def take_every(canvas: Canvas, factor: int, first: int = 0) -> Canvas:
    """One of every `factor` rows and columns: [first::factor, first::factor]."""
    # An image of too few rows for that gives its first.
    height, width = (((side - first + factor - 1) // factor).clamp_min(1) for side in (canvas.height, canvas.width))
    top, left = (min(first, side - 1) for side in canvas.image.shape[-2:])
    return replace(canvas, image=canvas.image[..., top::factor, left::factor], height=height, width=width)


def crop(canvas: Canvas, top: Tensor, left: Tensor, height: int, width: int) -> Tensor:
    """A window of one size from each image, at a place of its own.

    Args:
        canvas: images in which the windows lie
        top: rows above each window, (B,) whole numbers
        left: columns left of each window, (B,)
        height: of the windows
        width: of the windows

    Returns:
        (B, C, height, width)
    """
    image = canvas.image
    channels = image.shape[1]
    rows = top[:, None] + torch.arange(height, device=image.device)
    columns = left[:, None] + torch.arange(width, device=image.device)
    image = image.gather(2, rows[:, None, :, None].expand(-1, channels, -1, image.shape[-1]))
    return image.gather(3, columns[:, None, None, :].expand(-1, channels, height, -1))
