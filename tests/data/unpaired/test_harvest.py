"""Kernels and noise from measured photos: what is known of them is found again, and what cannot be taken is said."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from gansr.data.calibration.fit import Fit, Parameters
from gansr.data.calibration.samples import Folder, Sample, measure
from gansr.data.unpaired.harvest import Patches, Wanted, harvest, kernel_bank, widths

SMALL = Wanted(kernels=8, patch=16, patches=100)


def sky(seed: int, sigma: float, level: float = 120.0, blur: float = 0.0) -> np.ndarray:
    """96x96: a slow ramp with noise, beside a texture."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(96, 96, 3))
    if blur:
        noise = ndimage.gaussian_filter(noise, (blur, blur, 0), mode="wrap")
    image = level + np.linspace(-8, 8, 96)[:, None, None] + sigma * noise / noise.std()
    image[:, 48:] += 40 * np.sin(np.arange(48) * 0.9)[:, None] * np.sin(np.arange(96) * 0.7)[:, None, None]
    return image.round().clip(0, 255).astype(np.uint8)


def parameters(**changes: object) -> Parameters:
    return replace(
        Parameters(np.eye(2), 0.0, 10.0, (0.0, 0.0), 0.0, None, None, 0.0), **changes  # pyright: ignore[reportArgumentType]
    )  # fmt: skip


def folder(images: list[np.ndarray]) -> Folder:
    samples = [measure(image, search=False) for image in images]
    return Folder(samples, samples)


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    return [sky(seed, 10) for seed in range(8)]


@pytest.fixture(scope="module")
def real(images: list[np.ndarray]) -> Folder:
    return folder(images)


def alike(real: Folder) -> Folder:
    """Photos of which every bootstrap sample is the same."""
    return Folder([real.samples[0]] * 4, real.sharp)


def test_kernels_have_the_fitted_widths_and_angle(real: Folder) -> None:
    axes = np.array([[math.cos(0.5), -math.sin(0.5)], [math.sin(0.5), math.cos(0.5)]])
    covariance = axes @ np.diag([1.2**2, 0.6**2]) @ axes.T
    bank = kernel_bank(parameters(covariance=covariance, directed=True), alike(real), 3, 2, 0)
    assert bank is not None and bank.shape == (3, 19, 19) and bank.dtype == np.float32
    assert bank.sum((1, 2)) == pytest.approx(np.ones(3), abs=1e-6)
    assert widths(bank) == pytest.approx(np.array([[2.4, 1.2]] * 3), abs=0.01)
    y, x = np.mgrid[-9:10, -9:10]
    moments = [[(bank[0] * one * other).sum() for one in (x, y)] for other in (x, y)]
    vector = np.linalg.eigh(moments)[1][:, 1]
    assert math.atan2(vector[1], vector[0]) % math.pi == pytest.approx(0.5, abs=0.01)


def test_kernels_are_spread_as_photos_are(real: Folder) -> None:
    """Widths from the least to the largest, evenly."""
    found = parameters(blur_spread=0.64)
    least, most = found.blur(2)["sigma"]  # pyright: ignore[reportOptionalSubscript]
    bank = kernel_bank(found, alike(real), 5, 2, 0)
    assert bank is not None and most > least
    expected = least + (np.arange(5) + 0.5) / 5 * (most - least)
    assert np.sort(widths(bank)[:, 0]) == pytest.approx(expected, abs=0.01)


def test_kernels_are_as_uncertain_as_the_folder(real: Folder) -> None:
    bank = kernel_bank(parameters(), real, 40, 2, 0)
    assert bank is not None
    variances = widths(bank) ** 2
    assert variances[:, 0] == pytest.approx(variances[:, 1], abs=1e-3), "round, without a direction"
    assert variances.mean() == pytest.approx(4, abs=0.1)
    drawn = np.random.default_rng(1).integers(0, 8, (200, 8))
    blurs = [Folder([real.samples[one] for one in row], real.sharp).covariance.trace() / 2 for row in drawn]
    assert variances[:, 0].std() == pytest.approx(4 * np.std(blurs), rel=0.35)
    again = kernel_bank(parameters(), real, 40, 2, 0)
    other = kernel_bank(parameters(), real, 40, 2, 1)
    assert np.array_equal(bank, again) and not np.array_equal(bank, other)  # pyright: ignore[reportArgumentType]


def test_without_blur_there_are_no_kernels(real: Folder, images: list[np.ndarray]) -> None:
    none = parameters(covariance=-0.1 * np.eye(2))
    assert kernel_bank(none, real, 4, 2, 0) is None
    made = harvest(images, real, Fit(none, real), 2, 0, SMALL)
    assert made.rows("k", "n")[0] == {"type": "matlab_bicubic"}
    assert made.words[0] == "real LR is as sharp as bicubic LR, so there are no kernels"


def test_patches_are_noise_alone() -> None:
    """Of the sky, without its slope, and not of the texture; channels apart as in the photo."""
    image = sky(3, 20)
    found = Patches.of(image, measure(image, search=False), 16)
    noise = found.near(0.0, 100)
    flat = [image[y : y + 16, x : x + 16] for y in range(0, 81, 8) for x in range(0, 33, 8)]
    known = np.stack([one - one.mean((0, 1)) for one in flat]).transpose(0, 3, 1, 2) / 255
    assert 5 < len(noise) <= len(flat)
    for patch in noise:
        assert np.abs(known - patch).max((1, 2, 3)).min() < 14 / 255, "a plane was taken off, and nothing else"
    assert noise.mean((2, 3)) == pytest.approx(np.zeros((len(noise), 3)), abs=1e-6)
    slope = (noise * (np.arange(16) - 7.5)[:, None]).mean((2, 3))
    assert slope == pytest.approx(np.zeros_like(slope), abs=1e-5)
    assert 255 * noise.std() == pytest.approx(20, rel=0.08)


def test_what_is_clipped_is_no_noise() -> None:
    for level in (3, 254):
        image = sky(0, 8, level)[:, :40]
        image = np.concatenate([image, image[:, ::-1]], 1)  # without the texture
        assert len(Patches.of(image, measure(image, search=False), 16).noise) == 0


def test_photos_smaller_than_a_patch_have_none(images: list[np.ndarray], real: Folder) -> None:
    found = Patches.of(images[0][:20, :60], real.samples[0], 32)
    assert found.noise.shape == (0, 3, 32, 32) and len(found.near(0.0, 9)) == 0


def test_noise_is_brought_to_half_brightness() -> None:
    """Of variance 2 g x + 1 - g times that at 1/2: 25 levels at 1/2 are 17.7 at 1/4, if all of it grows."""
    image = sky(1, 25 * math.sqrt(0.5), 255 / 4)
    found = Patches.of(image, measure(image, search=False), 16, growth=1.0)
    assert 255 * found.near(0.0, 50).std() == pytest.approx(25, rel=0.1)


def test_noise_of_a_camera_is_taken_as_it_is() -> None:
    """Twice as strong as its high frequencies tell, by which white noise would be drawn; neighbours correlate."""
    images = [sky(seed, 12, blur=0.55) for seed in range(8)]
    real = folder(images)
    assert real.sigma[1] < 8
    made = harvest(images, real, Fit(parameters(sigma=float(real.sigma[1])), real), 2, 0, SMALL)
    assert made.noise is not None
    assert 255 * made.noise.std() == pytest.approx(12, rel=0.12)
    neighbours = (made.noise[..., 1:] * made.noise[..., :-1]).mean() / made.noise.var()
    assert neighbours > 0.3


def test_a_harvest_with_patches(images: list[np.ndarray], real: Folder) -> None:
    found = Fit(parameters(sigma_spreads=(0.0, 0.0)), real)
    made = harvest(images, real, found, 2, 0, SMALL)
    assert made.rows("kernels.npy", "noise.npy") == [
        {"type": "kernel_bank", "file": "kernels.npy"},
        {"type": "matlab_bicubic"},
        {"type": "noise_bank", "file": "noise.npy", "growth": 0.0},
        {"type": "to_8_bit"},
    ]
    assert made.kernels is not None and len(made.kernels) == 8
    assert made.noise is not None and made.noise.shape == (100, 3, 16, 16)
    assert "100 flat patches of 16x16 pixels in 8 of 8 photos" in made.words[1]
    again = harvest(images, real, found, 2, 0, SMALL)
    assert np.array_equal(again.noise, made.noise) and np.array_equal(again.kernels, made.kernels)  # pyright: ignore[reportArgumentType]


def test_smaller_patches_where_larger_ones_are_few(images: list[np.ndarray], real: Folder) -> None:
    made = harvest(images[:2], Folder(real.samples[:2], real.sharp), Fit(parameters(), real), 2, 0, Wanted(4, 32, 200))
    assert made.noise is not None and made.noise.shape[2] == 16
    assert "larger ones, of 32x32, are too few" in made.words[1]


def test_too_few_patches_are_replaced_by_what_was_fitted(real: Folder) -> None:
    textured = [np.random.default_rng(seed).integers(0, 256, (96, 96, 3), np.uint8) for seed in range(8)]
    made = harvest(textured, real, Fit(parameters(), real), 2, 0, SMALL)
    assert made.noise is None and made.growth == 0
    assert made.rows("k", "n")[2] == {"type": "gaussian_noise", "sigma": [10.0, 10.0], "grey_probability": 0.0}
    assert "flat patches of 16x16 pixels were found, of 64 at least" in made.words[1]


def test_jpeg_has_no_patches(images: list[np.ndarray], real: Folder) -> None:
    made = harvest(images, real, Fit(parameters(quality=(60, 70), compressed=1.0), real), 2, 0, SMALL)
    kinds = [row["type"] for row in made.rows("k", "n")]
    assert kinds == ["kernel_bank", "matlab_bicubic", "gaussian_noise", "jpeg", "to_8_bit"]
    assert made.noise is None and "of 10.0 levels before compression" in made.words[1]
    assert made.words[2].startswith("100% of the photos are JPEG of qualities 60 to 70")


def test_photos_of_jpeg_among_others_give_none(images: list[np.ndarray], real: Folder) -> None:
    from gansr.data.calibration.compression import Compression

    samples: list[Sample] = [replace(one, compression=Compression(60)) for one in real.samples[:3]]
    mixed = Folder([*samples, *real.samples[3:]], real.sharp)
    found = Fit(parameters(quality=(60, 60), compressed=0.38), mixed)
    made = harvest(images, mixed, found, 2, 0, SMALL)
    assert "in 5 of 8 photos" in made.words[1]
    assert [row["type"] for row in made.rows("k", "n")][2:] == ["noise_bank", "jpeg", "to_8_bit"]


def test_no_noise_is_none(images: list[np.ndarray], real: Folder) -> None:
    made = harvest(images, real, Fit(parameters(sigma=0.3), real), 2, 0, SMALL)
    assert [row["type"] for row in made.rows("k", "n")] == ["kernel_bank", "matlab_bicubic", "to_8_bit"]
    assert made.words[1] == "no noise beyond rounding was found, so none is added"
