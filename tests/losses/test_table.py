from typing import Any

import pytest
import torch
from torch import Tensor

from gansr.errors import OptionsError
from gansr.imaging.resize import reduce
from gansr.losses import ADVERSARIAL, LOSSES
from gansr.losses.table import LossTable, Term
from gansr.losses.weight import Ramp

HR, SHARP, SR = (torch.full((1, 3, 2, 2), level) for level in (0.0, 0.25, 0.5))
IMAGES = {"sr": SR, "hr": HR, "sharp": SHARP}


def never(sr: Tensor, target: Tensor) -> Tensor:
    raise AssertionError("computed")


def table() -> LossTable:
    return LossTable(
        pixel=Term(LOSSES["l1"](), 0.01, type="l1"),
        square=Term(LOSSES["l2"](), 2.0, target="sharp", type="l2"),
        unused=Term(never, 0.0),
        adversarial=Term(ADVERSARIAL["hinge"](), 0.005, type="hinge"),
    )


def test_terms_are_unweighted_and_meet_their_target() -> None:
    terms = table().compare(IMAGES)
    assert terms.keys() == {"pixel", "square"}
    assert terms["pixel"].item() == 0.5
    assert terms["square"].item() == 0.0625


def test_the_total_is_the_weighted_sum() -> None:
    terms = table().compare(IMAGES) | {"adversarial": torch.tensor(3.0)}
    assert table().total(terms).item() == pytest.approx(0.01 * 0.5 + 2 * 0.0625 + 0.005 * 3)


def test_what_weighs_nothing_does_not_count_even_if_it_is_nan() -> None:
    nan = torch.tensor(torch.nan)
    assert table().total({"pixel": torch.tensor(1.0), "unused": nan}).item() == pytest.approx(0.01)
    with pytest.raises(OptionsError, match="every row weighs 0"):
        table().total({"unused": nan})


def test_the_objective_is_the_adversarial_row() -> None:
    losses = table()
    assert losses.objective is losses["adversarial"].loss


def test_rows_to_print() -> None:
    assert table().describe() == [
        ("pixel", "l1", "0.01", "hr"),
        ("square", "l2", "2", "sharp"),
        ("unused", "", "0", "hr"),
        ("adversarial", "hinge", "0.005", ""),
    ]


def test_images_are_asked_for_by_name_and_made_once() -> None:
    """What costs something is a function: called when a row wants it, and never twice."""
    calls: list[str] = []

    def average() -> Tensor:
        calls.append("average")
        return SHARP

    def to_average(sr: Tensor, average: Tensor) -> Tensor:
        return (sr - average).mean()

    losses = LossTable(one=Term(to_average, 1.0), two=Term(LOSSES["l1"](), 1.0, target="average"))
    terms = losses.compare(IMAGES | {"average": average})
    assert [term.item() for term in terms.values()] == [0.25, 0.25] and calls == ["average"]
    LossTable(one=Term(LOSSES["l1"](), 1.0)).compare(IMAGES | {"average": average})
    assert calls == ["average"]
    with pytest.raises(OptionsError, match=r"losses.one .* needs 'average', which there is where train.ema is set"):
        losses.compare(IMAGES)


def test_what_there_is_at_other_steps_is_waited_for() -> None:
    losses = LossTable(one=Term(LOSSES["l1"](), 1.0, target="average"), two=Term(LOSSES["l1"](), 1.0))
    assert losses.compare(IMAGES | {"average": None}).keys() == {"two"}


def test_views_and_maps() -> None:
    """The map blends sr into the target first; then both pass the views, one after another."""
    half = torch.tensor([[1.0, 1.0], [0.0, 0.0]]).expand(1, 1, 2, 2)
    seen: list[Any] = []

    def where(importance: Tensor) -> Tensor:
        return importance

    def spy(sr: Tensor, target: Tensor) -> Tensor:
        seen.append((sr, target))
        return (sr - target).abs().mean()

    term = Term(spy, 1.0, views=(lambda image: 2 * image, lambda image: image + 1), where=where)
    (value,) = LossTable(one=term).compare(IMAGES | {"importance": half}).values()
    sr, target = seen[0]
    assert sr[0, 0].tolist() == [[2.0, 2.0], [1.0, 1.0]] and target.unique().item() == 1.0
    assert value.item() == 0.5


def test_a_weight_that_changes() -> None:
    losses = LossTable(one=Term(LOSSES["l1"](), Ramp(0.0, 2.0, over=10, start=5)))
    totals = {step: losses.weighted({"one": torch.tensor(1.0)}, step) for step in (5, 10, 15, 99)}
    assert totals[5] == {} and [totals[step]["one"].item() for step in (10, 15, 99)] == [1.0, 2.0, 2.0]
    assert losses.compare(IMAGES, 5) == {} and losses.compare(IMAGES, 6).keys() == {"one"}
    assert losses.describe() == [("one", "", "0 to 2 over 10 from step 5", "hr")]


def test_shares() -> None:
    assert table().shares({"pixel": 10.0, "square": 0.15}) == pytest.approx({"pixel": 0.25, "square": 0.75})


def test_a_mistake_says_its_row() -> None:
    def wrong(sr: Tensor) -> Tensor:
        raise OptionsError("patch: 99 is too large.")

    with pytest.raises(OptionsError, match=r"^losses.one \(type w\): patch: 99 is too large.$"):
        LossTable(one=Term(wrong, 1.0, type="w")).compare(IMAGES)


def test_intermediate_images_meet_the_target_at_their_size() -> None:
    """A mean over the images, each compared with MATLAB's bicubic of the target."""
    generator = torch.Generator().manual_seed(0)
    hr = torch.rand(1, 3, 16, 16, generator=generator)
    images = [torch.rand(1, 3, side, side, generator=generator) for side in (4, 8, 16)]
    losses = LossTable(levels=Term(LOSSES["l2"](), 1.0, of="intermediate"))
    found = losses.compare({"sr": torch.zeros_like(hr), "hr": hr, "intermediate": images})["levels"]
    targets = [reduce(hr, 4), reduce(hr, 2), hr]
    expected = [(image - target).square().mean() for image, target in zip(images, targets, strict=True)]
    torch.testing.assert_close(found, torch.stack(expected).mean())
    assert losses.asks_for("intermediate") and not losses.asks_for("sr")


def test_intermediate_images_through_views_and_where() -> None:
    hr, image = torch.ones(1, 3, 8, 8), torch.zeros(1, 3, 4, 4)
    half = torch.zeros(1, 1, 8, 8)
    half[..., :4] = 1
    term = Term(
        LOSSES["l1"](), 1.0, views=(lambda image: 3 * image,), where=lambda importance: importance, of="intermediate"
    )
    found = LossTable(levels=term).compare({"hr": hr, "importance": half, "intermediate": [image]})["levels"]
    assert found.item() == pytest.approx(1.5, abs=0.05)


def test_a_generator_without_intermediate_images_is_told() -> None:
    losses = LossTable(levels=Term(LOSSES["l1"](), 1.0, of="intermediate", type="l1"))
    with pytest.raises(
        OptionsError, match=r"losses.levels .*needs 'intermediate', which generators that make images on"
    ):
        losses.compare(IMAGES)
