"""What can be said of a network by numbers: size, work, reach, pace."""

import math
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

WIDTH, HEIGHT = 1280, 720  # of the output for which the field counts multiply-adds
FAR = 1025  # LR pixels: a network that sees further than this sees everything
Make = Callable[[], nn.Module]


def parameters(make: Make) -> int:
    """Numbers that learn."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in make().parameters())


def multiply_adds(make: Make, scale: int, channels: int) -> float:
    """Of one image whose output has 1280x720 pixels; for sides that the scale does not divide, in proportion."""
    height, width = -(-HEIGHT // scale), -(-WIDTH // scale)
    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        make().eval()(torch.empty(1, channels, height, width))
    return counter.get_total_flops() / 2 * (WIDTH * HEIGHT) / (scale**2 * height * width)


def receptive_field(make: Make, scale: int, channels: int) -> int | None:
    """Width in LR pixels of what one output pixel depends on; None: more than FAR, which is the whole image.

    Measured: one input pixel is not a number, and whatever depends on it is not one either. Images are low, since what
    holds along rows holds along columns; in double precision, convolutions take no short cuts through tiles.
    """
    network = make().double().eval()
    for length in (129, FAR):
        image = torch.zeros(1, channels, 5, length, dtype=torch.float64)
        image[..., 2, length // 2] = torch.nan
        with torch.no_grad():
            touched = network(image).isnan().any(dim=(0, 1, 2)).nonzero()
        span = math.ceil((int(touched.max() - touched.min()) + 1) / scale)
        if span < length - 2:
            return span
    return None


def least_side(make: Make, channels: int) -> int:
    """The smallest image that it takes: so many pixels on each side."""
    network = make().eval()
    for side in range(1, 129):
        try:
            with torch.no_grad():
                network(torch.rand(1, channels, side, side))
        except (RuntimeError, ValueError, AssertionError):
            continue
        return side
    raise AssertionError("it takes no image up to 128 pixels")


def seconds_per_megapixel(make: Make, scale: int, channels: int, runs: int = 3) -> float:
    """Median over runs of one image on this processor, for each 10^6 pixels of output."""
    network, side = make().eval(), 192 // scale
    image: Tensor = torch.rand(1, channels, side, side)
    times = []
    with torch.inference_mode():
        network(image[..., :8, :8])
        for _ in range(runs):
            start = time.perf_counter()
            network(image)
            times.append(time.perf_counter() - start)
    return statistics.median(times) / (side * scale) ** 2 * 1e6
