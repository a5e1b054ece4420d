import math

import numpy as np
import pytest
import torch

from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.looks.sharpen import opencv_sigma, sharpen, unsharp_mask
from gansr.errors import OptionsError


def picture(*shape, seed=0):
    """Large patches with a little noise: edges, flat parts, and values at both ends."""
    generator = torch.Generator().manual_seed(seed)
    *front, height, width = shape
    patches = torch.rand(*front, -(-height // 8), -(-width // 8), generator=generator).round(decimals=1)
    image = patches.repeat_interleave(8, -1).repeat_interleave(8, -2)[..., :height, :width]
    return (image + 0.02 * torch.randn(shape, generator=generator)).clamp(0, 1)


def dense(plane, size):
    """A `size` x `size` Gaussian in float64, all of it at once; the border as OpenCV's default."""
    places = np.arange(size) - size // 2
    taps = np.exp(-(places**2) / (2 * (0.3 * ((size - 1) * 0.5 - 1) + 0.8) ** 2))
    kernel = np.outer(taps, taps) / taps.sum() ** 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(plane, size // 2, mode="reflect"), (size, size))
    return np.einsum("hwij,ij->hw", windows, kernel, optimize=True)


def reference(image, weight=0.5, size=51, threshold=10 / 255):
    result = np.empty(image.shape)
    for place in np.ndindex(*image.shape[:-2]):
        plane = image[place].double().numpy()
        residual = plane - dense(plane, size)
        soft = dense((np.abs(residual) > threshold).astype(float), size)
        result[place] = soft * np.clip(plane + weight * residual, 0, 1) + (1 - soft) * plane
    return result


def test_unsharp_mask_is_the_published_one():
    image = picture(2, 3, 60, 75)
    found, expected = unsharp_mask(image), reference(image)
    assert found.shape == image.shape and found.dtype == torch.float32
    assert np.abs(found.double().numpy() - expected).max() < 1e-6
    assert np.abs(expected - image.numpy()).max() > 0.05
    assert found.min() >= 0 and found.max() <= 1 and (found == 1).any() and (found == 0).any()


def test_unsharp_mask_does_as_told():
    image = picture(1, 1, 40, 33, seed=1)
    found = unsharp_mask(image, weight=1.5, radius=9, threshold=0.1)
    assert np.abs(found.double().numpy() - reference(image, 1.5, 9, 0.1)).max() < 1e-6
    assert torch.equal(unsharp_mask(image, radius=8), unsharp_mask(image, radius=9))
    assert torch.allclose(unsharp_mask(image, threshold=1.0), image, atol=1e-6)


def test_opencv_sigma():
    assert math.isclose(opencv_sigma(51), 8.0)


def test_smaller_images_are_sharpened_as_if_alone():
    heights, widths = torch.tensor([60, 34]), torch.tensor([41, 70])
    image = torch.full((2, 3, 60, 70), torch.nan)
    for number, (height, width) in enumerate(zip(heights, widths, strict=True)):
        image[number, :, :height, :width] = picture(3, height, width, seed=number)
    found = sharpen()(Canvas(image, heights, widths), Draws(2, 0))
    assert torch.equal(found.height, heights) and torch.equal(found.width, widths)
    for number, (height, width) in enumerate(zip(heights, widths, strict=True)):
        expected = unsharp_mask(image[number : number + 1, :, :height, :width])[0]
        assert torch.allclose(found.image[number, :, :height, :width], expected, atol=1e-6)


def test_each_sample_is_sharpened_or_not():
    image = picture(1, 1, 16, 16).expand(400, -1, -1, -1)
    found = sharpen(0.3, radius=5)(Canvas.of(image), Draws(400, 0)).image
    once = unsharp_mask(image[:1], radius=5)[0]
    sharp = (found - once).abs().amax((1, 2, 3)) < 1e-6
    left = (found == image).flatten(1).all(1)
    assert torch.equal(sharp, ~left)
    assert abs(int(sharp.sum()) - 120) < 4 * (400 * 0.3 * 0.7) ** 0.5
    again = sharpen(0.3, radius=5)(Canvas.of(image), Draws(400, 0)).image
    assert torch.equal(again, found)


def test_sharpen_on_the_meta_device():
    canvas = Canvas.of(torch.empty(2, 3, 16, 20, device="meta"))
    found = sharpen(0.5)(canvas, Draws(2, 0, "meta")).image
    assert found.shape == (2, 3, 16, 20) and found.dtype == torch.float32 and found.device.type == "meta"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"probability": 1.5}, "probability is 1.5; expected a probability"),
        ({"weight": -1.0}, "weight is -1; expected a finite number of 0 or more"),
        ({"weight": math.nan}, "weight is nan; expected a finite number of 0 or more"),
        ({"radius": 0}, "radius is 0; expected 1 to 999 pixels"),
        ({"threshold": 10.0}, "threshold is 10; expected a number from 0 to 1"),
    ],
)
def test_bad_arguments_are_refused(arguments, words):
    with pytest.raises(OptionsError, match=words):
        sharpen(**arguments)
