import inspect
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.noises import noise
from gansr.data.degradations.pipeline import named
from gansr.data.degradations.record import Record
from gansr.errors import OptionsError

MAKERS = [
    noise.gaussian_noise,
    noise.poisson_noise,
    noise.gaussian_or_poisson,
    noise.bsrgan_noise,
    noise.speckle_noise,
    noise.camera_noise,
]
CERTAIN = 0.01  # of p-values; seeds are fixed, so what passes once always does


def rand(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def evenly(found: Tensor, low: float, high: float) -> bool:
    return stats.kstest(found.numpy(), stats.uniform(low, high - low).cdf).pvalue > CERTAIN


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[tuple]]:
    """Arguments that a function of the module is called with from here on."""

    def watch(name: str) -> list[tuple]:
        calls: list[tuple] = []
        original = getattr(noise, name)
        signature = inspect.signature(original)

        def watched(*args, **kwargs):
            calls.append(tuple(signature.bind(*args, **kwargs).arguments.values()))
            return original(*args, **kwargs)

        monkeypatch.setattr(noise, name, watched)
        return calls

    return watch


# Gaussian


def drawn(operation, name: str) -> list[dict]:
    """What the samples of a large batch drew, as the record has it."""
    record = Record(3000)
    named(operation, name)(Canvas.of(torch.zeros(3000, 3, 1, 1)), Draws(3000, seed=5, record=record))
    return [sample[0] for sample in record.samples]


def test_gaussian_noise_draws_as_real_esrgan_does() -> None:
    found = drawn(noise.gaussian_noise(), "gaussian_noise")
    sigma, grey = torch.tensor([one["sigma"] for one in found]), torch.tensor([one["grey"] for one in found])
    assert {one["kind"] for one in found} == {"gaussian"}
    assert evenly(sigma, 1, 30)
    assert stats.binomtest(int(grey.sum()), 3000, 0.4).pvalue > CERTAIN
    assert evenly(sigma[grey], 1, 30)  # one does not tell the other


def test_gaussian_noise_has_the_deviation_that_it_drew() -> None:
    record = Record(40)
    image = torch.full((40, 3, 50, 50), 0.5)
    found = named(noise.gaussian_noise((5, 30)), "noise")(Canvas.of(image), Draws(40, seed=2, record=record)).image
    for sample, (done,) in zip((found - image) * 255, record.samples, strict=True):
        assert sample.std().item() == pytest.approx(done["sigma"], rel=0.1)
        assert torch.allclose(sample[0], sample[1]) == torch.allclose(sample[0], sample[2]) == done["grey"]


def test_gaussian_noise_is_normal_and_clamped() -> None:
    canvas = Canvas.of(torch.full((2, 3, 60, 60), 0.5))
    result = noise.gaussian_noise(sigma=(20, 20), grey_probability=0)(canvas, Draws(2, seed=0)).image
    found = (result - 0.5).flatten().numpy() * 255 / 20
    assert stats.kstest(found, stats.norm.cdf).pvalue > CERTAIN
    assert abs(np.corrcoef(found.reshape(6, -1)) - np.eye(6)).max() < 0.06  # 3.6 / sqrt(3600)
    black = Canvas.of(torch.zeros(2, 3, 60, 60))
    clamped = noise.gaussian_noise()(black, Draws(2, seed=0)).image
    assert clamped.min() == 0 and clamped.max() > 0


# Poisson


def published_poisson(image: np.ndarray, scale: float, grey: bool, draw: Callable) -> np.ndarray:
    """BasicSR's definition in float64, for one image (3, h, w) and any deterministic `draw`."""
    if grey:
        image = np.tensordot([0.2989, 0.587, 0.114], image, 1)[None]
    image = np.clip(np.round(image * 255), 0, 255) / 255
    values = 2 ** np.ceil(np.log2(len(np.unique(image))))
    return np.broadcast_to((draw(image * values) / values - image) * scale, (3, *image.shape[1:]))


def test_poisson_field_is_the_published_one_for_each_image_alone() -> None:
    sizes = [(12, 9), (5, 4), (12, 1), (7, 9), (1, 1), (12, 9)]
    few = torch.arange(6)[:, None, None, None] % 2 == 1
    images = rand(6, 3, 12, 9, dtype=torch.float64) * 1.2 - 0.1
    images = torch.where(few, (images * 7).round() / 7, images)  # some with few levels
    height, width = (torch.tensor(sides) for sides in zip(*sizes, strict=True))
    canvas = Canvas(images.float(), height, width)
    canvas = canvas.with_image(torch.where(canvas.mask(), canvas.image, torch.nan))
    scale = torch.tensor([1.0, 0.05, 3.0, 0.5, 1.0, 1.0])

    def draw(rates):  # anything that tells rates apart
        return rates**2 / 16 + 1

    for grey in (False, True):
        found = noise.poisson_field(canvas, scale, grey, draw).expand(6, 3, 12, 9)
        for number, (rows, columns) in enumerate(sizes):
            image = images[number, :, :rows, :columns].numpy()
            expected = published_poisson(image, scale[number].item(), grey, draw)
            # Found: 1.2e-6, of numbers up to 15.
            assert np.abs(found[number, :, :rows, :columns].numpy() - expected).max() < 1e-5


def test_poisson_field_draws_nothing_outside_of_images() -> None:
    rates = []
    canvas = Canvas(rand(3, 3, 8, 8) + 0.1, torch.tensor([8, 4, 8]), torch.tensor([8, 8, 3]))
    for grey in (False, True):
        noise.poisson_field(canvas, torch.ones(3), grey, lambda rate: (rates.append(rate.clone()), rate)[1])
    asked = [(rate > 0).sum((2, 3)).tolist() for rate in rates]
    assert asked == [[[64] * 3, [32] * 3, [24] * 3], [[64], [32], [24]]]


def test_poisson_noise_has_poissons_distribution() -> None:
    image = torch.where(torch.arange(64) % 2 == 0, 51 / 255, 204 / 255).expand(1, 3, 64, 64).clone()
    image[0, 0, 0, 0] = 0  # three levels: 4 events for white
    canvas = Canvas.of(image)
    draws = Draws(1, seed=3)
    field = noise.poisson_field(canvas, torch.ones(1), False, draws.poisson)
    events = ((field + image) * 4)[0, 1:]
    for start, rate in ((0, 0.8), (1, 3.2)):
        found = events[..., start::2].flatten().round().int().numpy()
        observed = np.bincount(found.clip(max=6), minlength=7)
        probability = stats.poisson(rate).pmf(np.arange(6))
        expected = np.append(probability, 1 - probability.sum()) * len(found)
        assert stats.chisquare(observed, expected).pvalue > CERTAIN
    torch.testing.assert_close(events, events.round(), rtol=0, atol=1e-5)


def test_poisson_noise_draws_as_real_esrgan_does() -> None:
    found = drawn(noise.poisson_noise(), "poisson_noise")
    assert {one["kind"] for one in found} == {"poisson"}
    assert evenly(torch.tensor([one["strength"] for one in found]), 0.05, 3)
    assert stats.binomtest(sum(one["grey"] for one in found), 3000, 0.4).pvalue > CERTAIN


def test_levels_are_counted_as_by_unique() -> None:
    levels = (rand(5, 3, 6, 7, seed=1) * torch.tensor([1, 2, 10, 100, 256])[:, None, None, None]).floor()
    assert noise.count_levels(levels).tolist() == [len(sample.unique()) for sample in levels]


def test_powers_of_two_are_exact() -> None:
    counts = np.arange(1, 257)
    assert noise._power_of_two(torch.from_numpy(counts)).tolist() == (2 ** np.ceil(np.log2(counts))).tolist()


def test_gaussian_or_poisson_takes_one_of_them_for_each_sample() -> None:
    image = ((rand(1, 3, 6, 6) * 255).round() / 255).expand(400, 3, 6, 6)
    canvas = Canvas.of(image)
    both = noise.gaussian_or_poisson(0.3, (10, 10), (1, 1), 0.0)(canvas, Draws(400, seed=9)).image
    # Poisson noise of scale 1 leaves whole numbers of events: 108 values are 128 events for white.
    events = both * 128
    clamped = (both == 0) | (both == 1)
    poisson = (((events - events.round()).abs() < 5e-3) | clamped).flatten(1).all(1)
    assert stats.binomtest(int((~poisson).sum()), 400, 0.3).pvalue > CERTAIN
    deviation = (both - image)[~poisson].std() * 255
    assert 9 < deviation < 10.5  # a little is clamped


# Kinds of BSRGAN


def published_covariance(matrix: np.ndarray, variances: np.ndarray) -> np.ndarray:
    vectors = np.linalg.svd(matrix)[0]
    return np.abs(vectors.T @ np.diag(variances) @ vectors)


def test_random_covariance_is_the_published_one() -> None:
    matrix, variances = rand(300, 3, 3, seed=2, dtype=torch.float64), rand(300, 3, seed=3, dtype=torch.float64)
    found = noise.random_covariance(matrix, variances)
    expected = np.stack([published_covariance(*pair) for pair in zip(matrix.numpy(), variances.numpy(), strict=True)])
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-10)
    single = noise.random_covariance(matrix.float(), variances.float())
    np.testing.assert_allclose(single.numpy(), expected, atol=1e-5)  # found: 9e-7
    assert np.linalg.eigvalsh(single.numpy()).min() > -1e-6


def test_lower_root_is_a_root() -> None:
    covariance = noise.random_covariance(rand(50, 3, 3, seed=2), rand(50, 3, seed=3))
    root = noise.lower_root(covariance)
    torch.testing.assert_close(root @ root.mT, covariance, rtol=0, atol=1e-6)
    assert not root.triu(1).any()
    assert noise.lower_root(torch.zeros(1, 3, 3)).isfinite().all()


def test_mixed_is_a_product() -> None:
    mixing, field = rand(2, 3, 3), rand(2, 3, 4, 5, seed=1)
    torch.testing.assert_close(noise.mixed(mixing, field), torch.einsum("bij,bjhw->bihw", mixing, field))


@pytest.mark.parametrize("make", [noise.bsrgan_noise, noise.speckle_noise])
def test_kinds_and_levels_are_drawn_as_bsrgan_does(make, spy) -> None:
    calls, covariances = spy("mixed"), spy("lower_root")
    make()(Canvas.of(torch.zeros(4000, 3, 1, 1)), Draws(4000, seed=7))
    (mixing, _), (covariance,) = calls[0], covariances[0]
    colour = (mixing - torch.eye(3) * mixing[:, :1, :1]).flatten(1).abs().amax(1) == 0
    grey = (mixing - torch.tensor([1.0, 0, 0]) * mixing[:, :1, :1]).flatten(1).abs().amax(1) == 0
    shares = [int(kind.sum()) for kind in (colour, grey, ~(colour | grey))]
    assert stats.chisquare(shares, [1600, 1600, 800]).pvalue > CERTAIN
    for kind in (colour, grey):
        levels, counts = (mixing[kind, 0, 0] * 255).round().int().unique(return_counts=True)
        assert levels.tolist() == list(range(2, 26))
        assert stats.chisquare(counts.numpy()).pvalue > CERTAIN
    correlated = mixing[~(colour | grey)]
    scaled = covariance[~(colour | grey)] * (25 / 255) ** 2
    torch.testing.assert_close(correlated @ correlated.mT, scaled, rtol=0, atol=1e-7)


def test_correlated_noise_has_its_covariance(spy) -> None:
    calls = spy("mixed")
    operation = noise.bsrgan_noise(level=(5, 25), kinds={"correlated": 1})
    result = operation(Canvas.of(torch.full((4, 3, 100, 100), 0.5)), Draws(4, seed=1)).image
    mixing = calls[0][0]
    for found, root in zip(result, mixing, strict=True):
        expected = (root @ root.T).numpy()
        measured = np.cov(found.flatten(1).numpy())
        # The error of a variance of 10000 numbers is sqrt(2) %.
        assert np.abs(measured - expected).max() < 0.06 * expected.max()


def test_speckle_is_in_proportion_to_the_clamped_image() -> None:
    image = torch.stack([torch.zeros(3, 40, 40), torch.full((3, 40, 40), 0.2), torch.full((3, 40, 40), 0.4)])
    result = noise.speckle_noise(level=(25, 25), kinds={"grey": 1})(Canvas.of(image), Draws(3, seed=1)).image
    assert not result[0].any()
    for number, white in ((1, 0.2), (2, 0.4)):
        assert torch.equal(result[number, 0], result[number, 2])
        found = (result[number, 0] / white - 1).flatten().numpy() * 255 / 25
        assert stats.kstest(found, stats.norm.cdf).pvalue > CERTAIN
    bright = noise.speckle_noise()(Canvas.of(torch.full((1, 3, 8, 8), 7.0)), Draws(1, seed=1)).image
    assert bright.min() < 1 == bright.max()


# Cameras


def test_camera_deviation_grows_with_brightness() -> None:
    image = torch.tensor([-1.0, 0.0, 0.25, 1.0]).expand(2, 1, 1, 4)
    found = noise.camera_deviation(image, torch.tensor([0.08, 0.0]), torch.tensor([0.01, 0.04]))
    expected = torch.tensor([[0.1, 0.1, 0.03**0.5, 0.3], [0.2, 0.2, 0.2, 0.2]])
    torch.testing.assert_close(found[:, 0, 0], expected)


def test_camera_noise_draws_logarithms_evenly_and_does_not_clamp(spy) -> None:
    calls = spy("camera_deviation")
    result = noise.camera_noise()(Canvas.of(torch.zeros(3000, 3, 1, 1)), Draws(3000, seed=2)).image
    _, shot, read = calls[0]
    assert evenly(shot.log10(), -4, np.log10(0.012))
    assert evenly(read.log10(), np.log10(6e-9), np.log10(2e-4))
    assert abs(np.corrcoef(shot.log(), read.log())[0, 1]) < 0.06
    assert result.min() < 0
    found = (result[:, :, 0, 0] / read.sqrt()[:, None]).flatten().numpy()
    assert stats.kstest(found, stats.norm.cdf).pvalue > CERTAIN


# All of them


@pytest.mark.parametrize("make", MAKERS)
def test_samples_have_noise_of_their_own_and_a_seed_repeats_it(make) -> None:
    canvas = Canvas.of((rand(1, 3, 8, 8) * 0.5 + 0.25).expand(6, 3, 8, 8))
    first, again, other = (make()(canvas, Draws(6, seed=seed)).image for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not (first == other).flatten(1).all(1).any()
    assert len(first.unique(dim=0)) == 6
    assert not torch.equal(first, canvas.image)


@pytest.mark.parametrize("make", MAKERS)
def test_what_comes_after_does_not_depend_on_the_image(make) -> None:
    numbers = []
    for image in (torch.zeros(2, 3, 8, 8), rand(2, 3, 8, 8)):
        draws = Draws(2, seed=4)
        make()(Canvas.of(image), draws)
        numbers.append(draws.uniform())
    assert torch.equal(*numbers)


@pytest.mark.parametrize("make", MAKERS)
def test_gradients_reach_the_image(make) -> None:
    image = (rand(2, 3, 4, 4) * 0.2 + 0.4).requires_grad_()
    make()(Canvas.of(image), Draws(2, seed=0)).image.sum().backward()
    assert image.grad is not None and image.grad.abs().sum() > 0


@pytest.mark.parametrize("make", MAKERS)
def test_shapes_need_no_values(make) -> None:
    result = make()(Canvas.of(torch.empty(2, 3, 5, 7, device="meta")), Draws(2, 0, "meta")).image
    assert result.is_meta and result.shape == (2, 3, 5, 7)


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (noise.gaussian_noise, {"sigma": (30, 1)}, r"sigma is \(30, 1\); expected the smaller number first: \(1, 30\)"),
        (noise.gaussian_noise, {"sigma": (-1, 1)}, r"sigma is \(-1, 1\); expected two finite numbers from 0 to 255"),
        (noise.gaussian_noise, {"grey_probability": 2}, "grey_probability is 2; expected a probability from 0 to 1"),
        (noise.poisson_noise, {"strength": (0, float("inf"))}, r"strength is \(0, inf\); expected two finite numbers"),
        (noise.poisson_noise, {"grey_probability": -1}, "grey_probability is -1; expected a probability"),
        (noise.gaussian_or_poisson, {"probability": float("nan")}, "probability is nan; expected a probability"),
        (noise.bsrgan_noise, {"level": (25, 2)}, r"level is \(25, 2\); expected the smaller"),
        (noise.bsrgan_noise, {"kinds": {"gray": 1.0}}, "kinds has no kind 'gray'. Did you mean 'grey'"),
        (noise.bsrgan_noise, {"kinds": {"grey": 0.0}}, "kinds: all weights are 0; expected at least one"),
        (noise.speckle_noise, {"kinds": {"grey": -1.0}}, "kinds: the weight of grey is -1; expected 0 or more"),
        (noise.camera_noise, {"shot": (0, 1)}, r"shot is \(0, 1\); expected two finite numbers from 1e-12 to 1"),
        (noise.camera_noise, {"read": (0.2, 0.1)}, r"read is \(0.2, 0.1\); expected the smaller"),
    ],
)
def test_what_cannot_be_is_refused(make, arguments: dict, message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        make(**arguments)
