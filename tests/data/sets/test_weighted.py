"""Roots whose images come more often than those of others."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansr.data.sampler import CounterSampler, Ticket, real_side, source_generator
from gansr.data.sets.mixed_set import WithPairs
from gansr.data.sets.training_set import HrOnly, PairedFiles, Scales
from gansr.data.sets.weighted import Weights, weights_for
from gansr.data.unpaired.sides import UnpairedFiles
from gansr.errors import OptionsError


def epoch(weights: Weights, number: int) -> list[int]:
    """The images of an epoch."""
    length = len(weights)
    return [weights.index(place, number * length + place) for place in range(length)]


def test_whole_weights_repeat() -> None:
    weights = Weights([3, 2, 4], [1, 3, 2], seed=0)
    assert len(weights) == 3 + 6 + 8
    for number in range(3):
        assert Counter(epoch(weights, number)) == {0: 1, 1: 1, 2: 1, 3: 3, 4: 3, 5: 2, 6: 2, 7: 2, 8: 2}


@pytest.mark.parametrize("weight", [0.5, 0.3, 1.5, 2.25])
def test_fractions_take_turns(weight: float) -> None:
    """At the end of any epoch no image has come more than once more than another, and after some all as often."""
    weights = Weights([40, 40], [1, weight], seed=1)
    assert len(weights) == 40 + 40 * weight
    so_far: Counter[int] = Counter()
    for number in range(20):
        now = epoch(weights, number)
        assert Counter(now[:40]) == dict.fromkeys(range(40), 1)
        assert all(40 <= image < 80 for image in now[40:])
        so_far.update(now[40:])
        counts = [so_far[image] for image in range(40, 80)]
        assert max(counts) - min(counts) <= 1 and sum(counts) == (number + 1) * 40 * weight
    assert len(set(counts)) == 1


def test_which_of_them_come_first_is_shuffled() -> None:
    first = epoch(Weights([1, 100], [1, 0.5], seed=3), 0)[1:]
    assert set(first) != set(range(1, 51)) and len(set(first)) == 50
    other = epoch(Weights([1, 100], [1, 0.5], seed=4), 0)[1:]
    assert set(first) != set(other)
    both = epoch(Weights([100, 100, 1], [0.5, 0.5, 1], seed=3), 0)
    assert {image + 100 for image in both[:50]} != set(both[50:100]), "each root has a shuffle of its own"


@pytest.mark.parametrize(
    ("counts", "weights", "places"),
    [
        ([3, 100], [0.5, 1], [3, 200]),  # 1.5 images of an epoch are 3 of two
        ([5, 1000], [0.02, 1], [1, 10000]),  # and a tenth is 1 of ten
        ([800, 2650], [1, 2.37], [800, 6280]),  # 6280.5: wrong by less than a percent
        ([0, 4], [7, 2], [0, 8]),  # all its images were too small
    ],
)
def test_an_epoch_is_as_long_as_ratios_need(counts: list[int], weights: list[float], places: list[int]) -> None:
    assert Weights(counts, weights, 0).places.tolist() == places


def test_equal_weights_are_none() -> None:
    assert weights_for([3, 4], [2.0, 2.0], 0) is None and weights_for([3], [0.5], 0) is None
    assert weights_for([3, 4], [2.0, 1.0], 0) is not None


def test_epochs_without_end_are_refused() -> None:
    with pytest.raises(OptionsError, match=r"weights of 1000, 1 for 200000, 5 images need an epoch of more than 1"):
        Weights([200_000, 5], [1000, 1], 0)
    with pytest.raises(OptionsError, match=r"weights of 1e-06, 1 for 3, 5 images need"):
        Weights([3, 5], [1e-6, 1], 0)
    assert len(Weights([3, 5000], [0.0012, 1], 0)) > 5000 * 200, "but what is rare is rare"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Six images, each of one level."""
    several = [tmp_path / f"{number}.png" for number in range(6)]
    for number, file in enumerate(several):
        Image.fromarray(np.full((20, 20, 3), 10 * number, dtype=np.uint8)).save(file)
    return several


def levels(dataset, start: int, count: int, batch: int = 3) -> list[int]:
    """The first byte of each sample, by the sampler that a run has."""
    sampler = iter(CounterSampler(len(dataset), batch, seed=5, start=start))
    samples = [dataset[ticket] for _ in range(count) for ticket in next(sampler)]
    return [int(np.asarray(one[0] if isinstance(one, tuple) else one).flat[0]) // 10 for one in samples]


def test_sets_draw_by_weight_and_go_on_where_they_were(files: list[Path]) -> None:
    weights = Weights([2, 4], [3, 0.5], seed=5)
    settings = {"crop": 8, "scale": 2, "seed": 5, "weights": weights}
    pairs = [(file, file) for file in files]
    alone, paired = HrOnly(files, **settings), PairedFiles(pairs, 8, 1, 5, weights=weights)
    assert len(alone) == len(paired) == len(weights) == 8
    for dataset in (alone, paired, Scales({2: alone}, draw := _Two()), Scales({2: paired}, draw)):
        whole = levels(dataset, 0, 16)  # six epochs of eight samples
        counts = Counter(whole)
        assert counts[0] == counts[1] == 18 and [counts[number] for number in range(2, 6)] == [3] * 4
        assert levels(dataset, 5, 11) == whole[15:], "what follows is what followed, in the middle of an epoch too"
    assert [alone.file(Ticket(place, 8)) for place in range(8)] == [
        files[weights.index(place, 8)] for place in range(8)
    ]


class _Two:
    """A draw of scales that has one."""

    scales = (2,)

    def __call__(self, position: int) -> int:
        return 2


def test_without_weights_all_is_as_it_was(files: list[Path]) -> None:
    dataset = HrOnly(files, 8, 2, 5)
    sampler = iter(CounterSampler(6, 3, seed=5))
    tickets = [ticket for _ in range(4) for ticket in next(sampler)]
    assert [dataset.file(ticket) for ticket in tickets] == [files[ticket.index] for ticket in tickets]


def test_sides_have_weights_of_their_own(files: list[Path]) -> None:
    hr = HrOnly(files[:2], 8, 2, 5, margin=0, weights=Weights([1, 1], [1, 3], 5))
    real = HrOnly(files[2:], 4, 1, real_side(5), margin=0, weights=Weights([3, 1], [1, 2], real_side(5)))
    both = UnpairedFiles(hr, real)
    assert len(both) == 4
    drawn = [both.files(CounterSampler(4, 1, 5).ticket(number, 0)) for number in range(20)]
    sharp, blurred = (Counter(side) for side in zip(*drawn, strict=True))
    assert [sharp[file] for file in files[:2]] == [5, 15]
    assert [blurred[file] for file in files[2:]] == [4, 4, 4, 8]


def test_pairs_among_photos(files: list[Path]) -> None:
    pairs = [(file, file) for file in files[:3]]
    photos = HrOnly(files[3:], 8, 1, 5)
    even = WithPairs(photos, pairs, lambda _: 1.0, 5)
    uneven = WithPairs(photos, pairs, lambda _: 1.0, 5, Weights([1, 2], [2, 1], 5))
    tickets = [Ticket(0, number) for number in range(4000)]
    counts = Counter(uneven.pair(ticket) for ticket in tickets)
    assert counts[pairs[0]] == pytest.approx(2000, abs=130) and counts[pairs[1]] == pytest.approx(1000, abs=110)

    def drawn_before_there_were_weights(ticket: Ticket) -> int:
        random = source_generator(5, ticket.number)
        random.random()
        return int(random.integers(3))

    assert [even.pair(one) for one in tickets[:50]] == [
        pairs[drawn_before_there_were_weights(one)] for one in tickets[:50]
    ]
