from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from gansr.errors import OptionsError
from gansr.losses import ADVERSARIAL, LOSSES
from gansr.losses.table import LossTable, Term


@dataclass
class Batch:
    hr: Tensor
    sharp: Tensor


BATCH = Batch(hr=torch.zeros(1, 3, 2, 2), sharp=torch.full((1, 3, 2, 2), 0.25))
SR = torch.full((1, 3, 2, 2), 0.5)


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
    terms = table().compare(SR, BATCH)
    assert terms.keys() == {"pixel", "square"}
    assert terms["pixel"].item() == 0.5
    assert terms["square"].item() == 0.0625


def test_the_total_is_the_weighted_sum() -> None:
    terms = table().compare(SR, BATCH) | {"adversarial": torch.tensor(3.0)}
    assert table().total(terms).item() == pytest.approx(0.01 * 0.5 + 2 * 0.0625 + 0.005 * 3)


def test_what_weighs_nothing_does_not_count_even_if_it_is_nan() -> None:
    nan = torch.tensor(torch.nan)
    assert table().total({"pixel": torch.tensor(1.0), "unused": nan}).item() == pytest.approx(0.01)
    with pytest.raises(OptionsError, match="every weight is 0"):
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
