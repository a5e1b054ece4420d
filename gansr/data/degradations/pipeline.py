"""Operations one after another, by chance, in branches and in any order: each sample goes its own way.

Ways and orders are drawn on the host. So it knows who goes where without waiting for the device, and an operation is
computed for those samples alone that it happens to, all of them at once.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.record import Record

Per = Literal["sample", "batch"]


@dataclass(frozen=True)
class Pipeline:
    """Operations in a row: an operation itself.

    On a CPU images of like sizes go on together, in tensors of their own, for there the host sees sizes without waiting
    and pixels cost more than calls.
    """

    operations: tuple[Operation, ...]

    def __call__(self, canvas: Canvas, draws: Draws) -> Canvas:
        """What the last one leaves."""
        for number, operation in enumerate(self.operations):
            groups = canvas.alike() if canvas.seen else []
            if len(groups) > 1:
                pieces, rest = canvas.apart(), Pipeline(self.operations[number:])
                for group in groups:
                    _go(rest, pieces, group, draws)
                return Canvas.together(pieces)
            canvas = operation(canvas, draws)
        return canvas


def named(operation: Operation, name: str) -> Operation:
    """The operation under a name, by which a record of what was done calls it."""

    def begun(canvas: Canvas, draws: Draws) -> Canvas:
        draws.begin(name)
        return operation(canvas, draws)

    return begun


def sometimes(operation: Operation, probability: float) -> Operation:
    """The operation on each sample with this probability."""

    def chosen(canvas: Canvas, draws: Draws) -> Canvas:
        pieces, ways = canvas.apart(), draws.ways([1 - probability, probability])
        _go(operation, pieces, [place for place, happens in enumerate(ways) if happens], draws)
        return Canvas.together(pieces)

    return operation if probability == 1 else chosen


def begun_sometimes(operation: Operation, probability: float) -> Operation:
    """As `sometimes`, inside of an operation that has begun already: a record forgets it where it does not happen."""

    def chosen(canvas: Canvas, draws: Draws) -> Canvas:
        pieces, happens = canvas.apart(), draws.ways([1 - probability, probability])
        if draws.record is not None:
            draws.only(torch.tensor(happens, dtype=torch.bool))
        _go(operation, pieces, [place for place, here in enumerate(happens) if here], draws)
        return Canvas.together(pieces)

    return operation if probability == 1 else chosen


def one_of(branches: Sequence[Operation], weights: Sequence[float]) -> Operation:
    """One of several ways for each sample, in proportion to the weights."""

    def branch(canvas: Canvas, draws: Draws) -> Canvas:
        ways, pieces = draws.ways(weights), canvas.apart()
        for number, operation in enumerate(branches):
            _go(operation, pieces, [place for place, way in enumerate(ways) if way == number], draws)
        return Canvas.together(pieces)

    return branch


def shuffled(operations: Sequence[Operation], keep_order: Sequence[int] = (), per: Per = "sample") -> Operation:
    """Every operation once, in a random order; all orders that `keep_order` leaves are as likely.

    The number of passes is not that of the operations times itself: each pass takes the operation that is next for most
    samples, or rather for those with most to come, which makes few passes of what is next for someone (the "majority
    merge" of common supersequences). For 12 samples, BSRGAN's six operations take about 20 passes of 3 to 4 samples.

    Args:
        operations: the same one may be there several times
        keep_order: places of operations that stay in this order among themselves
        per: sample: each goes an order of its own; batch: all go the same, which takes one pass for each operation
    """

    def mixed(canvas: Canvas, draws: Draws) -> Canvas:
        drawn = (draws if per == "sample" else draws.of([0])).orders(len(operations))
        orders = [[operations[place] for place in _kept(order, keep_order)] for order in drawn]
        if per == "batch":
            return Pipeline(tuple(orders[0]))(canvas, draws)
        pieces = canvas.apart()
        while any(orders):
            # Images in tensors of other sizes are other passes: most operations come after images became small.
            steps = [(piece.image.shape[-2:], *order[:1]) for piece, order in zip(pieces, orders, strict=True)]
            waiting: Counter[tuple] = Counter()
            for step, order in zip(steps, orders, strict=True):
                waiting[step] += len(order)
            ((chosen, _),) = waiting.most_common(1)
            places = [place for place, step in enumerate(steps) if step == chosen]
            _go(orders[places[0]][0], pieces, places, draws)
            for place in places:
                del orders[place][0]
        return Canvas.together(pieces)

    return mixed


def _go(operation: Operation, pieces: list[Canvas], places: list[int], draws: Draws) -> None:
    """The operation on the images at these places, in one batch; `pieces` gets the results."""
    if places:
        together = Canvas.together([pieces[place] for place in places])
        together = together.tight() if together.seen else together
        done = operation(together, draws.of(places)).apart()
        for place, piece in zip(places, done, strict=True):
            pieces[place] = piece


def _kept(order: list[int], keep: Sequence[int]) -> list[int]:
    """The order, with what is in `keep` in that order at the places that it has together."""
    sequence = iter(keep)
    return [next(sequence) if place in keep else place for place in order]


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

    def __call__(self, window: Tensor, seed: int, record: Record | None = None) -> Tensor:
        """(B, 3, crop + 2 margin, ...) in [0, 1] -> (B, 3, crop / scale, ...) in 8 bits of [0, 1].

        `seed` names the batch: the same one gives the same LR. `record` is told what was done to each sample.
        """
        canvas = self.pipeline(Canvas.of(window), Draws(len(window), seed, window.device, record=record))
        height, width = canvas.image.shape[-2:]
        cut = self.margin // self.scale
        small = canvas.image[..., cut : height - cut, cut : width - cut]
        return small.clamp(0, 1).mul(255).round_().div_(255)
