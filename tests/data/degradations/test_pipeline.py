"""Operations in a row, by chance and in branches; and HR windows that become LR."""

import itertools
from collections import Counter
from dataclasses import replace

import pytest
import torch
from scipy import stats

from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.pipeline import Degradation, Pipeline, one_of, shuffled, sometimes


def add(level):
    return lambda canvas, draws: canvas.with_image(canvas.image + level)


def noise(canvas, draws):
    return canvas.with_image(canvas.image + draws.normal(*canvas.image.shape[1:]))


def half(canvas, draws):
    return Canvas(canvas.image[..., ::2, ::2], canvas.height // 2, canvas.width // 2, canvas.hr_size)


def test_one_after_another():
    canvas = Canvas.of(torch.zeros(2, 3, 4, 4))
    pipeline = Pipeline((add(1.0), lambda canvas, draws: canvas.with_image(3 * canvas.image)))
    assert (pipeline(canvas, Draws(2, 0)).image == 3).all()


def test_by_chance_for_each_sample():
    canvas = Canvas.of(torch.zeros(4000, 1, 1, 1))
    changed = sometimes(add(1.0), 0.3)(canvas, Draws(4000, 0)).image.flatten()
    assert abs(changed.mean() - 0.3) < 0.03 and set(changed.tolist()) == {0.0, 1.0}
    always = add(1.0)
    assert sometimes(always, 1.0) is always, "nothing is drawn where there is no chance"


def test_branches_for_each_sample():
    canvas = Canvas.of(torch.zeros(4000, 1, 4, 4))
    made = one_of([add(1.0), Pipeline((half, add(2.0))), add(3.0)], [1, 2, 1])(canvas, Draws(4000, 0))
    ways = made.image[:, 0, 0, 0]
    for way, share in ((1, 0.25), (2, 0.5), (3, 0.25)):
        assert abs((ways == way).float().mean().item() - share) < 0.03
    assert (made.height[ways == 2] == 2).all() and (made.height[ways != 2] == 4).all()


def digit(number, calls=None):
    """Appends its number to what a pixel says."""

    def operation(canvas, draws):
        assert draws.size == len(canvas.image)
        if calls is not None:
            calls.append(draws.size)
        return canvas.with_image(canvas.image * 10 + number)

    return operation


def orders(operation, count, seed=0):
    """What each of so many samples went through."""
    made = operation(Canvas.of(torch.zeros(count, 1, 1, 1)), Draws(count, seed))
    return [f"{round(number)}" for number in made.image.flatten().tolist()]


def test_only_those_pay_that_something_happens_to():
    calls = []
    operation = one_of([sometimes(digit(1, calls), 0.5), digit(2, calls), digit(3, calls)], [2, 1, 0])
    found = Counter(orders(operation, 300))
    assert sorted(calls) == sorted([found["1"], found["2"]]) and sum(found.values()) == 300


def test_all_orders_are_as_likely():
    found = Counter(orders(shuffled([digit(number) for number in (1, 2, 3)]), 3000))
    assert set(found) == {"".join(order) for order in itertools.permutations("123")}
    assert stats.chisquare(list(found.values())).pvalue > 0.01


@pytest.mark.parametrize("keep", [[1, 3], [3, 1], [2, 0, 1]])
def test_some_keep_their_order(keep):
    found = Counter(orders(shuffled([digit(number) for number in range(1, 5)], keep), 3000))
    asked = "".join(str(place + 1) for place in keep)
    possible = [
        "".join(order)
        for order in itertools.permutations("1234")
        if "".join(number for number in order if number in asked) == asked
    ]
    assert set(found) == set(possible) and stats.chisquare(list(found.values())).pvalue > 0.01


def test_shuffled_work_is_that_of_a_row_and_passes_are_few():
    calls = []
    operations = [digit(number, calls) for number in range(6)]
    orders(shuffled(operations), 12)
    assert sum(calls) == 6 * 12 and len(calls) <= 28, "which is enough for all orders of six"
    calls.clear()
    orders(shuffled([operations[0]] * 6), 12)
    assert calls == [12] * 6, "the same operation is one pass"
    calls.clear()
    shared = set(orders(shuffled(operations, per="batch"), 12))
    assert len(shared) == 1 and calls == [12] * 6
    assert shared != set(orders(shuffled(operations, per="batch"), 12, seed=1))


def test_sizes_change_on_the_way():
    """Each sample is what it would be alone; those that are small already do not travel in large tensors."""
    seen = []

    def watched(canvas, draws):
        seen.append((canvas.image.shape[-1], canvas.height.tolist()))
        return add(1.0)(canvas, draws)

    canvas = Canvas.of(torch.arange(20.0)[:, None, None, None].expand(20, 3, 8, 8).clone())
    made = shuffled([half, watched, add(2.0)])(canvas, Draws(20, 0))
    assert torch.equal(made.image[..., :4, :4], canvas.image[..., :4, :4] + 3)
    assert made.image.shape[-1] == 4 and (made.height == 4).all() and made.hr_size == (8, 8)
    assert {side for side, _ in seen} == {4, 8} and all(set(heights) == {side} for side, heights in seen)


def test_combinations_within_combinations():
    inner = shuffled([digit(1), sometimes(digit(2), 0.5)])
    found = Counter(orders(Pipeline((one_of([inner, digit(3)], [1, 1]), digit(4))), 4000))
    assert {name: round(8 * count / 4000) for name, count in found.items()} == {"14": 2, "124": 1, "214": 1, "34": 4}


def test_a_batch_is_its_seeds():
    degradation = Degradation(Pipeline((noise, half)), scale=2, margin=4)
    window = torch.rand(3, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    first = degradation(window, 5)
    assert first.shape == (3, 3, 6, 6)
    assert torch.equal(first, degradation(window, 5)) and not torch.equal(first, degradation(window, 6))
    same = degradation(window[:1].expand(3, 3, 20, 20), 5)
    assert not torch.equal(same[0], same[1]), "samples share no draw"


def test_the_crop_is_the_middle_of_the_window_in_8_bits():
    window = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 1.5 - 0.25
    small = Degradation(half, scale=2, margin=4)(window, 0)
    expected = (window[..., 4:12:2, 4:12:2].clamp(0, 1) * 255).round() / 255
    assert torch.equal(small, expected)
    assert torch.equal(Degradation(half, 2, 0)(window, 0)[..., 2:6, 2:6], expected)


def test_images_of_like_sizes_go_on_together():
    """Where the host sees sizes; every sample comes back to its place, whatever groups there were."""
    sizes = [(40, 30), (10, 8), (38, 30), (9, 8), (40, 29), (20, 15)]
    images = [torch.full((1, 3, *size), number / 10) for number, size in enumerate(sizes)]
    canvases = [Canvas.of(image) for image in images]
    seen = []

    def watch(canvas, draws):
        seen.append((tuple(canvas.image.shape), draws.size, canvas.full))
        return canvas

    found = Pipeline((watch, watch))(Canvas.together(canvases), Draws(6, 0))
    assert sorted(set(seen), reverse=True) == [
        ((3, 3, 40, 30), 3, False),
        ((2, 3, 10, 8), 2, False),
        ((1, 3, 20, 15), 1, True),
    ]
    assert list(zip(found.height.tolist(), found.width.tolist(), strict=True)) == sizes
    for number, (height, width) in enumerate(sizes):
        assert torch.equal(found.image[number, :, :height, :width], images[number][0])


def test_large_batches_go_in_parts(monkeypatch):
    monkeypatch.setattr("gansr.data.degradations.canvas.CHUNK", 2 * 16 * 16)
    seen = []
    watch = lambda canvas, draws: (seen.append(draws.places), canvas)[1]
    Pipeline((watch,))(Canvas.of(torch.rand(5, 3, 16, 16)), Draws(5, 0))
    assert seen == [[0, 1], [2, 3], [4]]


def test_a_gpu_would_not_wait_for_sizes(unseen):
    seen = []
    watch = lambda canvas, draws: (seen.append(tuple(canvas.image.shape)), canvas)[1]
    canvas = Canvas.together([Canvas.of(torch.rand(1, 3, 9, 9)), Canvas.of(torch.rand(1, 3, 40, 40))])
    Pipeline((watch,))(canvas, Draws(2, 0))
    assert seen == [(2, 3, 40, 40)]


def test_what_is_known_to_fill_its_tensor():
    large, small = Canvas.of(torch.rand(1, 3, 8, 8)), Canvas.of(torch.rand(1, 3, 6, 8))
    both = Canvas.together([large, small])
    assert large.full and Canvas.together([large, large]).full and not both.full
    assert both.apart()[1].tight().full and both.apart()[1].tight().image.shape[-2:] == (6, 8)
    assert not large.where(torch.tensor([True]), small).full
    for mode in ("reflect", "replicate"):
        loose = replace(both, full=False)
        torch.testing.assert_close(large.filled(3, mode)[0], loose.filled(3, mode)[0])
