import math

import pytest
import torch
import torch.nn.functional as F
from scipy import stats

from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.sizes import resize as module
from gansr.data.degradations.sizes.resize import decimate, matlab_bicubic, resize, resize_to_scale, shrink
from gansr.errors import OptionsError
from gansr.imaging.resize import reduce

MANY = 4000
SECOND = {"kinds": {"up": 0.3, "down": 0.4, "keep": 0.3}, "factors": (0.3, 1.2), "relative_to": "target"}


def images(batch, height=12, width=16):
    return Canvas.of(torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0)))


@pytest.fixture
def asked(monkeypatch):
    """What an operation asks of `resize_to`, for MANY images; so large that rounding does not matter."""

    def ask(operation, seed=0, batch=MANY):
        found, small = {}, images(1)
        monkeypatch.setattr(module, "resize_to", lambda canvas, **given: (found.update(given), small)[1])
        sides = torch.full((batch,), 1_000_000)
        image = torch.zeros(1, 1, 1, 1).expand(batch, 1, 1_000_000, 1_000_000)
        operation(Canvas(image, sides, sides, hr_size=(4_000_000, 2_000_000)), Draws(batch, seed))
        return found

    return ask


def is_uniform(values, low, high):
    return stats.kstest(values.double().numpy(), "uniform", args=(low, high - low)).pvalue > 0.01


def has_shares(places, shares):
    counts = torch.bincount(places, minlength=len(shares)).numpy()
    return stats.chisquare(counts, [share * len(places) for share in shares]).pvalue > 0.01


def test_first_order_of_real_esrgan(asked):
    found = asked(resize(scale=4))
    factor = found["factor"]
    up, down = factor[factor > 1], factor[factor < 1]
    assert has_shares((factor < 1) + 2 * (factor == 1), (0.2, 0.7, 0.1))
    assert is_uniform(up, 1, 1.5) and is_uniform(down, 0.15, 1)
    assert found["methods"] == ["area", "bilinear", "bicubic"] and not found["antialias"]
    assert has_shares(found["method"], (1 / 3, 1 / 3, 1 / 3))


def test_second_order_of_real_esrgan(asked):
    """Of the LR image's size, whatever the image's own is."""
    found = asked(resize(**SECOND, scale=4), seed=1)
    assert found.get("factor") is None
    factor = found["height"] / 1_000_000
    assert has_shares((factor < 1) + 2 * (factor == 1), (0.3, 0.4, 0.3))
    assert is_uniform(factor[factor > 1], 1, 1.2) and is_uniform(factor[factor < 1], 0.3, 1)
    torch.testing.assert_close(found["width"] / 500_000, factor, atol=3e-6, rtol=0)
    assert has_shares(found["method"], (1 / 3, 1 / 3, 1 / 3))


def test_bsrgan_shrinks_by_a_divisor(asked):
    found = asked(shrink(scale=4), seed=2)
    assert is_uniform(1_000_000 / found["height"], 1, 8) and found["factor"] is None
    assert has_shares(found["method"], (1 / 3, 1 / 3, 1 / 3))


def test_weights_and_factors_are_those_given(asked):
    found = asked(resize({"down": 1}, (0.25, 0.5), {"lanczos": 1, "nearest": 3}, antialias=True, scale=2), seed=3)
    assert is_uniform(found["factor"], 0.25, 0.5) and found["antialias"]
    assert found["methods"] == ["lanczos", "nearest"] and has_shares(found["method"], (0.25, 0.75))
    assert is_uniform(asked(resize({"up": 2}, (2, 3), scale=2))["factor"], 2, 3)
    assert (asked(resize({"keep": 1}, scale=2))["factor"] == 1).all()


def test_samples_are_independent(asked):
    found = asked(resize(scale=4))
    for one in (found["factor"], found["method"].float()):
        assert abs(torch.corrcoef(torch.stack([one[::2], one[1::2]]))[0, 1]) < 0.06
    assert abs(torch.corrcoef(torch.stack([found["factor"], found["method"].float()]))[0, 1]) < 0.05


def test_draws_as_much_whatever_comes_out():
    for operation in (resize, resize_to_scale, shrink):
        after = []
        for methods in ({"area": 1.0, "bicubic": 0.0}, {"area": 0.0, "bicubic": 1.0}):
            draws = Draws(3, 5)
            operation(methods=methods, scale=2)(images(3), draws)
            after.append(draws.uniform())
        assert torch.equal(*after)


@pytest.mark.parametrize("sides", [(40, 30), (7, 5), (1, 3)])
def test_each_sample_as_pytorch_does_it(sides, either):
    """`F.interpolate` of each image alone, with the numbers that were drawn for it, in Real-ESRGAN's first order."""
    canvas, draws = images(12, *sides), Draws(12, 7)
    found = resize(scale=4)(canvas, Draws(12, 7))
    kind = draws.choice([0.2, 0.7, 0.1])
    low, high = torch.tensor([1, 0.15, 1])[kind], torch.tensor([1.5, 1, 1])[kind]
    factor, method = draws.uniform(low, high), draws.choice([1, 1, 1])
    bounds = [math.floor(1.5 * side) for side in sides]
    assert all(length <= bound for length, bound in zip(found.image.shape[-2:], bounds, strict=True))
    assert canvas.seen or list(found.image.shape[-2:]) == bounds
    for sample in range(12):
        size = [max(1, math.floor(side * factor[sample].item())) for side in sides]
        assert [found.height[sample], found.width[sample]] == size
        if min(sides) * factor[sample] < 1 or (size == list(sides) and factor[sample] != 1):
            continue  # PyTorch refuses images of no pixels, and copies images whose size stays
        expected = F.interpolate(
            canvas.image[sample : sample + 1],
            scale_factor=factor[sample].item(),
            mode=("area", "bilinear", "bicubic")[method[sample]],
        )
        # PyTorch's places are float32 numbers
        torch.testing.assert_close(found.image[sample, :, : size[0], : size[1]], expected[0], atol=2e-5, rtol=0)


def test_target_sizes_and_pixels(unseen):
    canvas = images(8, 40, 60)
    smaller = resize({"down": 1}, (0.5, 1), scale=4)(canvas, Draws(8, 1))
    found = resize(**SECOND, scale=4)(smaller, Draws(8, 3))
    assert found.image.shape[-2:] == (12, 18)  # 1.2 of 10 and 15
    assert (found.height >= 3).all() and (found.width >= 4).all() and len(found.height.unique()) > 2
    final = resize_to_scale({"area": 1}, scale=4)(found, Draws(8, 4))
    assert final.image.shape == (8, 3, 10, 15) and (final.height == 10).all() and (final.width == 15).all()
    for sample in range(8):
        alone = found.image[sample : sample + 1, :, : found.height[sample], : found.width[sample]]
        expected = F.adaptive_avg_pool2d(alone, (10, 15))
        torch.testing.assert_close(final.image[sample : sample + 1], expected, atol=1e-6, rtol=0)


def test_bound_of_taps_holds(monkeypatch, unseen):
    """The makers promise by how much images shrink at most: without the promise the results are the same."""
    methods = dict.fromkeys(("area", "bicubic", "lanczos", "matlab"), 1.0)
    small = resize({"down": 1}, (0.1, 1), scale=2)(images(64, 30, 30), Draws(64, 0))
    original = module.resize_to

    def without(canvas, *given, shrinks, **others):
        return original(canvas, *given, **others)

    for operation in (
        resize({"down": 1}, (0.15, 1), methods, True, scale=2),
        resize({"down": 1}, (0.3, 1), methods, True, "target", scale=2),
        resize_to_scale(methods, True, scale=2),
        shrink((1, 5), methods, True, scale=2),
        matlab_bicubic(3, scale=2),
    ):
        monkeypatch.setattr(module, "resize_to", original)
        found = operation(small, Draws(64, 1))
        monkeypatch.setattr(module, "resize_to", without)
        torch.testing.assert_close(found.image, operation(small, Draws(64, 1)).image, atol=1e-6, rtol=0)


def test_clip():
    checks = images(6)
    checks = checks.with_image((checks.image > 0.5).float())
    for operation in (resize, resize_to_scale, shrink):
        arguments = {"methods": {"bicubic": 1.0}, "scale": 2}
        free, clipped = (operation(**arguments, clip=clip)(checks, Draws(6, 0)).image for clip in (False, True))
        assert free.max() > 1 and torch.equal(clipped, free.clamp(0, 1))
    assert shrink(scale=2)(checks, Draws(6, 0)).image.max() <= 1
    assert checks.image.max() == 1 and checks.image.min() == 0


def test_decimate():
    canvas = images(2)
    assert torch.equal(decimate(scale=4)(canvas, Draws(2, 0)).image, canvas.image[..., ::4, ::4])
    assert torch.equal(decimate(2, scale=4)(canvas, Draws(2, 0)).image, canvas.image[..., ::2, ::2])


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_matlab_bicubic(factor):
    canvas = images(2, 24, 48)
    found = matlab_bicubic(scale=factor)(canvas, Draws(2, 0))
    torch.testing.assert_close(found.image, reduce(canvas.image, factor), atol=1e-6, rtol=0)
    given = matlab_bicubic(factor, scale=2)(canvas, Draws(2, 0))
    assert torch.equal(given.image, found.image) and (given.height == 24 // factor).all()


def test_matlab_bicubic_of_smaller_images():
    canvas = images(2, 24, 48)
    smaller = Canvas(canvas.image, torch.tensor([12, 24]), torch.tensor([20, 8]), canvas.hr_size)
    found = matlab_bicubic(scale=4)(smaller, Draws(2, 0))
    expected = reduce(canvas.image[:1, :, :12, :20], 4)
    torch.testing.assert_close(found.image[:1, :, :3, :5], expected, atol=1e-6, rtol=0)


def test_meta_device():
    canvas = Canvas.of(torch.rand(2, 3, 16, 24, device="meta"))
    for operation, size in (
        (resize(scale=4), (24, 36)),
        (resize(**SECOND, scale=4), (4, 7)),
        (resize_to_scale(scale=4), (4, 6)),
        (shrink(scale=4), (16, 24)),
        (decimate(scale=4), (4, 6)),
        (matlab_bicubic(scale=4), (4, 6)),
    ):
        found = operation(canvas, Draws(2, 0, "meta"))
        assert found.image.shape == (2, 3, *size) and found.hr_size == (16, 24)
        assert found.height.shape == found.width.shape == (2,)


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (resize, {"factors": (1.5, 0.15)}, "factors is (1.5, 0.15); expected the smaller number first: (0.15, 1.5)."),
        (resize, {"factors": (0, 1.5)}, "factors is (0, 1.5); expected two finite numbers from 0.015625 to 8."),
        (resize, {"factors": (-1, 1.5)}, "factors is (-1, 1.5); expected two finite numbers from 0.015625 to 8."),
        (
            resize,
            {"factors": (0.1, math.inf)},
            "factors is (0.1, inf); expected two finite numbers from 0.015625 to 8.",
        ),
        (
            resize,
            {"factors": (0.15, 0.5)},
            "factors is (0.15, 0.5), but kinds has up; expected a larger number of 1 or more.",
        ),
        (
            resize,
            {"factors": (1.2, 1.5)},
            "factors is (1.2, 1.5), but kinds has down; expected a smaller number of 1 or less.",
        ),
        (
            resize,
            {"kinds": {"upp": 1}},
            "kinds has no kind 'upp'. Did you mean 'up'? Choices: down, keep, up.",
        ),
        (resize, {"kinds": {"up": 0}}, "kinds: all weights are 0; expected at least one kind with more."),
        (resize, {"kinds": {"up": -1}}, "kinds: the weight of up is -1; expected 0 or more."),
        (
            resize,
            {"methods": {"cubic": 1}},
            "methods has no kind 'cubic'. Did you mean 'bicubic'? "
            "Choices: area, bicubic, bilinear, lanczos, matlab, nearest, nearest_exact, opencv_area.",
        ),
        (resize, {"relative_to": "lr"}, "relative_to is 'lr'. Choices: image, target."),
        (resize_to_scale, {"methods": {"area": math.nan}}, "methods: the weight of area is nan; expected 0 or more."),
        (shrink, {"methods": {}}, "methods: all weights are 0; expected at least one kind with more."),
        (shrink, {"divisors": (0.5, 2)}, "divisors is (0.5, 2); expected two finite numbers from 1 to 64."),
        (decimate, {"factor": 0}, "factor is 0; expected a whole number from 1 to 64."),
        (matlab_bicubic, {"factor": -2}, "factor is -2; expected a whole number from 1 to 64."),
    ],
)
def test_mistakes(make, arguments, message):
    with pytest.raises(OptionsError) as caught:
        make(**arguments, scale=4)
    assert str(caught.value) == message


def test_arguments_are_a_schema():
    from gansr.options.component import arguments_of

    for make in (resize, resize_to_scale, shrink, decimate, matlab_bicubic):
        schema = arguments_of(make, given={"scale": 4})
        assert "scale" not in schema.model_fields
        schema.model_validate_json("{}", strict=True)
    checked = arguments_of(resize, given={"scale": 4}).model_validate_json('{"factors": [0.3, 1.2]}', strict=True)
    assert checked.factors == (0.3, 1.2)
