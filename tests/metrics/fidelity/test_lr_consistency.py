import math

import pytest
import torch

from gansr.errors import DataError
from gansr.imaging.resize import reduce_uint8
from gansr.metrics.fidelity.lr_consistency import LRConsistency


def image(height: int, width: int, channels: int = 3) -> torch.Tensor:
    draw = torch.Generator().manual_seed(1)
    return torch.randint(20, 236, (channels, height, width), generator=draw, dtype=torch.uint8)


def test_hr_is_consistent_with_the_lr_made_of_it() -> None:
    hr = image(24, 36)
    lr = reduce_uint8(hr[None], 3)[0]
    assert LRConsistency(3)(hr, lr=lr) == math.inf
    off = lr.clone()
    off[0, 2, 3] += 9  # of 3 * 8 * 12 values
    assert LRConsistency(3)(hr, lr=off) == pytest.approx(10 * math.log10(255**2 / (81 / 288)))
    assert LRConsistency(3)(hr, 255 - hr, lr=off) == LRConsistency(3)(hr, lr=off)  # hr does not count


def test_a_constant_is_worked_out_by_hand() -> None:
    sr, lr = torch.full((3, 16, 16), 100, dtype=torch.uint8), torch.full((3, 8, 8), 110, dtype=torch.uint8)
    assert LRConsistency(2)(sr, lr=lr) == pytest.approx(28.130803608679344)
    y = LRConsistency(2, "y")(sr, lr=lr)
    assert y == pytest.approx(10 * math.log10(255**2 / 8**2))  # Y of 100 is 102, of 110 is 110
    lr[:, 0] = 100
    assert LRConsistency(2, border=1)(sr, lr=lr) == pytest.approx(28.130803608679344)


def test_sizes_that_do_not_fit() -> None:
    with pytest.raises(DataError, match=r"SR of 36x24 pixels is not 4 times as large as an LR of 12x8"):
        LRConsistency(4)(image(24, 36), lr=image(8, 12))


def test_it_says_what_it_needs() -> None:
    assert LRConsistency.needs_hr is False and "without ground truth" in LRConsistency(4).protocol
