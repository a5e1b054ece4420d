"""Numbers of samples: their own, whoever asks and beside whom; and changes by chance."""

import torch

from gansr.data.augmentation.lots import Lots, each, sometimes, where
from gansr.data.batch import Paired


def batch_of(size=4, scale=2, sharp=False, importance=False, seed=0) -> Paired:
    stream = torch.Generator().manual_seed(seed)
    lr, hr, sharper = (torch.rand(size, 3, 6 * by, 6 * by, generator=stream) for by in (1, scale, scale))
    weights = torch.rand(size, 1, 6 * scale, 6 * scale, generator=stream)
    return Paired(lr, hr, weights if importance else None, sharper if sharp else None)


def test_a_sample_has_its_numbers_in_any_company():
    together, alone = Lots(1, range(10, 14), 0), Lots(1, [12], 0)
    for draw in (lambda lots: lots.uniform(2, 3, 2), lambda lots: lots.beta(1.2), lambda lots: lots.permutation(3)):
        assert torch.equal(draw(together)[2:3], draw(alone))
    assert together.happens(0.5)[2:3] == alone.happens(0.5)


def test_no_two_samples_rows_or_seeds_share_a_number():
    drawn = torch.cat([Lots(seed, range(20), row).uniform(0, 1, 8) for seed in (1, 2) for row in (0, 1)])
    assert len(drawn.unique()) == drawn.numel()
    assert torch.equal(Lots(1, range(20), 0).uniform(0, 1, 8), drawn[:20])


def test_distributions():
    lots = Lots(0, range(3000), 0)
    uniform, beta = lots.uniform(2, 4), lots.beta(1.2)
    assert uniform.dtype == beta.dtype == torch.float32
    assert uniform.min() >= 2 and uniform.max() < 4 and abs(uniform.mean() - 3) < 0.05
    assert abs(beta.mean() - 0.5) < 0.02 and abs(beta.var() - 1 / (4 * 3.4)) < 0.005  # 1 / (4 (2 a + 1))
    orders = [tuple(order) for order in lots.permutation(3).tolist()]
    assert len(set(orders)) == 6 and all(abs(orders.count(order) - 500) < 110 for order in set(orders))
    assert abs(sum(lots.happens(0.3)) / 3000 - 0.3) < 0.03


def test_partners_are_others_and_all_of_them():
    drawn = torch.stack([Lots(seed, range(4), 0).partner() for seed in range(300)])
    assert (drawn != torch.arange(4)).all()
    for place in range(4):
        counts = torch.bincount(drawn[:, place], minlength=4)
        assert all(abs(count - 100) < 40 for other, count in enumerate(counts.tolist()) if other != place)


def test_a_change_by_chance_leaves_others_alone():
    batch = batch_of(40, sharp=True, importance=True)
    negative = sometimes(lambda one, lots: each(one, lambda image: 1 - image), 0.4)
    changed = negative(batch, Lots(3, range(40), 0))
    happens = torch.tensor(Lots(3, range(40), 0).happens(0.4))
    assert 0 < happens.sum() < 40
    for name in ("lr", "hr", "sharp"):
        before, after = getattr(batch, name), getattr(changed, name)
        assert torch.equal(after[~happens], before[~happens]) and torch.equal(after[happens], 1 - before[happens])
    assert torch.equal(changed.importance, batch.importance)
    assert sometimes(negative, 0.0)(batch, Lots(3, range(40), 0)) is batch


def test_what_a_batch_does_not_have_it_does_not_get():
    one, other = batch_of(2, seed=1), batch_of(2, seed=2)
    picked = where(torch.tensor([True, False]), one, other)
    assert picked.sharp is None and picked.importance is None
    assert torch.equal(picked.hr, torch.stack([one.hr[0], other.hr[1]]))
