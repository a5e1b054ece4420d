"""Operations in a row, by chance and in branches; and HR windows that become LR."""

import torch

from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.pipeline import Degradation, Pipeline, one_of, sometimes


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
