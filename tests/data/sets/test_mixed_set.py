"""Real pairs among photos: which sample is one follows from its number."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gansr.data.batches import paired_batches
from gansr.data.sampler import CounterSampler, ScaleDraw, Ticket
from gansr.data.sets.importance import MapFiles
from gansr.data.sets.mixed_set import WithPairs
from gansr.data.sets.training_set import HrOnly, Scales

PAIRS = 3


@pytest.fixture
def files(tmp_path: Path) -> tuple[list[Path], list[tuple[Path, Path]]]:
    """Photos are dark; real HR images have levels from 150 on, one for each pair, and their LR another 20 more."""
    random = np.random.default_rng(0)
    photos, pairs = [tmp_path / f"{number}.png" for number in range(5)], []
    for file in photos:
        Image.fromarray(random.integers(0, 100, (24, 26, 3), dtype=np.uint8)).save(file)
    for number in range(PAIRS):
        pairs.append((tmp_path / f"lr_{number}.png", tmp_path / f"hr_{number}.png"))
        hr = np.full((25, 27, 3), 150 + 10 * number, np.uint8)
        hr[:24, :26] += np.arange(12, dtype=np.uint8).repeat(2)[:, None, None]  # each LR row has a level of its own
        Image.fromarray(hr).save(pairs[-1][1])
        Image.fromarray(hr[:24:2, :26:2] + 50).save(pairs[-1][0])
    return photos, pairs


def mixed(files, share=0.4, seed=1, **more) -> WithPairs:
    photos, pairs = files
    return WithPairs(HrOnly(photos, 8, 2, seed, **more), pairs, share if callable(share) else lambda _: share, seed)


def batches(dataset, count, **settings):
    stream = paired_batches(dataset, **{"scale": 2, "batch": 4, "seed": 1, "device": torch.device("cpu")} | settings)
    taken = list(islice(stream, count))
    stream.close()
    return taken


def test_a_pair_brings_its_own_lr_at_the_same_place(files) -> None:
    """However a crop was flipped and turned, LR is 50 levels above every other pixel of HR."""
    taken = batches(mixed(files), 20)
    hr, lr = (torch.cat([getattr(batch, name) for batch in taken]) for name in ("hr", "lr"))
    real = (hr > 140 / 255).flatten(1).all(1)
    torch.testing.assert_close(lr[real] * 255, hr[real, :, ::2, ::2] * 255 + 50)
    assert len(set(lr[real][:, 0, 0, 0].tolist())) > 2 * PAIRS, "crops are cut, flipped and turned as others"
    assert 0.2 < real.float().mean() < 0.6
    plain = batches(HrOnly(files[0], 8, 2, 1), 20)
    for name, all_of in (("hr", hr), ("lr", lr)):
        others = torch.cat([getattr(batch, name) for batch in plain])
        assert torch.equal(all_of[~real], others[~real]), "photos come as without pairs"


def test_the_share_and_every_pair(files) -> None:
    dataset = mixed(files, 0.3)
    drawn = [dataset.pair(Ticket(0, number)) for number in range(3000)]
    assert abs(sum(pair is not None for pair in drawn) / 3000 - 0.3) < 0.03
    counts = [drawn.count(pair) for pair in dataset.pairs]
    assert all(abs(count - 300) < 70 for count in counts)
    assert not any(mixed(files, 0.0).pair(Ticket(0, number)) for number in range(50))
    assert all(mixed(files, 1.0).pair(Ticket(0, number)) for number in range(50))
    assert drawn != [mixed(files, 0.3, seed=2).pair(Ticket(0, number)) for number in range(3000)]


def test_the_share_may_follow_the_micro_batch(files) -> None:
    dataset = mixed(files, lambda position: 1.0 if position >= 2 else 0.0)
    assert [(batch.hr > 140 / 255).all().item() for batch in batches(dataset, 4)] == [False, False, True, True]


def test_workers_processes_and_resumed_runs_have_the_same(files) -> None:
    dataset = mixed(files)
    one = batches(dataset, 6)
    halves = [batches(dataset, 6, batch=2, rank=rank, world=2) for rank in (0, 1)]
    for batch, first, second, other in zip(one, *halves, batches(dataset, 6, workers=2), strict=True):
        for name in ("hr", "lr"):
            together = torch.cat([getattr(first, name), getattr(second, name)])
            assert torch.equal(getattr(batch, name), together) and torch.equal(getattr(other, name), together)
    assert all(torch.equal(a.lr, b.lr) for a, b in zip(one[4:], batches(dataset, 2, start=4), strict=True))


def test_with_maps_of_importance(files, tmp_path: Path) -> None:
    photos, pairs = files
    maps = {}
    for number, file in enumerate([*photos, *(hr for _, hr in pairs)]):
        maps[file] = tmp_path / f"map_{number}.png"
        with Image.open(file) as image:
            Image.fromarray(np.asarray(image)[..., 0]).save(maps[file])
    for batch in batches(mixed(files, importance=MapFiles(maps)), 4):
        assert torch.equal(batch.importance[:, 0], batch.hr[:, 0]), "each has its own file's map, cut alike"


def test_at_several_scales(files) -> None:
    photos, pairs = files
    draw = ScaleDraw((1, 2), seed=1)
    of_scale = {1: [(hr, hr) for _, hr in pairs], 2: pairs}
    sets = {
        scale: WithPairs(HrOnly(photos, 4 * scale, scale, 1), of_scale[scale], lambda _: 0.5, 1) for scale in (1, 2)
    }
    taken = batches(Scales(sets, draw), 8, scale=draw)
    assert {batch.scale for batch in taken} == {1, 2} and all(batch.lr.shape[-1] == 4 for batch in taken)
    numbers = [ticket.number for batch in islice(CounterSampler(5, 4, 1), 8) for ticket in batch]
    real = torch.cat([(batch.hr > 140 / 255).flatten(1).all(1) for batch in taken])
    assert real.tolist() == [sets[1].pair(Ticket(0, number)) is not None for number in numbers]


def test_all_crops_of_one_image_are_of_a_photo_or_of_one_pair(files) -> None:
    dataset, crops = mixed(files), 4
    by_visit: dict[int, set] = {}
    sampler = CounterSampler(len(dataset), 8, 1, crops=crops)
    for tickets in islice(sampler, 80):
        for ticket in tickets:
            by_visit.setdefault(ticket.nth_image, set()).add(dataset.pair(ticket))
    assert all(len(found) == 1 for found in by_visit.values())
    assert len(set.union(*by_visit.values())) == PAIRS + 1
