"""What a generator is asked for beside its large image."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from gansr.data.batch import Paired
from gansr.losses import LOSSES
from gansr.losses.table import LossTable, Term
from gansr.recipes.enlarging import Enlarging

BATCH = Paired(torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 8, 8))


class Generator:
    """Remembers what it was asked for."""

    averaged = False

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def __call__(self, lr: Tensor, **wishes: Any) -> Any:
        self.asked.append(wishes)
        small, large = lr + 0.25, torch.full((2, 3, 8, 8), 0.5)
        return [small, large] if wishes.get("intermediate") else large


def l1(**row: Any) -> LossTable:
    return LossTable(pixel=Term(LOSSES["l1"](), 1.0), more=Term(LOSSES["l1"](), **row))


def test_a_plain_generator_is_asked_for_nothing() -> None:
    generator: Any = Generator()
    found = Enlarging().images(generator, BATCH, 0, l1(weight=1.0))
    assert generator.asked == [{}]
    assert set(found) == {"sr", "hr", "lr"} and found["sr"].shape == (2, 3, 8, 8)


def test_intermediate_images_only_when_a_row_that_weighs_something_asks() -> None:
    generator: Any = Generator()
    losses = l1(weight=0.0, of="intermediate")
    assert "intermediate" not in Enlarging().images(generator, BATCH, 0, losses)
    losses = l1(weight=1.0, of="intermediate")
    found = Enlarging().images(generator, BATCH, 0, losses)
    assert generator.asked[-1] == {"intermediate": True}
    assert len(found["intermediate"]) == 1 and found["sr"].mean() == 0.5
    terms = losses.compare(found)
    assert terms["pixel"].item() == 0.5
    assert abs(terms["more"].item() - 0.75) < 1e-6, "the small image against HR at its size"


def test_where_nothing_is_on_the_way_rows_wait() -> None:
    """A network of levels has one way to its smallest scale."""
    losses = l1(weight=1.0, of="intermediate")

    class Direct:
        averaged = False

        def __call__(self, lr: Tensor, **wishes: Any) -> list[Tensor]:
            return [torch.full((2, 3, 8, 8), 0.5)]

    terms = losses.compare(Enlarging().images(Direct(), BATCH, 0, losses))  # pyright: ignore[reportArgumentType]
    assert terms.keys() == {"pixel"}


def test_the_scale_that_the_step_drew() -> None:
    generator: Any = Generator()
    batch = Paired(BATCH.lr, BATCH.hr, scale=3)
    Enlarging().images(generator, batch, 0, l1(weight=1.0))
    Enlarging().sr(generator, batch, 0)
    assert generator.asked == [{"scale": 3}, {"scale": 3}]


def test_the_average_is_asked_for_the_same() -> None:
    asked = []
    player: Any = SimpleNamespace(averaged=True, average=lambda lr, **wishes: asked.append(wishes))
    generator = Generator()

    class Averaged:
        averaged, average = True, staticmethod(player.average)
        __call__ = staticmethod(generator)

    Enlarging(grow=2).images(Averaged(), Paired(BATCH.lr, BATCH.hr, scale=4), 0, l1(weight=1.0))["average"]()  # pyright: ignore[reportArgumentType]
    assert asked == [generator.asked[0]] and asked[0].keys() == {"scale", "blend"}


def test_the_newest_level_fades_in_on_a_straight_line() -> None:
    enlarging = Enlarging(grow=4)
    blends = [enlarging.wishes(BATCH, step).get("blend") for step in range(6)]
    assert [None if blend is None else blend.item() for blend in blends] == [0.25, 0.5, 0.75, 1.0, None, None]
