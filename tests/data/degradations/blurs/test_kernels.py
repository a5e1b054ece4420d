import math

import numpy as np
import pytest
import torch

from gansr.data.degradations.blurs import kernels

SIDE = 21
COUNT = 60
Shapes = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]  # sizes, two sigmas, rotation


def bessel_j1(x):
    """The mean of cos(t - x sin t) over a circle: exact for a periodic integrand with so many points."""
    turn = np.arange(400) * 2 * np.pi / 400
    return np.cos(turn - np.asarray(x)[..., None] * np.sin(turn)).mean(-1)


def grid(size):
    places = np.arange(size) - size // 2
    return np.meshgrid(places.astype(float), places.astype(float))


def padded(kernel, side=SIDE):
    return np.pad(kernel / kernel.sum(), (side - len(kernel)) // 2)


def quadratic_form(size, sigma_x, sigma_y, rotation):
    """q as published: with the inverse of the rotated covariance."""
    turned = np.array([[np.cos(rotation), -np.sin(rotation)], [np.sin(rotation), np.cos(rotation)]])
    inverse = np.linalg.inv(turned @ np.diag([sigma_x**2, sigma_y**2]) @ turned.T)
    points = np.stack(grid(size), -1)
    return np.einsum("hwi,ij,hwj->hw", points, inverse, points)


def drawn(low, high, seed=0):
    return torch.rand(COUNT, generator=torch.Generator().manual_seed(seed)) * (high - low) + low


@pytest.fixture
def shapes():
    sizes = 7 + 2 * (torch.arange(COUNT) % 8)
    return sizes, drawn(0.2, 3, 1), drawn(0.2, 3, 2), drawn(-math.pi, math.pi, 3)


def assert_equal_to(found, references, tolerance=1e-6):
    assert found.dtype == torch.float32
    assert torch.allclose(found.double(), torch.from_numpy(np.stack(references)), rtol=0, atol=tolerance)


def each(*parameters):
    """The float64 parameters of each kernel."""
    return zip(*(parameter.double().tolist() for parameter in parameters), strict=True)


def test_gaussian_is_the_published_one(shapes: Shapes):
    references = [padded(np.exp(-quadratic_form(int(n), *shape) / 2)) for n, *shape in each(*shapes)]
    assert_equal_to(kernels.gaussian(*shapes, SIDE), references)


def test_generalised_gaussian_is_the_published_one(shapes: Shapes):
    beta = drawn(0.5, 4)
    references = [padded(np.exp(-(quadratic_form(int(n), *s) ** b) / 2)) for n, *s, b in each(*shapes, beta)]
    assert_equal_to(kernels.generalised_gaussian(*shapes, beta, SIDE), references)
    one = torch.ones(COUNT)
    assert torch.equal(kernels.generalised_gaussian(*shapes, one, SIDE), kernels.gaussian(*shapes, SIDE))


def test_plateau_is_the_published_one(shapes: Shapes):
    beta = drawn(1, 2)
    references = [padded(1 / (1 + quadratic_form(int(n), *s) ** b)) for n, *s, b in each(*shapes, beta)]
    assert_equal_to(kernels.plateau(*shapes, beta, SIDE), references)


def test_sinc_is_the_published_one(shapes: Shapes):
    sizes, cutoffs = shapes[0], drawn(math.pi / 5, math.pi)
    references = []
    for size, cutoff in each(sizes, cutoffs):
        x, y = grid(int(size))
        distance = np.hypot(x, y)
        distance[int(size) // 2, int(size) // 2] = 1
        kernel = cutoff * bessel_j1(cutoff * distance) / (2 * np.pi * distance)
        kernel[int(size) // 2, int(size) // 2] = cutoff**2 / (4 * np.pi)
        references.append(padded(kernel))
    assert_equal_to(kernels.sinc(sizes, cutoffs, SIDE), references)


def test_no_sigma_is_no_blur():
    nothing, size = torch.zeros(1), torch.tensor([5])
    for make in (kernels.generalised_gaussian, kernels.plateau):
        for beta in (0.5, 1.0, 8.0):
            found = make(size, nothing, nothing, nothing, torch.tensor([beta]), 5)
            assert torch.allclose(found, kernels.delta(1, 5), atol=1e-4, rtol=0)


def test_delta_changes_nothing():
    expected = torch.zeros(3, 5, 5)
    expected[:, 2, 2] = 1
    assert torch.equal(kernels.delta(3, 5), expected)


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0, 1.5, 3.5])
def test_moved_is_the_published_shift(shift):
    """KAIR's `shift_pixel` looks up to the left and convolves; here it is the mirror image that correlates."""
    kernel = np.random.default_rng(0).random((9, 9))
    places = np.clip(np.arange(9) + shift, 0, 8)
    published = np.stack([np.interp(places, np.arange(9), row) for row in kernel])
    published = np.stack([np.interp(places, np.arange(9), column) for column in published.T], axis=1)
    found = kernels.moved(torch.from_numpy(kernel[::-1, ::-1].copy())[None], shift)[0].numpy()
    np.testing.assert_allclose(found, (published / published.sum())[::-1, ::-1], atol=1e-12)


def test_motion_is_a_line_of_its_length_and_angle():
    lengths, angles = drawn(1, 15, 1), drawn(0, math.pi, 2)
    side, references = kernels.motion_side(15), []
    assert side == 15
    x, y = grid(side)
    for length, angle in each(lengths, angles):
        half = (length - 1) / 2
        nearest = np.clip(x * np.cos(angle) + y * np.sin(angle), -half, half)  # point of the line, from its middle
        away = np.hypot(x - nearest * np.cos(angle), y - nearest * np.sin(angle))
        references.append(padded(np.maximum(1 - away, 0), side))
    assert_equal_to(kernels.motion(lengths, angles, side), references)


def test_motion_by_hand():
    flat = torch.tensor([0, 0, 1, 1, 1, 0, 0]) / 3
    expected = torch.zeros(3, 7, 7)
    expected[0, 3, 3] = 1
    expected[1, 3] = flat
    expected[2, :, 3] = flat
    found = kernels.motion(torch.tensor([1.0, 3.0, 3.0]), torch.tensor([0.7, 0, math.pi / 2]), 7)
    assert torch.allclose(found, expected, atol=1e-6)
    diagonal = kernels.motion(torch.tensor([5.0]), torch.tensor([math.pi / 4]), 7)[0]
    assert diagonal[4, 4] > 0.1 and diagonal[2, 2] > 0.1 and diagonal[2, 4] == 0  # down to the right


@pytest.mark.parametrize("length", [1.0, 1.01, 2.0, 3.0, 4.99, 5.0])
def test_kernels_of_lines_have_room(length):
    side = kernels.motion_side(length)
    roomy = kernels.motion(torch.tensor([length]), torch.zeros(1), side + 4)
    assert torch.allclose(roomy[:, 2:-2, 2:-2], kernels.motion(torch.tensor([length]), torch.zeros(1), side))
    assert side == 1 or roomy[:, 2:-2, 2:-2][..., 0].any()


def test_disc_is_round_and_as_large_as_it_says():
    radii = drawn(0, 6)
    side = kernels.disc_side(6)
    assert side == 13
    distance = np.hypot(*grid(side))
    references = [padded(np.clip(radius + 0.5 - distance, 0, 1), side) for (radius,) in each(radii)]
    assert_equal_to(kernels.disc(radii, side), references)
    x, y = (np.repeat(np.repeat(axis, 20, 0), 20, 1) for axis in grid(side))
    inner = np.tile((np.arange(20) + 0.5) / 20 - 0.5, side)
    for (radius,), found in zip(each(radii), kernels.disc(radii, side), strict=True):
        covered = (np.hypot(x + inner, y + inner[:, None]) <= radius).reshape(side, 20, side, 20).mean((1, 3))
        if radius > 2:  # a ramp is nearly the part of each pixel that the disc covers
            assert np.abs(found.numpy() - covered / covered.sum()).sum() < 0.06


@pytest.mark.parametrize("radius", [0.0, 0.49, 0.5, 0.51, 1.0, 1.5, 1.51])
def test_kernels_of_discs_have_room(radius):
    side = kernels.disc_side(radius)
    roomy = kernels.disc(torch.tensor([radius]), side + 4)
    assert torch.allclose(roomy[:, 2:-2, 2:-2], kernels.disc(torch.tensor([radius]), side))
    assert side == 1 or roomy[:, 2:-2, 2:-2][..., 0].any()


def test_kernels_on_the_meta_device():
    numbers = torch.ones(3, device="meta")
    for found in (
        kernels.gaussian(numbers, numbers, numbers, numbers, 5),
        kernels.generalised_gaussian(numbers, numbers, numbers, numbers, numbers, 5),
        kernels.plateau(numbers, numbers, numbers, numbers, numbers, 5),
        kernels.sinc(numbers, numbers, 5),
        kernels.motion(numbers, numbers, 5),
        kernels.disc(numbers, 5),
        kernels.delta(3, 5, "meta"),
    ):
        assert found.shape == (3, 5, 5) and found.device.type == "meta" and found.dtype == torch.float32
