"""Samples made of two: what LR, HR, sharpened HR and importance have in common."""

from itertools import pairwise

import pytest
import torch

from gansr.data.augmentation.lots import Lots
from gansr.data.augmentation.mixing import cutblur, cutmix, mixup
from gansr.data.batch import Paired
from gansr.errors import OptionsError
from gansr.imaging.resize import reduce

NAMES = ("lr", "hr", "sharp", "importance")


def numbered(size=6, scale=2, side=10) -> Paired:
    """Every image of sample n is n all over."""
    level = torch.arange(size, dtype=torch.float32)[:, None, None, None]
    lr, hr = level.expand(-1, 3, side, side), level.expand(-1, 3, scale * side, scale * side)
    return Paired(lr, hr, hr[:, :1], hr)


def test_mixup_mixes_everything_by_the_same_share():
    batch = numbered()
    mixed = mixup(1.2, batch=6)(batch, Lots(0, range(6), 0))
    again = Lots(0, range(6), 0)
    partner, share = again.partner(), again.beta(1.2)
    expected = share * torch.arange(6) + (1 - share) * partner
    for name in NAMES:
        image = getattr(mixed, name)
        torch.testing.assert_close(image, expected[:, None, None, None].expand_as(image))
    assert len(share.unique()) == 6, "no two samples share a number"


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_cutmix_cuts_the_same_rectangle_everywhere(scale):
    batch = numbered(scale=scale)
    made = cutmix((0.3, 0.6), batch=6)(batch, Lots(0, range(6), 0))
    partner = Lots(0, range(6), 0).partner()
    own = torch.arange(6)[:, None, None]
    pasted = made.lr[:, 0] != own
    assert torch.equal(made.lr[:, 0], torch.where(pasted, partner[:, None, None], own).float())
    for name in ("hr", "sharp", "importance"):
        image = getattr(made, name)
        assert torch.equal(image[:, :, ::scale, ::scale], made.lr[:, : image.shape[1]])
        blocks = image.unfold(2, scale, scale).unfold(3, scale, scale)
        assert torch.equal(blocks.amin((-2, -1)), blocks.amax((-2, -1))), "edges lie on the grid of LR"
    sizes = []
    for mask in pasted:
        rows, columns = mask.any(1), mask.any(0)
        assert torch.equal(mask, rows[:, None] & columns), "a rectangle"
        for line in (rows, columns):
            assert sum(one != other for one, other in pairwise([False, *line.tolist(), False])) == 2
            sizes.append(int(line.sum()))
    assert set(sizes) <= {3, 4, 5} and len(set(sizes)) > 1


def test_rectangles_lie_anywhere():
    counts = torch.zeros(10, 10)
    for seed in range(100):
        batch = numbered()
        made = cutmix((0.4, 0.4), batch=6)(batch, Lots(seed, range(6), 0))
        counts += (made.lr[:, 0] != torch.arange(6)[:, None, None]).float().sum(0)
    # Of 7 places along a side, a corner is covered by one, and the middle by four.
    assert abs(counts[0, 0] / 600 - 1 / 49) < 0.02 and abs(counts[5, 5] / 600 - 16 / 49) < 0.06
    torch.testing.assert_close(counts, counts.flip(0), atol=60, rtol=0)


def test_a_rectangle_may_be_the_whole_image():
    batch = numbered()
    made = cutmix((1, 1), batch=6)(batch, Lots(0, range(6), 0))
    assert torch.equal(made.hr[:, 0, 0, 0].long(), Lots(0, range(6), 0).partner())


@pytest.mark.parametrize("sharpened", [False, True])
@pytest.mark.parametrize("scale", [1, 2])
def test_cutblur_pastes_what_lr_would_be(scale, sharpened):
    stream = torch.Generator().manual_seed(0)
    hr, sharp = (torch.rand(40, 3, 10 * scale, 10 * scale, generator=stream) for _ in range(2))
    batch = Paired(torch.full((40, 3, 10, 10), 2.0), hr, None, sharp if sharpened else None)
    made = cutblur(lr_is_bicubic=False)(batch, Lots(0, range(40), 0))
    assert made.hr is batch.hr and made.sharp is batch.sharp
    source = sharp if sharpened else hr
    clean = source if scale == 1 else (reduce(source, scale).clamp(0, 1) * 255).round() / 255
    pasted = made.lr != 2
    assert torch.equal(made.lr, torch.where(pasted, clean, 2.0))
    shares = pasted.float().mean((1, 2, 3))
    inside = shares < 0.5  # sides are 6 or 7 of 10: 0.36 to 0.49 of the image, or the rest of it
    assert 10 < inside.sum() < 30 and shares[inside].min() >= 0.36 and shares[~inside].max() <= 0.64


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mixup(0, batch=2), "alpha is 0; expected a finite number above 0"),
        (lambda: mixup(float("inf"), batch=2), "alpha is inf"),
        (lambda: mixup(batch=1), "mixup mixes samples of a batch, and train.batch is 1"),
        (lambda: cutmix(batch=1), "cutmix mixes samples of a batch"),
        (lambda: cutmix((0.7, 0.3), batch=2), r"side is \(0\.7, 0\.3\)"),
        (lambda: cutmix((0, 0.3), batch=2), r"side is \(0, 0\.3\)"),
        (lambda: cutblur((0.3, 1.2), lr_is_bicubic=False), r"side is \(0\.3, 1\.2\)"),
        (lambda: cutblur(lr_is_bicubic=True), "it would be put in its own place"),
    ],
)
def test_what_cannot_be(make, message):
    with pytest.raises(OptionsError, match=message):
        make()
