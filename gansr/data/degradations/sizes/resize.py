"""Resizing: a size and a method of its own for each image of a batch, as the published pipelines draw them."""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.checks import Range, check_range, check_weights
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.sizes.geometry import resize_to, take_every
from gansr.data.degradations.sizes.taps import METHODS, exact_type
from gansr.errors import OptionsError, choices_hint

RelativeTo = Literal["image", "target"]
UP, DOWN, KEEP = "up", "down", "keep"
KINDS = {UP: 0.2, DOWN: 0.7, KEEP: 0.1}  # Real-ESRGAN, first order
MOST = 64  # times as small: beyond, there is nothing left of an image
LARGEST = 8  # times as large: beyond, there is no memory
SHARES = {"area": 1.0, "bilinear": 1.0, "bicubic": 1.0}  # of the methods in Real-ESRGAN


def resize(
    kinds: dict[str, float] = KINDS,
    factors: Range = (0.15, 1.5),
    methods: dict[str, float] = SHARES,
    antialias: bool = False,
    relative_to: RelativeTo = "image",
    clip: bool = False,
    *,
    scale: int,
) -> Operation:
    """Make images larger or smaller, each by a factor and a method of its own.

    The defaults are Real-ESRGAN's first order (Wang et al. 2021); its second is kinds up 0.3, down 0.4, keep 0.3,
    factors (0.3, 1.2), relative_to target. Sizes are rounded down, as there, and at least 1.

    Args:
        kinds: weights of up (evenly among the factors of 1 and more), down (among those of 1 and less), keep (1)
        factors: smallest and largest factor
        methods: weights of nearest, nearest_exact, area, opencv_area, bilinear, bicubic, lanczos, matlab
        antialias: whether bilinear, bicubic and lanczos are widened when shrinking
        relative_to: what factors multiply: the image as it comes, or the size of the LR image to be
        clip: clamp to [0, 1] afterwards, as BSRGAN does
        scale: of the super-resolution

    Raises:
        OptionsError: unknown or weightless kinds or methods, factors that are not positive or that a kind cannot have.
    """
    check_weights("kinds", kinds, KINDS)
    check_weights("methods", methods, METHODS)
    _check_factors(factors, kinds)
    if relative_to not in ("image", "target"):
        raise OptionsError(f"relative_to is '{relative_to}'. {choices_hint(relative_to, ('image', 'target'))}")
    spans = {UP: (max(factors[0], 1.0), factors[1]), DOWN: (factors[0], min(factors[1], 1.0)), KEEP: (1.0, 1.0)}
    weights = [kinds.get(name, 0.0) for name in spans]
    low = min(spans[name][0] for name, weight in kinds.items() if weight)
    high = max(spans[name][1] for name, weight in kinds.items() if weight)
    names, finish = list(methods), _finish(clip)

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        kind = draws.choice(weights)
        smallest, largest = (_each(kind, ends) for ends in zip(*spans.values(), strict=True))
        factor = draws.uniform(smallest, largest)
        method = draws.choice(list(methods.values()))
        draws.note(factor=factor, method=(method, names))
        if relative_to == "image":
            sizes = _of_image(canvas, factor, low, high)
        else:
            sizes = _of_target(canvas, factor, low, high, scale)
        return finish(resize_to(canvas, method=method, methods=names, antialias=antialias, **sizes))

    return operation


def resize_to_scale(
    methods: dict[str, float] = SHARES, antialias: bool = False, clip: bool = False, *, scale: int
) -> Operation:
    """Resize images to the size of the LR images, H // scale and W // scale, each by a method of its own.

    The end of Real-ESRGAN's pipeline; with opencv_area for area, and clip, BSRGAN's "downsample3".

    Args:
        methods: weights of nearest, nearest_exact, area, opencv_area, bilinear, bicubic, lanczos, matlab
        antialias: whether bilinear, bicubic and lanczos are widened when shrinking
        clip: clamp to [0, 1] afterwards
        scale: of the super-resolution

    Raises:
        OptionsError: unknown or weightless methods.
    """
    check_weights("methods", methods, METHODS)
    names, finish = list(methods), _finish(clip)

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        method = draws.choice(list(methods.values()))
        draws.note(method=(method, names))
        sizes = _of_target(canvas, draws.each(1.0), 1.0, 1.0, scale)
        return finish(resize_to(canvas, method=method, methods=names, antialias=antialias, **sizes))

    return operation


def shrink(
    divisors: Range | None = None,
    methods: dict[str, float] = SHARES,
    antialias: bool = False,
    clip: bool = True,
    *,
    scale: int,
) -> Operation:
    """Make each image smaller by a divisor and a method of its own.

    The divisors are those of three quarters of BSRGAN's "downsample2" (Zhang et al. 2021), whose area is opencv_area; a
    shifted `gaussian` and `decimate` are the other quarter.
    Sizes are rounded down, as there, and at least 1.

    Args:
        divisors: of both sides; omitted: (1, 2 scale)
        methods: weights of nearest, nearest_exact, area, opencv_area, bilinear, bicubic, lanczos, matlab
        antialias: whether bilinear, bicubic and lanczos are widened
        clip: clamp to [0, 1] afterwards
        scale: of the super-resolution

    Raises:
        OptionsError: divisors below 1 or the wrong way round, unknown or weightless methods.
    """
    low, high = (1.0, 2.0 * scale) if divisors is None else divisors
    check_range("divisors", (low, high), least=1, most=MOST)
    check_weights("methods", methods, METHODS)
    names, finish = list(methods), _finish(clip)

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        divisor = draws.uniform(low, high)
        method = draws.choice(list(methods.values()))
        draws.note(divisor=divisor, method=(method, names))
        sizes = {**_of_image(canvas, 1 / divisor, 1 / high, 1.0), "factor": None}
        return finish(resize_to(canvas, method=method, methods=names, antialias=antialias, **sizes))

    return operation


def decimate(factor: int | None = None, first: int = 0, *, scale: int) -> Operation:
    """Keep one of every so many rows and columns.

    BSRGAN keeps the first, after a blur with a shifted kernel; MATLAB's `imresize(..., 'nearest')` the one with `first`
    factor // 2: the middle one of three.

    Args:
        factor: how many; omitted: the scale
        first: place of the first row and the first column that are kept
        scale: of the super-resolution

    Raises:
        OptionsError: a factor below 1, or a place that is not in 0..factor - 1.
    """
    number = _whole_factor(factor, scale)
    if not 0 <= first < number:
        raise OptionsError(f"first is {first}; expected a place from 0 to {number - 1}.")
    return lambda canvas, draws: take_every(canvas, number, first)


def matlab_bicubic(factor: int | None = None, clip: bool = False, *, scale: int) -> Operation:
    """Shrink as MATLAB's `imresize` does: `gansr.imaging.resize.reduce`, for images of any sizes in one tensor.

    Args:
        factor: by how much; omitted: the scale. Sides that do not divide by it are rounded up, as in MATLAB
        clip: clamp to [0, 1] afterwards
        scale: of the super-resolution

    Raises:
        OptionsError: a factor below 1.
    """
    number, finish = _whole_factor(factor, scale), _finish(clip)

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        height, width = ((side + number - 1) // number for side in (canvas.height, canvas.width))
        rows, columns = ((side + number - 1) // number for side in canvas.image.shape[-2:])
        return finish(
            resize_to(
                canvas,
                height,
                width,
                torch.zeros_like(height),
                largest=(rows, columns),
                methods=("matlab",),
                factor=torch.full_like(height, 1 / number, dtype=exact_type(height.device)),
                shrinks=number,
                full=canvas.full,
            )
        )

    return operation


def _of_image(canvas: Canvas, factor: Tensor, low: float, high: float) -> dict[str, Any]:
    """Sizes relative to the image as it comes: what `resize_to` asks for."""
    rows, columns = (max(1, math.floor(side * high)) for side in canvas.image.shape[-2:])
    return {
        "height": _rounded_down(canvas.height, factor, 1, rows),
        "width": _rounded_down(canvas.width, factor, 1, columns),
        "largest": (rows, columns),
        "factor": factor,
        # 1.99 pixels become 1, so small images shrink by up to twice as much as they are asked to.
        "shrinks": 2 / low if low < 1 else 1.0,
    }


def _of_target(canvas: Canvas, factor: Tensor, low: float, high: float, scale: int) -> dict[str, Any]:
    """Sizes relative to the LR images to be."""
    assert canvas.hr_size is not None, "a canvas of unknown origin: Canvas.of(images) makes others"
    height, width = canvas.hr_size
    smallest, largest = ([max(1, math.floor(side / scale * end)) for side in (height, width)] for end in (low, high))
    return {
        "height": _rounded_down(height / scale, factor, smallest[0], largest[0]),
        "width": _rounded_down(width / scale, factor, smallest[1], largest[1]),
        "largest": tuple(largest),
        "shrinks": max(side / least for side, least in zip(canvas.image.shape[-2:], smallest, strict=True)),
    }


def _rounded_down(side: Tensor | float, factor: Tensor, smallest: int, largest: int) -> Tensor:
    """Whole pixels, (B,)."""
    return (side * factor).floor().long().clamp(smallest, largest)


def _each(kind: Tensor, values: Sequence[float]) -> Tensor:
    """The value at each place: (B,)."""
    return torch.stack([(kind == place) * value for place, value in enumerate(values)]).sum(0)


def _finish(clip: bool) -> Callable[[Canvas], Canvas]:
    return lambda canvas: canvas.with_image(canvas.image.clamp(0, 1)) if clip else canvas


def _check_factors(factors: Range, kinds: dict[str, float]) -> None:
    check_range("factors", factors, least=1 / MOST, most=LARGEST)
    low, high = factors
    found = f"factors is ({low:g}, {high:g})"
    if kinds.get(UP) and high < 1:
        raise OptionsError(f"{found}, but kinds has up; expected a larger number of 1 or more.")
    if kinds.get(DOWN) and low > 1:
        raise OptionsError(f"{found}, but kinds has down; expected a smaller number of 1 or less.")


def _whole_factor(factor: int | None, scale: int) -> int:
    if factor is not None and not 1 <= factor <= MOST:
        raise OptionsError(f"factor is {factor}; expected a whole number from 1 to {MOST}.")
    return scale if factor is None else factor
