from collections import Counter
from itertools import islice

import numpy as np

from gansr.data.sampler import CounterSampler, ScaleDraw, batch_seed, permutation, sample_generator


def take(batches, **settings):
    return list(islice(CounterSampler(**{"length": 10, "batch": 4, "seed": 7} | settings), batches))


def test_every_epoch_holds_every_image_once_in_another_order():
    indices = [ticket.index for batch in take(10) for ticket in batch]
    epochs = [indices[start : start + 10] for start in range(0, 40, 10)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4
    assert [ticket.number for batch in take(10) for ticket in batch] == list(range(40))


def test_start_equals_skipping():
    assert take(9)[5:] == take(4, start=5)


def test_processes_share_one_stream():
    one = take(6, batch=4)
    halves = [take(6, batch=2, rank=rank, world=2) for rank in (0, 1)]
    assert [first + second for first, second in zip(*halves, strict=True)] == one


def test_several_crops_of_each_image():
    """The images are those of the run with one crop, in its order; numbers, and with them cuts, are all different."""
    many = [ticket for batch in take(400, crops=4) for ticket in batch]
    assert [ticket.number for ticket in many] == list(range(1600))
    one = {ticket.number: ticket.index for batch in take(400) for ticket in batch}
    assert all(ticket.index == one[ticket.visit] for ticket in many)
    times = Counter(ticket.visit for ticket in many)
    assert times[50] == times[200] == 4


def test_processes_take_turns_with_images_of_several_crops():
    """None has an image of the other's, and each goes on where it stopped."""
    halves = [take(300, batch=2, rank=rank, world=2, crops=3) for rank in (0, 1)]
    visits = [{ticket.visit for batch in half for ticket in batch} for half in halves]
    assert not visits[0] & visits[1] and {visit % 2 for visit in visits[1]} == {1}
    numbers = sorted(ticket.number for half in halves for batch in half for ticket in batch)
    assert numbers == list(range(1200))
    assert take(50, batch=2, rank=1, world=2, crops=3, start=250) == halves[1][250:]


def test_seed_matters_and_repeats():
    assert take(3) == take(3)
    assert take(1, batch=10) != take(1, batch=10, seed=8)


def test_sample_streams_do_not_overlap():
    """Philox counts up while it draws: neighbouring samples whose counters differ by one would share numbers."""
    draws = [sample_generator(3, number).integers(2**63, size=64) for number in range(20)]
    assert len(np.unique(draws)) == 20 * 64
    np.testing.assert_array_equal(draws[5], sample_generator(3, 5).integers(2**63, size=64))


def test_samples_are_independent_of_the_order():
    assert (sample_generator(3, 0).permutation(100) != permutation(100, 3, 0)).any()


def test_every_scale_is_drawn_as_often_and_by_the_step_alone():
    draw = ScaleDraw((2, 3, 4), seed=5)
    drawn = [draw(position) for position in range(3000)]
    assert drawn == [ScaleDraw((2, 3, 4), seed=5)(position) for position in range(3000)]
    assert drawn != [ScaleDraw((2, 3, 4), seed=6)(position) for position in range(3000)]
    counts = [drawn.count(scale) for scale in (2, 3, 4)]
    assert (
        sum((count - 1000) ** 2 / 1000 for count in counts) < 13.8
    )  # chi-squared, 2 degrees: once in a thousand seeds
    pairs = [drawn[i : i + 2] for i in range(2999)]
    assert all(200 < pairs.count([first, then]) < 500 for first in (2, 3, 4) for then in (2, 3, 4)), "no memory"


def test_micro_batches_of_a_step_share_its_scale():
    draw, alone = ScaleDraw((2, 3, 4), seed=5, accumulate=3), ScaleDraw((2, 3, 4), seed=5)
    assert [draw(position) for position in range(30)] == [alone(position // 3) for position in range(30)]


def test_one_scale_is_not_drawn():
    assert ScaleDraw((3,), seed=0)(7) == 3


def test_tickets_know_their_micro_batch():
    sampler = CounterSampler(10, 2, 0, rank=1, world=2, start=4)
    assert [ticket.position for ticket in next(iter(sampler))] == [4, 4]


def test_no_two_batches_share_a_seed_not_even_its_lower_half():
    """PyTorch's generator on CPUs looks at 32 bits alone; among so many random ones, some would be equal."""
    seeds = [batch_seed(7, position, rank, 2) for position in range(100_000) for rank in (0, 1)]
    assert len({seed % 2**32 for seed in seeds}) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert seeds[:100] == [batch_seed(7, position, rank, 2) for position in range(50) for rank in (0, 1)]
    others = {batch_seed(8, position, 0, 1) for position in range(1000)}
    assert not others & set(seeds)
    bits = np.array([[seed >> bit & 1 for bit in range(32)] for seed in seeds[:2000]]).mean(axis=0)
    assert (abs(bits - 0.5) < 0.06).all(), "neighbours differ in every bit"
