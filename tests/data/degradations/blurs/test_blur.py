import math
from typing import Literal

import numpy as np
import pytest
import torch
from scipy import stats

from gansr.data.degradations.blurs import blur as module
from gansr.data.degradations.blurs import kernels
from gansr.data.degradations.blurs.blur import (
    KINDS,
    blur,
    bsrgan_blur,
    defocus,
    filter_canvas,
    gaussian,
    kernel_bank,
    motion,
    sinc,
)
from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.pipeline import named
from gansr.data.degradations.record import Record
from gansr.errors import OptionsError

MANY = 4000
ALL = {
    "blur": blur(),
    "bsrgan_blur": bsrgan_blur(scale=4),
    "sinc": sinc(),
    "motion": motion(),
    "defocus": defocus(),
    "gaussian": gaussian(),
}


def random(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def correlated(image, kernel, mode: Literal["reflect", "edge"] = "reflect"):
    """(C, H, W) and (k, k) in float64, a loop over the kernel; the border as OpenCV's default."""
    margin = len(kernel) // 2
    image = np.pad(image.double().numpy(), ((0, 0), (margin, margin), (margin, margin)), mode=mode)
    height, width = (side - 2 * margin for side in image.shape[1:])
    return sum(
        weight * image[:, y : y + height, x : x + width] for (y, x), weight in np.ndenumerate(kernel.double().numpy())
    )


def assert_uniform(numbers, low, high):
    """Kolmogorov-Smirnov: 2.2 is exceeded by one of 8000 fair samples."""
    numbers = np.sort(numbers.double().numpy())
    assert low <= numbers[0] and numbers[-1] <= high + 1e-6
    steps = np.arange(len(numbers) + 1) / len(numbers)
    expected = (numbers - low) / (high - low)
    assert max(np.abs(expected - steps[1:]).max(), np.abs(expected - steps[:-1]).max()) * len(numbers) ** 0.5 < 2.2


def assert_shares(flags, shares):
    """Chi-squared of how often each kind occurred; the bound is exceeded by less than one of 10000 fair samples."""
    counts, expected = np.array([int(flag.sum()) for flag in flags]), np.array(shares) * len(flags[0])
    assert counts.sum() == len(flags[0])
    degrees = len(shares) - 1
    assert ((counts - expected) ** 2 / expected).sum() < degrees + 5 * (2 * degrees) ** 0.5 + 10


@pytest.fixture
def spied(monkeypatch):
    """What makers of kernels were called with and gave, and what was filtered, by name."""
    seen = {}

    def spy(where, name):
        original = getattr(where, name)

        def wrapped(*arguments, **more):
            seen[name] = (*arguments, original(*arguments, **more))
            return seen[name][-1]

        monkeypatch.setattr(where, name, wrapped)

    for name in ("gaussian", "generalised_gaussian", "plateau", "sinc", "motion", "disc"):
        spy(kernels, name)
    spy(module, "filter_canvas")
    return seen


def run(operation, count=MANY, draws=None):
    return operation(Canvas.of(torch.zeros(count, 1, 1, 1)), draws or Draws(count, 0))


def same(found, made):
    return (found == made).all((1, 2))


@pytest.mark.parametrize("size", [(29, 40), (24, 24), (11, 50)])
@pytest.mark.parametrize("side", [1, 3, 21])
def test_filter_is_the_direct_correlation(size, side):
    image, weights = random(3, 3, *size), random(3, side, side, seed=1)
    weights /= weights.sum((1, 2), keepdim=True)
    found = filter_canvas(Canvas.of(image), weights).image
    expected = np.stack([correlated(one, kernel) for one, kernel in zip(image, weights, strict=True)])
    assert found.shape == image.shape and found.dtype == torch.float32 and found.is_contiguous()
    assert np.abs(found.double().numpy() - expected).max() < 1e-6
    shared = filter_canvas(Canvas.of(image), weights[:1]).image
    assert torch.allclose(shared[0], found[0], atol=1e-6)
    assert not torch.allclose(shared[1], found[1], atol=1e-3) or side == 1


def test_gaussian_continues_the_border_as_told():
    image = random(1, 3, 20, 20)
    kernel = kernels.gaussian(torch.tensor([7]), torch.tensor([1.6]), torch.tensor([1.6]), torch.zeros(1), 7)[0]
    for operation, expected in (
        (gaussian((1.6, 1.6), 7), correlated(image[0], kernel)),
        (gaussian((1.6, 1.6), 7, "replicate"), correlated(image[0], kernel, "edge")),
    ):
        found = operation(Canvas.of(image), Draws(1, 0)).image[0]
        assert np.abs(found.double().numpy() - expected).max() < 1e-6


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_shifted_kernel_lets_the_kept_pixels_be_the_middle_of_theirs(scale):
    ramp = torch.arange(64.0).expand(1, 3, 64, 64) / 64
    blurred = gaussian((0.1, 0.1), 25, shift=(scale - 1) / 2)(Canvas.of(ramp), Draws(1, 0)).image
    inner = blurred[..., ::scale, ::scale][..., 4:-4]
    expected = torch.nn.functional.avg_pool2d(ramp, scale)[..., 4 : 4 + inner.shape[-1]]
    torch.testing.assert_close(inner[..., : expected.shape[-2], :], expected, atol=1e-6, rtol=0)


def test_blur_leaves_the_others_alone():
    image, record = random(40, 3, 20, 20), Record(40)
    found = named(blur(0.5), "blur")(Canvas.of(image), Draws(40, 0, record=record)).image
    same = [torch.equal(*pair) for pair in zip(found, image, strict=True)]
    assert same == [not done for done in record.samples] and 8 < sum(same) < 32


@pytest.mark.parametrize("name", ALL)
def test_smaller_images_are_blurred_as_if_alone(name):
    heights, widths = torch.tensor([30, 25, 14]), torch.tensor([22, 40, 17])
    garbage = torch.full((3, 3, 30, 40), torch.nan)
    for number, (height, width) in enumerate(zip(heights, widths, strict=True)):
        garbage[number, :, :height, :width] = random(3, height, width, seed=number)
    found = ALL[name](Canvas(garbage, heights, widths), Draws(3, seed=5))
    assert torch.equal(found.height, heights) and torch.equal(found.width, widths)
    for number, (height, width) in enumerate(zip(heights, widths, strict=True)):
        alone = garbage[:, :, :height, :width][number].expand(3, -1, -1, -1)
        expected = ALL[name](Canvas.of(alone), Draws(3, seed=5)).image[number]
        assert torch.allclose(found.image[number, :, :height, :width], expected, atol=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_samples_are_independent_and_a_seed_repeats_them(name):
    canvas = Canvas.of(random(1, 3, 24, 24).expand(8, -1, -1, -1))
    once, again, other = (ALL[name](canvas, Draws(8, seed)).image for seed in (1, 1, 2))
    assert torch.equal(once, again)
    everything = torch.cat([once, other]).flatten(1)
    apart = torch.cdist(everything, everything, p=torch.inf) + torch.eye(16)
    unchanged = (everything - canvas.image[0].flatten()).abs().amax(1) < 1e-6
    assert (apart[~unchanged] > 1e-4).all()
    assert unchanged.sum() < 8  # a sinc of probability 0.8; a sigma of 0.2


@pytest.mark.parametrize("name", ALL)
def test_blur_is_the_same_under_autocast(name):
    canvas = Canvas.of(random(3, 3, 24, 24))
    expected = ALL[name](canvas, Draws(3, 1)).image
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(ALL[name](canvas, Draws(3, 1)).image, expected)


def test_as_many_numbers_are_drawn_whatever_they_are():
    def following(operation):
        run(operation, 5, draws := Draws(5, 0))
        return draws.uniform().tolist()

    assert following(blur(1.0, 1.0)) == following(blur(1.0, 0.0, {"plateau_isotropic": 1.0}))
    assert following(sinc(1.0)) == following(sinc(1.0, (3, 3)))


@pytest.mark.parametrize("name", ALL)
def test_blur_keeps_a_flat_image(name):
    image = torch.full((16, 3, 12, 12), 0.7)
    assert torch.allclose(ALL[name](Canvas.of(image), Draws(16, 0)).image, image, atol=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_blur_on_the_meta_device(name):
    canvas = Canvas.of(torch.empty(2, 3, 16, 20, device="meta"))
    found = ALL[name](canvas, Draws(2, 0, "meta")).image
    assert found.shape == canvas.image.shape and found.dtype == torch.float32 and found.device.type == "meta"


def test_blur_draws_as_real_esrgan_does(spied):
    run(blur())
    size, sigma_x, sigma_y, rotation, beta, side, peaks = spied["generalised_gaussian"]
    flat, _, plateaus = spied["plateau"][-3:]
    _, cutoff, _, rings = spied["sinc"]
    _, used, _ = spied["filter_canvas"]
    assert side == 21 and used.shape == (MANY, 21, 21)
    assert_shares([size == each for each in range(7, 22, 2)], [1 / 8] * 8)
    ring, plateau, peak = (same(used, made) for made in (rings, plateaus, peaks))
    assert_shares([ring, plateau, peak], [0.1, 0.9 * 0.15, 0.9 * 0.85])
    turned = sigma_x != sigma_y
    generalised = beta != 1
    kinds = [peak & ~generalised, peak & generalised, plateau]
    assert_shares(
        [(kind & flag)[~ring] for kind in kinds for flag in (~turned, turned)], [0.45, 0.25, 0.12, 0.03, 0.12, 0.03]
    )
    assert_uniform(sigma_x, 0.2, 3)
    assert_uniform(sigma_y[turned], 0.2, 3)
    assert_uniform(rotation[turned], -math.pi, math.pi)
    assert (rotation[~turned] == 0).all()
    assert_shares([beta[generalised] < 1, beta[generalised] > 1], [0.5, 0.5])
    assert_uniform(beta[beta < 1], 0.5, 1)
    assert_uniform(beta[beta > 1], 1, 4)
    assert_shares([flat == 1, flat > 1], [0.5, 0.5])
    assert_uniform(flat[flat > 1], 1, 2)
    for each in range(7, 22, 2):
        assert_uniform(cutoff[size == each], math.pi / (3 if each < 13 else 5), math.pi)
    for numbers in (sigma_y, rotation, flat, cutoff, size.float()):  # turned ones, all of them drawn by themselves
        assert abs(torch.corrcoef(torch.stack([sigma_x, numbers])[:, turned])[0, 1]) < 5 / turned.sum() ** 0.5


def test_blur_draws_what_it_is_asked_for(spied):
    run(blur(0.8, 0.0, {"plateau_anisotropic": 1.0}, (5, 9), (1.0, 2.0), (0.0, 1.0), beta_plateau=(0.25, 1.0)))
    size, sigma_x, sigma_y, rotation, beta, side, plateaus = spied["plateau"]
    _, used, _ = spied["filter_canvas"]
    assert side == 9 and torch.equal(used, plateaus)
    assert stats.binomtest(len(used), MANY, 0.8).pvalue > 1e-4
    assert_shares([size == each for each in (5, 7, 9)], [1 / 3] * 3)
    for sigma in (sigma_x, sigma_y):
        assert_uniform(sigma, 1, 2)
    assert_uniform(rotation, 0, 1)
    assert_shares([beta < 1, beta == 1], [0.5, 0.5])
    run(blur(sinc_probability=1.0))
    assert torch.equal(spied["filter_canvas"][1], spied["sinc"][-1])


def test_blur_applies_what_it_draws(spied):
    image = random(4, 3, 26, 30)
    found = blur()(Canvas.of(image), Draws(4, 0)).image
    used = spied["filter_canvas"][1]
    expected = np.stack([correlated(one, kernel) for one, kernel in zip(image, used, strict=True)])
    assert np.abs(found.double().numpy() - expected).max() < 1e-6


@pytest.mark.parametrize(("arguments", "scale"), [({"scale": 2}, 2), ({"factor": 4, "scale": 2}, 4)])
def test_bsrgan_blur_draws_as_published(spied, arguments, scale):
    run(bsrgan_blur(**arguments))
    size, sigma_x, sigma_y, rotation, side, made = spied["gaussian"]
    assert side == 25 and torch.equal(spied["filter_canvas"][1], made)
    assert_shares([size == each for each in range(7, 26, 2)], [1 / 10] * 10)
    turned = sigma_x != sigma_y
    assert_shares([turned, ~turned], [0.5, 0.5])
    assert_uniform(sigma_x[~turned], 0, 2 + 0.2 * scale)
    assert_uniform(sigma_x[turned] ** 2, 0, 4 + scale)
    assert_uniform(sigma_y[turned] ** 2, 0, 4 + scale)
    assert_uniform(rotation, 0, math.pi)


def test_sinc_draws_as_real_esrgan_does(spied):
    run(sinc())
    size, cutoff, side, made = spied["sinc"]
    _, used, _ = spied["filter_canvas"]
    assert side == 21 and torch.equal(used, made)
    assert stats.binomtest(len(used), MANY, 0.8).pvalue > 1e-4
    assert_shares([size == each for each in range(7, 22, 2)], [1 / 8] * 8)
    assert_uniform(cutoff, math.pi / 3, math.pi)


def test_motion_defocus_and_gaussian_draw_what_they_are_asked_for(spied):
    run(motion((3.0, 9.0), (-1.0, 1.0)))
    length, angle, side, made = spied["motion"]
    assert side == 9 and torch.equal(spied["filter_canvas"][1], made)
    assert_uniform(length, 3, 9)
    assert_uniform(angle, -1, 1)
    run(defocus((1.0, 3.0)))
    radius, side, made = spied["disc"]
    assert side == 7 and torch.equal(spied["filter_canvas"][1], made)
    assert_uniform(radius, 1, 3)
    run(gaussian((0.5, 2.0), 9))
    size, sigma_x, sigma_y, rotation, side, made = spied["gaussian"]
    assert side == 9 and (size == 9).all() and torch.equal(sigma_x, sigma_y) and not rotation.any()
    assert_uniform(sigma_x, 0.5, 2)
    assert torch.equal(spied["filter_canvas"][1], made)


def bank_file(folder, numbers, name="bank.npy"):
    if name.endswith(".npy"):
        np.save(folder / name, numbers)
    elif name.endswith(".npz"):
        np.savez(folder / name, **(numbers if isinstance(numbers, dict) else {"any": numbers}))
    else:
        torch.save(numbers, folder / name)
    return folder / name


@pytest.mark.parametrize("name", ["bank.npy", "bank.npz", "bank.pth"])
def test_kernel_bank_draws_one_for_each_sample(tmp_path, spied, name):
    bank = random(5, 3, 3) + 0.1
    operation = kernel_bank(bank_file(tmp_path, bank if name.endswith("pth") else bank.numpy(), name))
    run(operation)
    used = spied["filter_canvas"][1]
    normalised = bank / bank.sum((1, 2), keepdim=True)
    which = torch.stack([(used - kernel).abs().amax((1, 2)) < 1e-6 for kernel in normalised])
    assert_shares(list(which), [1 / 5] * 5)
    meta = operation(Canvas.of(torch.empty(2, 3, 8, 8, device="meta")), Draws(2, 0, "meta")).image
    assert meta.device.type == "meta"


def test_kernel_bank_takes_the_array_called_kernels(tmp_path, spied):
    ones = np.ones((2, 3, 3), np.uint8)
    run(kernel_bank(bank_file(tmp_path, {"kernels": ones, "sigmas": np.ones(2)}, "bank.npz")), count=3)
    assert torch.allclose(spied["filter_canvas"][1], torch.full((3, 3, 3), 1 / 9))


@pytest.mark.parametrize(
    ("numbers", "name", "words"),
    [
        (
            np.ones((2, 4, 4)),
            "a.npy",
            r"file: .*a.npy holds numbers of shape \(2, 4, 4\); expected \(count, side, side\)",
        ),
        (np.ones((2, 3, 5)), "a.npy", r"shape \(2, 3, 5\)"),
        (np.ones((3, 3)), "a.npy", r"shape \(3, 3\)"),
        (np.ones((0, 3, 3)), "a.npy", r"shape \(0, 3, 3\)"),
        (
            np.stack([np.ones((3, 3)), np.full((3, 3), np.nan)]),
            "a.npy",
            "kernel number 1 has values that are not finite",
        ),
        (np.zeros((2, 3, 3)), "a.npy", "kernel number 0 has a sum that is not above 0"),
        (np.ones((2, 3, 3), bool), "a.npy", "no array of numbers"),
        (np.array(["blur"]), "a.npy", "a.npy cannot be read"),
        (np.array([{}]), "a.npy", "a.npy cannot be read"),
        ({"one": np.ones(1), "two": np.ones(1)}, "a.npz", "holds one, two; expected one array, or one that is called"),
        ([1, 2], "a.pth", "no array of numbers"),
    ],
)
def test_bad_kernel_banks_are_refused(tmp_path, numbers, name, words):
    with pytest.raises(OptionsError, match=words):
        kernel_bank(bank_file(tmp_path, numbers, name))


def test_files_that_are_no_kernel_banks_are_refused(tmp_path):
    with pytest.raises(OptionsError, match=r"file: there is no file .*none.npy"):
        kernel_bank(tmp_path / "none.npy")
    for name, words in (("a.txt", "ends with '.txt'; expected .npy"), ("a.pth", "a.pth cannot be read")):
        (tmp_path / name).write_text("no kernels")
        with pytest.raises(OptionsError, match=words):
            kernel_bank(tmp_path / name)


@pytest.mark.parametrize(
    ("make", "arguments", "words"),
    [
        (blur, {"probability": 1.1}, "probability is 1.1"),
        (blur, {"sinc_probability": -0.1}, "sinc_probability is -0.1"),
        (blur, {"kinds": {"isotropik": 1.0}}, "kinds has no kind 'isotropik'. Did you mean 'isotropic'"),
        (blur, {"kinds": dict.fromkeys(KINDS, 0.0)}, "kinds: all weights are 0"),
        (blur, {"sizes": (7, 20)}, "sizes is 20; expected an odd number"),
        (blur, {"sizes": (-1, 7)}, r"sizes is \(-1, 7\)"),
        (blur, {"sizes": (21, 7)}, "smaller number first"),
        (blur, {"sigma": (3.0, 0.2)}, r"sigma is \(3, 0.2\)"),
        (blur, {"sigma": (-1.0, 0.2)}, r"sigma is \(-1, 0.2\)"),
        (blur, {"rotation": (0.0, math.inf)}, r"rotation is \(0, inf\)"),
        (blur, {"beta_generalised": (0.0, 4.0)}, r"beta_generalised is \(0, 4\); expected a range above 0"),
        (blur, {"beta_plateau": (1.5, 2.0)}, r"beta_plateau is \(1.5, 2\).* that has 1 in it"),
        (bsrgan_blur, {"factor": 0, "scale": 4}, "factor is 0"),
        (sinc, {"probability": 2.0}, "probability is 2"),
        (sinc, {"sizes": (0, 7)}, "sizes is 0; expected an odd number"),
        (sinc, {"cutoff": (1.0, 3.2)}, r"cutoff is \(1, 3.2\)"),
        (sinc, {"cutoff": (0.0, 3.0)}, "cutoff begins at 0"),
        (motion, {"length": (0.5, 3.0)}, r"length is \(0.5, 3\)"),
        (motion, {"angle": (1.0, 0.0)}, r"angle is \(1, 0\)"),
        (defocus, {"radius": (-1.0, 2.0)}, r"radius is \(-1, 2\)"),
        (gaussian, {"sigma": (2.0, 1.0)}, r"sigma is \(2, 1\)"),
        (gaussian, {"size": 8}, "size is 8; expected an odd number"),
        (gaussian, {"size": 7, "shift": 4.0}, "shift is 4; expected 0 to 3 pixels"),
        (gaussian, {"shift": -1.0}, "shift is -1; expected 0 to 10"),
    ],
)
def test_bad_arguments_are_refused(make, arguments, words):
    with pytest.raises(OptionsError, match=words):
        make(**arguments)


def test_a_gaussian_with_a_width_across_is_elongated():
    image = torch.zeros(1, 3, 41, 41)
    image[..., 20, 20] = 1
    operation = gaussian((2.5, 2.5), 21, sigma_across=(0.8, 0.8), rotation=(0.5, 0.5))
    made = operation(Canvas.of(image), Draws(1, 0)).image[0, 0].double()
    y, x = (axis - 20 for axis in torch.meshgrid(torch.arange(41.0), torch.arange(41.0), indexing="ij"))
    along, across = x * math.cos(0.5) + y * math.sin(0.5), y * math.cos(0.5) - x * math.sin(0.5)
    assert (made * along**2).sum().sqrt() == pytest.approx(2.5, rel=0.02)
    assert (made * across**2).sum().sqrt() == pytest.approx(0.8, rel=0.02)
    with pytest.raises(OptionsError, match="sigma_across is"):
        gaussian(sigma_across=(2, 1))


def test_without_a_width_across_nothing_more_is_drawn():
    draws = Draws(2, 5)
    gaussian()(Canvas.of(random(2, 3, 24, 24)), draws)
    after = draws.uniform()
    expected = Draws(2, 5)
    expected.uniform()
    assert torch.equal(after, expected.uniform())
