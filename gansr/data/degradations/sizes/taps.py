"""Resizing as weighted sums of a few pixels along each axis, by a size and a method of its own for each image.

Where a pixel of the result takes its pixels from ("taps") and with what weights is computed for a whole batch at once,
in float64: (B, length, T), T being a bound that is known without looking at the sizes. The sums are those of
`embedding_bag`: for 12 images of 400x400 in a result of 600x600, 73 ms on one core, where products with dense matrices
take 234 ms without the time to build them. Nor does it round to 10 bits (TF32) or 7 (autocast), as those may.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

METHODS = ("nearest", "nearest_exact", "area", "opencv_area", "bilinear", "bicubic", "lanczos", "matlab")
RADIUS = {"bilinear": 1, "bicubic": 2, "lanczos": 3, "matlab": 2}  # of the kernels, in pixels of the smaller image


@dataclass(frozen=True)
class Taps:
    """For each image and each pixel of the result along one axis: which pixels, and how much of each.

    Pixels of the result beyond an image's size have weights of 0 only; no index points out of an image.
    """

    index: Tensor  # (B, length, T) whole numbers
    weight: Tensor  # (B, length, T), float64, float32 where there is none


@dataclass(frozen=True)
class _Axis:
    """Sizes along one axis; the shapes fit (B, length, T)."""

    inputs: Tensor  # (B, 1, 1) whole numbers
    outputs: Tensor  # (B, 1, 1)
    factor: Tensor | None  # (B, 1, 1)
    row: Tensor  # (1, length, 1), the pixels of the result
    longest: int  # no image has more pixels
    shrinks: float  # no image shrinks by more
    exact: torch.dtype

    def source(self, row: Tensor) -> Tensor:
        """The place in the image that lies under a place in the result, both from the outer edge of the first pixel."""
        if self.factor is None:  # multiplied first, so that whole numbers come out as such
            return row * self.inputs.to(self.exact) / self.outputs
        return row / self.factor

    def stretch(self) -> Tensor:
        """By how much a kernel is widened against aliasing."""
        return self.source(torch.ones_like(self.row[:, :1], dtype=self.exact)).clamp_min(1)

    def count(self, number: int) -> Tensor:
        return torch.arange(number, device=self.row.device)


def taps(
    inputs: Tensor,
    outputs: Tensor,
    method: Tensor,
    *,
    longest: int,
    length: int,
    methods: Sequence[str] = METHODS,
    antialias: bool = False,
    factor: Tensor | None = None,
    shrinks: float | None = None,
) -> Taps:
    """Where the pixels of a resized axis come from.

    * nearest: the pixel under the upper left corner of the result's; what PyTorch and OpenCV call nearest, and [::2]
    * nearest_exact: the pixel under the centre of the result's
    * area: mean of all pixels that the result's pixel touches (`adaptive_avg_pool2d`), also when enlarging
    * opencv_area: mean of what the result's pixel covers, parts of pixels included: OpenCV's INTER_AREA
    * bilinear, bicubic: as `F.interpolate` does (align_corners=False); a = -0.75, with antialias -0.5
    * lanczos: sinc(x) sinc(x / 3); with antialias Pillow's LANCZOS
    * matlab: MATLAB's bicubic: antialiased always, the image mirrored at its border

    Without antialias a kernel is as wide as when enlarging, and the edge pixel counts for what lies beyond it; with
    antialias the kernel is widened when shrinking, and cut off at the border. What remains adds up to 1 in any case.

    Args:
        inputs: pixels of each image, (B,) whole numbers of 1 or more
        outputs: pixels of each result, (B,) whole numbers from 1 to `length`
        method: (B,), the place in `methods`
        longest: no image has more pixels
        length: pixels of the largest result
        methods: names out of METHODS; only these cost anything
        antialias: for bilinear, bicubic and lanczos
        factor: (B,), pixels of the result for one of the image, as `F.interpolate(scale_factor=...)` uses it; None: the
            ratio of the two sizes, as `F.interpolate(size=...)` does. Without effect on area, there as here.
        shrinks: no image has so many times the pixels of its result, nor is 1 / factor larger; None: `longest`
    """
    device = inputs.device
    exact = exact_type(device)
    row = torch.arange(length, device=device)[None, :, None]
    axis = _Axis(
        inputs=inputs[:, None, None],
        outputs=outputs[:, None, None],
        factor=None if factor is None else factor.to(exact)[:, None, None],
        row=row,
        longest=longest,
        shrinks=float(longest) if shrinks is None else max(shrinks, 1.0),
        exact=exact,
    )
    found = [_METHODS[name](axis, antialias) for name in methods]
    number = max(one.index.shape[-1] for one in found)
    index = torch.zeros((), dtype=torch.long, device=device)
    weight = torch.zeros((), dtype=exact, device=device)
    for place, one in enumerate(found):
        mine, missing = (method == place)[:, None, None], (0, number - one.index.shape[-1])
        index = torch.where(mine, F.pad(one.index, missing), index)
        weight = torch.where(mine, F.pad(one.weight, missing), weight)
    return Taps(index, weight.masked_fill(row >= axis.outputs, 0))


def exact_type(device: torch.device) -> torch.dtype:
    """The type in which places are computed: a place among 600 pixels in float32 is off by 1/30000 of a pixel."""
    return torch.float32 if device.type == "mps" else torch.float64  # mps has no float64


def resample(image: Tensor, rows: Taps, columns: Taps) -> Tensor:
    """Resize (B, C, H, W) along both axes: (B, C, length of `rows`, length of `columns`), zero beyond each result."""
    height, width = rows.index.shape[1], columns.index.shape[1]
    if height * width < image.shape[-2] * image.shape[-1]:  # pixels change places in memory two times: the fewer ones
        narrow = _weighted_rows(image, rows).transpose(-1, -2)
        return _weighted_rows(narrow, columns).transpose(-1, -2).contiguous()
    wide = _weighted_rows(image.transpose(-1, -2), columns).transpose(-1, -2)
    return _weighted_rows(wide, rows)


def _weighted_rows(image: Tensor, taps: Taps) -> Tensor:
    batch, channels, height, width = image.shape
    image = image.contiguous()
    first = torch.arange(batch * channels, device=image.device).view(batch, channels, 1, 1) * height
    index = (taps.index[:, None] + first).flatten(0, 2)  # every row of every channel is a row of one table
    weight = taps.weight.to(image.dtype)[:, None].expand(-1, channels, -1, -1).flatten(0, 2)
    table = image.view(-1, width)
    summed = F.embedding_bag(index, table, mode="sum", per_sample_weights=weight)
    return summed.view(batch, channels, -1, width)


def _nearest(axis: _Axis, antialias: bool, offset: float) -> Taps:
    index = axis.source(axis.row.to(axis.exact) + offset).floor().long().minimum(axis.inputs - 1)
    return Taps(index, torch.ones_like(index, dtype=axis.exact))


def _area(axis: _Axis, antialias: bool) -> Taps:
    first = axis.row * axis.inputs // axis.outputs
    after = ((axis.row + 1) * axis.inputs + axis.outputs - 1) // axis.outputs
    index = first + axis.count(min(math.ceil(axis.shrinks) + 1, axis.longest))
    weight = (index < after).to(axis.exact) / (after - first)
    return Taps(index.minimum(axis.inputs - 1), weight)


def _covered(axis: _Axis, antialias: bool) -> Taps:
    """In units in which everything is a whole number: 1 / `outputs` of a pixel."""
    start, end = axis.row * axis.inputs, (axis.row + 1) * axis.inputs
    first = start // axis.outputs
    index = first + axis.count(min(math.ceil(axis.shrinks) + 1, axis.longest))
    covered = ((index + 1) * axis.outputs).minimum(end) - (index * axis.outputs).maximum(start)
    return Taps(index.minimum(axis.inputs - 1), covered.clamp_min(0).to(axis.exact) / axis.inputs)


def _interpolated(axis: _Axis, radius: int, kernel: Callable[[Tensor], Tensor]) -> Taps:
    """Kernels as wide as when enlarging; the edge pixel counts for what lies beyond."""
    centre = axis.source(axis.row + 0.5) - 0.5
    index = (centre.floor() - radius + 1).long() + axis.count(2 * radius)
    weight = kernel(index - centre)
    return Taps(_within(index, axis), weight / weight.sum(-1, keepdim=True))


def _antialiased(axis: _Axis, radius: int, kernel: Callable[[Tensor], Tensor]) -> Taps:
    """Kernels widened when shrinking, and cut off at the border."""
    stretch = axis.stretch()
    centre = axis.source(axis.row + 0.5) - 0.5
    first = ((centre - radius * stretch).floor().long() + 1).clamp_min(0)
    index = first + axis.count(min(math.ceil(2 * radius * axis.shrinks), axis.longest))
    weight = kernel((index - centre) / stretch).masked_fill(index >= axis.inputs, 0)
    return Taps(_within(index, axis), weight / weight.sum(-1, keepdim=True))


def _mirrored(axis: _Axis, antialias: bool) -> Taps:
    """Kernels widened when shrinking, of an image that is mirrored with its edge pixel: ... 1 0 | 0 1 ..."""
    stretch = axis.stretch()
    centre = axis.source(axis.row + 0.5) - 0.5
    radius = RADIUS["matlab"]
    first = (centre - radius * stretch).floor().long() + 1
    places = first + axis.count(math.ceil(2 * radius * axis.shrinks))
    weight = _cubic((places - centre) / stretch, -0.5)
    folded = places.remainder(2 * axis.inputs)
    return Taps(folded.minimum(2 * axis.inputs - 1 - folded), weight / weight.sum(-1, keepdim=True))


def _within(index: Tensor, axis: _Axis) -> Tensor:
    return index.clamp_min(0).minimum(axis.inputs - 1)


def _kernel(name: str, plain: Callable[[Tensor], Tensor], smooth: Callable[[Tensor], Tensor]) -> "_Method":
    radius = RADIUS[name]

    def method(axis: _Axis, antialias: bool) -> Taps:
        return _antialiased(axis, radius, smooth) if antialias else _interpolated(axis, radius, plain)

    return method


def _linear(distance: Tensor) -> Tensor:
    return (1 - distance.abs()).clamp_min(0)


def _cubic(distance: Tensor, a: float) -> Tensor:
    """Keys 1981, equation 4 for any a."""
    x = distance.abs()
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return torch.where(x < 1, near, far).masked_fill(x >= 2, 0)


def _lanczos(distance: Tensor) -> Tensor:
    radius = RADIUS["lanczos"]
    return (torch.sinc(distance) * torch.sinc(distance / radius)).masked_fill(distance.abs() >= radius, 0)


_Method = Callable[[_Axis, bool], Taps]
_METHODS: dict[str, _Method] = {
    "nearest": partial(_nearest, offset=0.0),
    "nearest_exact": partial(_nearest, offset=0.5),
    "area": _area,
    "opencv_area": _covered,
    "bilinear": _kernel("bilinear", _linear, _linear),
    "bicubic": _kernel("bicubic", partial(_cubic, a=-0.75), partial(_cubic, a=-0.5)),
    "lanczos": _kernel("lanczos", _lanczos, _lanczos),
    "matlab": _mirrored,
}
