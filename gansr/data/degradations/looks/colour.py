"""Changes of colour and of old media: shifts, banding, fields of video out of step, print."""

import math

import torch
from torch import Tensor

from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.checks import check_probability, check_range
from gansr.data.degradations.draws import Draws


def colour_shift(shift: tuple[float, float] = (-10, 10), gain: tuple[float, float] = (0.9, 1.1)) -> Operation:
    """Multiply each channel by a gain of its own and add a shift of its own; does not clamp.

    Args:
        shift: range in levels of 255
        gain: range
    """
    check_range("shift", shift, -255, 255)
    check_range("gain", gain)

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        factor, offset = draws.uniform(*gain, 3), draws.uniform(*shift, 3)
        draws.note(gain=factor, shift=offset)
        return canvas.with_image(shifted(canvas.image, factor, offset / 255))

    return operation


def quantise(levels: tuple[float, float] = (16, 256), probability: float = 1.0) -> Operation:
    """Round to a whole number of levels in each channel, which shows as bands; does not clamp.

    Args:
        levels: range of their number, of which whole numbers of 2 or more are drawn
        probability: how many of the samples are rounded
    """
    check_range("levels", levels, 2, 65536)
    check_probability("probability", probability)
    low, high = levels

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        number, chosen = draws.whole(round(low), round(high)), draws.chance(probability)
        draws.note(levels=number)
        draws.only(chosen)
        return canvas.with_image(_where(chosen, rounded(canvas.image, number), canvas.image))

    return operation


def to_8_bit() -> Operation:
    """Round to 8 bits and clamp to [0, 1]: what a file would hold, and how Real-ESRGAN's degradation ends."""

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        return canvas.with_image((canvas.image * 255).round_().clamp_(0, 255) / 255)

    return operation


def interlace(shift: tuple[float, float] = (0, 3), probability: float = 1.0) -> Operation:
    """Shift every other row to the left or to the right, as two fields of video that are out of step.

    Border pixels are repeated, and parts of pixels interpolated linearly.

    Args:
        shift: range in pixels; the direction is as likely to be one as the other
        probability: how many of the samples are changed
    """
    check_range("shift", shift)
    check_probability("probability", probability)

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        length, left, chosen = draws.uniform(*shift), draws.chance(0.5), draws.chance(probability)
        signed = torch.where(left, -length, length)
        draws.note(shift=signed)
        draws.only(chosen)
        moved = interlaced(canvas, signed)
        return canvas.with_image(_where(chosen, moved, canvas.image))

    return operation


def halftone(
    period: tuple[float, float] = (3, 8),
    angle: tuple[float, float] = (0, 90),
    hardness: tuple[float, float] = (1, 4),
    probability: float = 1.0,
) -> Operation:
    """Print with dots: compare the image with a screen of two crossing cosines; clamps to [0, 1], as ink does.

    Args:
        period: range of the distance between dots, in pixels
        angle: range of the screen's direction, in degrees
        hardness: range of how much more or less than the screen the image is when all or no ink is used: 1 leaves some
            of the image's own tones, many leave two
        probability: how many of the samples are printed
    """
    check_range("period", period, 2)
    check_range("angle", angle, -math.inf)
    check_range("hardness", hardness)
    check_probability("probability", probability)

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        ranges = (period, angle, hardness)
        each, degrees, slope = (draws.uniform(*bounds) for bounds in ranges)
        place = draws.uniform(0, 1, 2)
        chosen = draws.chance(probability)
        draws.note(period=each, angle=degrees, hardness=slope)
        draws.only(chosen)
        dots = screen(canvas.image, each, degrees, place)
        printed = (0.5 + slope[:, None, None, None] * (canvas.image - dots)).clamp_(0, 1)
        return canvas.with_image(_where(chosen, printed, canvas.image))

    return operation


def shifted(image: Tensor, gain: Tensor, shift: Tensor) -> Tensor:
    """gain x + shift for a number of each, (B, C), for each channel of (B, C, H, W)."""
    return torch.addcmul(shift[:, :, None, None], gain[:, :, None, None], image)


def rounded(image: Tensor, levels: Tensor) -> Tensor:
    """The nearest of `levels` (B,) numbers that lie evenly from 0 to 1."""
    steps = (levels - 1)[:, None, None, None]
    return (image * steps).round_() / steps


def interlaced(canvas: Canvas, shift: Tensor) -> Tensor:
    """Odd rows moved to the right by `shift` (B,) pixels: (B, C, H, W)."""
    width, last = canvas.image.shape[-1], (canvas.width - 1)[:, None]
    places = torch.arange(width, device=shift.device) - shift[:, None]  # where each pixel comes from
    left = places.floor()
    part = (places - left)[:, None, None, :]
    odd = canvas.image[:, :, 1::2]
    one, other = (
        odd.gather(3, side.long().clamp_min(0).minimum(last)[:, None, None, :].expand_as(odd))
        for side in (left, left + 1)
    )
    moved = torch.lerp(one, other, part.to(odd.dtype))
    return canvas.image.slice_scatter(moved, 2, 1, step=2)


def screen(image: Tensor, period: Tensor, angle: Tensor, place: Tensor) -> Tensor:
    """Thresholds in [0, 1] at each pixel, (B, 1, H, W), with a dot every `period` (B,) pixels.

    Args:
        image: gives height and width
        period: (B,) pixels
        angle: (B,) degrees, against the rows
        place: (B, 2), where the first dot is, as a part of the period
    """
    rows, columns = (torch.arange(side, device=period.device) for side in image.shape[-2:])
    turn = torch.deg2rad(angle)
    along, across = (
        (rows[:, None] * down[:, None, None] + columns * right[:, None, None]) / period[:, None, None]
        for down, right in ((turn.sin(), turn.cos()), (turn.cos(), -turn.sin()))
    )
    one, other = (
        torch.cos(2 * math.pi * (waves + place[:, number, None, None])) for number, waves in enumerate((along, across))
    )
    return (0.5 + (one + other) / 4)[:, None]


def _where(chosen: Tensor, changed: Tensor, image: Tensor) -> Tensor:
    return torch.where(chosen[:, None, None, None], changed, image)
