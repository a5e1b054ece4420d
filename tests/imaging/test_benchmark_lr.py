"""BI, BD and DN as the field's tables have them."""

import numpy as np
import pytest
import torch

from gansr.imaging.benchmark_lr import bicubic, blurred, noisy
from gansr.imaging.resize import reduce_uint8


def image(height: int, width: int, channels: int = 3) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(3).integers(0, 256, (1, channels, height, width), dtype=np.uint8))


def matlab_bd(hr: np.ndarray, scale: int) -> np.ndarray:
    """fspecial, imfilter(..., 'replicate') and every scale-th pixel, loop by loop, in MATLAB's counting from 1."""
    size = 7 if scale == 3 else 12
    places = np.arange(size) - (size - 1) / 2
    kernel = np.exp(-(places[:, None] ** 2 + places[None] ** 2) / (2 * 1.6**2))
    kernel /= kernel.sum()
    centre = (size + 1) // 2  # of imfilter, counted from 1
    height, width = hr.shape

    def filtered(row: int, column: int) -> float:
        total = 0.0
        for i in range(1, size + 1):
            for j in range(1, size + 1):
                y = min(max(row + i - centre, 1), height)
                x = min(max(column + j - centre, 1), width)
                total += kernel[i - 1, j - 1] * float(hr[y - 1, x - 1])
        return np.floor(total + 0.5)

    first = 2 if scale == 3 else scale // 2  # imresize by 'nearest' takes the middle of three
    rows, columns = range(first, height + 1, scale), range(first, width + 1, scale)
    return np.array([[filtered(row, column) for column in columns] for row in rows], np.uint8)


@pytest.mark.parametrize(("scale", "height", "width"), [(3, 12, 9), (2, 8, 10), (4, 8, 12), (8, 16, 8)])
def test_bd_is_what_matlab_makes(scale, height, width):
    hr = image(height, width, 1)
    made = blurred(hr, scale)
    assert made.dtype == torch.uint8 and made.shape == (1, 1, height // scale, width // scale)
    assert np.array_equal(made[0, 0].numpy(), matlab_bd(hr[0, 0].numpy(), scale))


def test_bd_treats_channels_alike_and_leaves_flat_images_as_they_are():
    hr = image(9, 12)
    whole = blurred(hr, 3)
    for channel in range(3):
        assert torch.equal(whole[:, channel], blurred(hr[:, channel : channel + 1], 3)[:, 0])
    flat = torch.full((1, 3, 12, 12), 77, dtype=torch.uint8)
    assert torch.equal(blurred(flat, 3), flat[..., ::3, ::3])


def test_dn_is_bicubic_and_noise_of_thirty():
    hr = torch.full((1, 3, 600, 600), 128, dtype=torch.uint8)
    made = noisy(hr, 3, 0, "grey").double() - 128
    assert abs(made.mean()) < 0.3 and 29.5 < made.std() < 30.5
    steps = (made[..., 1:] * made[..., :-1]).mean() / made.var()
    assert abs(steps) < 0.02  # white
    photo = image(60, 60)
    rest = noisy(photo, 3, 0, "photo").double() - reduce_uint8(photo, 3)
    assert 15 < rest.std() < 31  # less where it is clipped


def test_dn_depends_on_seed_scale_and_name_alone():
    hr = image(24, 24)
    one = noisy(hr, 3, 0, "a")
    assert torch.equal(one, noisy(hr, 3, 0, "a"))
    others = [noisy(hr, 3, 1, "a"), noisy(hr, 3, 0, "b")]
    assert not any(torch.equal(one, other) for other in others)


def test_bi_is_matlabs_bicubic():
    hr = image(24, 16)
    assert torch.equal(bicubic(hr, 4), reduce_uint8(hr, 4))
