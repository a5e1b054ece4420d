from collections import Counter

import pytest

from gansr.data.loading.lanes import LANES, Lanes


def visits(crops, count):
    return [Lanes(crops).visit(number) for number in range(count)]


def test_one_crop_is_the_order_of_images():
    assert visits(1, 200) == list(range(200))


@pytest.mark.parametrize("crops", [2, 3, 4, 16, 32, 50])
def test_every_image_gives_so_many_crops_far_apart(crops):
    """But for those of the first rounds, some of which leave early, and those that are not done."""
    taken = visits(crops, LANES * crops * 4)
    times = Counter(taken)
    assert set(times) == set(range(max(times) + 1)), "none is left out"
    inner = range(LANES, min(taken[-LANES:]))
    assert len(inner) > LANES and all(times[visit] == crops for visit in inner)
    assert all(1 <= times[visit] <= crops for visit in range(LANES))
    for begin in range(0, len(taken) - LANES, LANES // 2):
        assert len(set(taken[begin : begin + LANES])) == LANES, "no two crops of one image among 32 in a row"


@pytest.mark.parametrize("crops", [2, 4, 16, 64])
def test_images_begin_evenly(crops):
    """Of any 32 samples about 32 / crops are the first ones of an image: decoding never comes in bursts."""
    taken = visits(crops, LANES * crops * 6)
    known, new = set(taken[:LANES]), []
    for begin in range(LANES, len(taken), LANES):
        some = set(taken[begin : begin + LANES])
        new.append(len(some - known))
        known |= some
    assert max(new) <= -(-LANES // crops)


@pytest.mark.parametrize("crops", [1, 2, 5, 16])
@pytest.mark.parametrize("start", [0, 7, 100, 333])
def test_uses_counts_what_is_still_to_come(crops, start):
    lanes = Lanes(crops)
    count = 40 * LANES * max(crops, 4)
    rest = Counter(lanes.visit(number) for number in range(start, count))
    whole = min(visits(crops, count)[-LANES:])
    assert all(lanes.uses(visit, start) == rest[visit] for visit in range(whole))


@pytest.mark.parametrize("crops", [2, 4, 16])
@pytest.mark.parametrize("ahead", [1, 64])
def test_what_is_held_is_enough(crops, ahead):
    """Whoever keeps the images of that many visits, thrown out by when they were asked for, decodes each once."""
    taken, lanes = visits(crops, LANES * crops * 3), Lanes(crops)
    recent, decoded = {}, Counter()
    for begin in range(0, len(taken), ahead):
        for visit in reversed(taken[begin : begin + ahead]):  # the worst order in which threads may ask
            if visit not in recent:
                decoded[visit] += 1
            recent.pop(visit, None)
            recent[visit] = True
            while len(recent) > lanes.held(ahead):
                del recent[next(iter(recent))]
    assert set(decoded.values()) == {1}
