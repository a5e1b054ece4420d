import math
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from gansr.data.degradations.sizes.taps import METHODS, resample, taps

SIZES = [
    ((7, 9), (5, 6)),
    ((7, 9), (16, 11)),
    ((1, 1), (4, 3)),
    ((13, 1), (3, 2)),
    ((12, 20), (3, 5)),
    ((33, 31), (1, 1)),
]
SIZES += [((8, 8), (8, 8)), ((5, 6), (10, 18)), ((40, 13), (6, 13)), ((3, 1), (7, 1))]
PYTORCH = [(method, False) for method in ("nearest", "nearest-exact", "area", "bilinear", "bicubic")]
PYTORCH += [("bilinear", True), ("bicubic", True)]


def resized(image, size, method, antialias=False, factors=(None, None), margin=3):
    """One image by this module, with a tensor larger than the result; what lies beyond must be 0."""

    def along(inputs, outputs, factor):
        numbers = (torch.tensor([number]) for number in (inputs, outputs, METHODS.index(method)))
        factor = None if factor is None else torch.tensor([factor], dtype=torch.float64)
        length = outputs + margin
        return taps(*numbers, longest=inputs, length=length, antialias=antialias, factor=factor, shrinks=None)

    rows, columns = map(along, image.shape[-2:], size, factors)
    result = resample(image, rows, columns)
    assert result.shape[-2:] == (size[0] + margin, size[1] + margin)
    assert not result[..., size[0] :, :].any() and not result[..., size[1] :].any()
    return result[..., : size[0], : size[1]]


def by_pytorch(image, method, antialias, **size):
    if antialias and image.shape[-1] == 1:  # PyTorch 2.14 leaves the rows of such images as they are
        image = image.expand(-1, -1, -1, 2).contiguous()
        size["size"] = (size["size"][0], 2 * size["size"][1])
        return F.interpolate(image, mode=method, antialias=True, **size)[..., : size["size"][1] // 2]
    return F.interpolate(image, mode=method, antialias=antialias, **size)


@pytest.mark.parametrize(("method", "antialias"), PYTORCH)
@pytest.mark.parametrize(("inputs", "outputs"), SIZES)
def test_equals_pytorch(method, antialias, inputs, outputs):
    image = torch.rand(1, 2, *inputs, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = resized(image, outputs, method.replace("-", "_"), antialias)
    torch.testing.assert_close(found, by_pytorch(image, method, antialias, size=outputs), atol=1e-12, rtol=0)


@pytest.mark.parametrize(("method", "antialias"), PYTORCH)
@pytest.mark.parametrize("factor", [0.15, 0.37, 0.999, 1.0, 1.26, 1.5])
def test_equals_pytorch_by_factor(method, antialias, factor):
    image = torch.rand(1, 1, 29, 17, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    size = (math.floor(29 * factor), math.floor(17 * factor))
    found = resized(image, size, method.replace("-", "_"), antialias, (factor, factor))
    expected = F.interpolate(image, scale_factor=factor, mode=method, antialias=antialias)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


def test_single_precision_is_as_good_as_it_can_be():
    image = torch.rand(1, 3, 200, 150, generator=torch.Generator().manual_seed(0))
    for method, antialias in PYTORCH[2:]:
        for size in ((61, 47), (301, 220)):
            expected = by_pytorch(image.double(), method, antialias, size=size).float()
            torch.testing.assert_close(resized(image, size, method, antialias), expected, atol=6e-7, rtol=0)


@pytest.mark.parametrize(("inputs", "outputs"), SIZES)
def test_lanczos_equals_pillow(inputs, outputs):
    image = torch.rand(1, 1, *inputs, generator=torch.Generator().manual_seed(0))
    expected = Image.fromarray(image[0, 0].numpy()).resize(outputs[::-1], Image.Resampling.LANCZOS)
    found = resized(image, outputs, "lanczos", antialias=True)
    torch.testing.assert_close(found[0, 0], torch.from_numpy(np.array(expected)), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("inputs", "outputs"), [(9, 4), (9, 21), (1, 3), (6, 6)])
def test_lanczos_without_antialias(inputs, outputs):
    values = np.random.default_rng(0).random(inputs)
    expected = []
    for place in range(outputs):
        centre = (place + 0.5) * inputs / outputs - 0.5
        near = [tap for tap in range(math.floor(centre) - 4, math.floor(centre) + 6) if abs(tap - centre) < 3]
        weights = [np.sinc(tap - centre) * np.sinc((tap - centre) / 3) for tap in near]
        expected.append(
            sum(w * values[min(max(tap, 0), inputs - 1)] for w, tap in zip(weights, near, strict=True)) / sum(weights)
        )
    found = resized(torch.from_numpy(values)[None, None, :, None], (outputs, 1), "lanczos")
    np.testing.assert_allclose(found[0, 0, :, 0].numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("factor", [0.25, 1 / 3, 0.4, 2.0])
def test_matlab(factor):
    values = np.random.default_rng(0).random(14)
    outputs = math.ceil(14 * factor)
    expected, stretch = [], max(1 / factor, 1)
    for place in range(outputs):
        centre = (place + 0.5) / factor - 0.5
        near = range(math.floor(centre - 2 * stretch), math.ceil(centre + 2 * stretch) + 1)
        distance = [abs(tap - centre) / stretch for tap in near]
        weights = [
            1.5 * u**3 - 2.5 * u**2 + 1 if u <= 1 else max(2 - u, 0) and -0.5 * u**3 + 2.5 * u**2 - 4 * u + 2
            for u in distance
        ]
        mirrored = [tap % 28 if tap % 28 < 14 else 27 - tap % 28 for tap in near]
        expected.append(sum(w * values[tap] for w, tap in zip(weights, mirrored, strict=True)) / sum(weights))
    found = resized(torch.from_numpy(values)[None, None, :, None], (outputs, 1), "matlab", factors=(factor, None))
    np.testing.assert_allclose(found[0, 0, :, 0].numpy(), expected, atol=1e-12)


@pytest.mark.parametrize(("inputs", "outputs"), [(12, 4), (13, 5), (29, 12), (9, 21), (5, 1), (1, 4), (7, 7)])
def test_opencv_area_is_the_mean_of_what_is_covered(inputs, outputs):
    """The image as steps, integrated: np.interp of their running sums. OpenCV 5.0 gives the same to 2e-7."""
    values = np.random.default_rng(0).random(inputs)
    edges = np.interp(np.arange(outputs + 1) * inputs / outputs, np.arange(inputs + 1), [0, *values.cumsum()])
    expected = np.diff(edges) * outputs / inputs
    found = resized(torch.from_numpy(values)[None, None, :, None], (outputs, 1), "opencv_area")
    np.testing.assert_allclose(found[0, 0, :, 0].numpy(), expected, atol=1e-12)


def test_nearest_is_exact():
    """Whole numbers have no rounding, where PyTorch's float32 takes a neighbour now and then."""
    inputs, outputs = (grid.flatten() for grid in torch.meshgrid(*[torch.arange(1, 60)] * 2, indexing="ij"))
    zeros, row = torch.zeros_like(inputs), torch.arange(59)
    found = taps(inputs, outputs, zeros, longest=59, length=59, methods=["nearest"])
    expected = row * inputs[:, None] // outputs[:, None]
    assert torch.equal(found.index[..., 0], expected.minimum(inputs[:, None] - 1))


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_taps_of_many_sizes(method, antialias):
    """The bound of the number of taps holds, weights add up to 1, and no index leaves the image."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randint(1, 60, (100,), generator=generator)
    outputs = torch.randint(1, 60, (100,), generator=generator)
    chosen = torch.full((100,), METHODS.index(method))
    for bound in (1.0, 4.25):
        kept = inputs <= bound * outputs
        sizes = inputs[kept], outputs[kept], chosen[kept]
        few = taps(*sizes, longest=59, length=60, antialias=antialias, shrinks=bound)
        many = taps(*sizes, longest=59, length=60, antialias=antialias)
        inside = torch.arange(60) < sizes[1][:, None]
        torch.testing.assert_close(few.weight.sum(-1), inside.double(), atol=1e-12, rtol=0)
        assert (few.index >= 0).all() and (few.index < sizes[0][:, None, None]).all()
        dense = [
            torch.zeros(len(sizes[0]), 60, 60, dtype=torch.float64).scatter_add(2, one.index, one.weight)
            for one in (few, many)
        ]
        torch.testing.assert_close(*dense, atol=1e-12, rtol=0)


def test_order_of_the_axes_does_not_matter():
    image = torch.rand(1, 2, 6, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for size in ((20, 4), (20, 30)):  # fewer pixels, more pixels
        turned = resized(image.transpose(-1, -2), size[::-1], "bicubic").transpose(-1, -2)
        torch.testing.assert_close(resized(image, size, "bicubic"), turned, atol=1e-12, rtol=0)
        assert resized(image, size, "bicubic", margin=0).is_contiguous()


def test_differentiable():
    image = torch.rand(1, 1, 4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda image: resized(image, (2, 5), "bicubic"), image)


def test_layout_and_device():
    image = torch.rand(2, 3, 8, 6).to(memory_format=torch.channels_last)
    torch.testing.assert_close(resized(image[:1], (3, 9), "area"), resized(image[:1].contiguous(), (3, 9), "area"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sizes = torch.full((2,), 8, device="meta"), torch.full((2,), 5, device="meta")
        axis = taps(*sizes, torch.zeros(2, dtype=torch.long, device="meta"), longest=8, length=6, antialias=True)
        assert resample(image.to("meta")[..., :6, :6], axis, axis).shape == (2, 3, 6, 6)
