"""Operations one after another, by chance, and in branches: each sample goes its own way."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.draws import Draws


@dataclass(frozen=True)
class Pipeline:
    """Operations in a row: an operation itself."""

    operations: tuple[Operation, ...]

    def __call__(self, canvas: Canvas, draws: Draws) -> Canvas:
        """What the last one leaves."""
        for operation in self.operations:
            canvas = operation(canvas, draws)
        return canvas


def sometimes(operation: Operation, probability: float) -> Operation:
    """The operation on each sample with this probability."""

    def chosen(canvas: Canvas, draws: Draws) -> Canvas:
        here = draws.chance(probability)
        return operation(canvas, draws).where(here, canvas)

    return operation if probability == 1 else chosen


def one_of(branches: Sequence[Operation], weights: Sequence[float]) -> Operation:
    """One of several ways for each sample, in proportion to the weights.

    All of them are gone by all samples, and one result is kept: to sort samples by ways would wait for the device.
    """

    def branch(canvas: Canvas, draws: Draws) -> Canvas:
        way = draws.choice(weights)
        first, *others = (operation(canvas, draws) for operation in branches)
        for number, other in enumerate(others, start=1):
            first = other.where(way == number, first)
        return first

    return branch


@dataclass(frozen=True)
class Degradation:
    """HR windows -> LR crops: a pipeline that ends at the LR size.

    Args:
        pipeline: what happens to the window
        scale: of the super-resolution
        margin: HR pixels around the crop on each side, a multiple of the scale: what lies near a border is degraded
            with what is around it
    """

    pipeline: Operation
    scale: int
    margin: int

    def __call__(self, window: Tensor, seed: int) -> Tensor:
        """(B, 3, crop + 2 margin, ...) in [0, 1] -> (B, 3, crop / scale, ...) in 8 bits of [0, 1].

        `seed` names the batch: the same one gives the same LR.
        """
        canvas = self.pipeline(Canvas.of(window), Draws(window.shape[0], seed, window.device))
        height, width = canvas.image.shape[-2:]
        cut = self.margin // self.scale
        small = canvas.image[..., cut : height - cut, cut : width - cut]
        return small.clamp(0, 1).mul(255).round_().div_(255)
