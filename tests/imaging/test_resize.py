import math

import numpy as np
import pytest
import torch
from PIL import Image

from gansr.imaging.resize import (
    enlarge,
    enlarge_uint8,
    mod_crop,
    reduce,
    reduce_uint8,
    reduce_window_uint8,
    surround,
)


def cubic(distance):
    u = np.abs(distance)
    near = 1.5 * u**3 - 2.5 * u**2 + 1
    far = -0.5 * u**3 + 2.5 * u**2 - 4 * u + 2
    return np.where(u <= 1, near, np.where(u < 2, far, 0.0))


def imresize_matrix(length, factor):
    """MATLAB's imresize along one side as a matrix, (round(length * factor), length)."""
    matrix = np.zeros((round(length * factor), length))
    stretch = min(factor, 1.0)
    for row in range(len(matrix)):
        centre = (row + 0.5) / factor - 0.5
        taps = np.arange(math.floor(centre - 2 / stretch), math.ceil(centre + 2 / stretch) + 1)
        weights = cubic((taps - centre) * stretch)
        mirrored = taps % (2 * length)
        mirrored = np.where(mirrored < length, mirrored, 2 * length - 1 - mirrored)
        np.add.at(matrix[row], mirrored, weights / weights.sum())
    return matrix


def imresize(image, factor):
    """Float64 (..., H, W), unrounded."""
    rows, columns = (imresize_matrix(side, factor) for side in image.shape[-2:])
    return rows @ image @ columns.T


def imresize_bytes(image, factor):
    """Like `imresize`, rounded half up and clamped after the rows and after the columns."""
    rows, columns = (imresize_matrix(side, factor) for side in image.shape[-2:])

    def to_bytes(levels):
        return np.clip(np.floor(np.round(levels, 9) + 0.5), 0, 255)

    return to_bytes(to_bytes(rows @ image) @ columns.T)


def noise(*shape):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))


@pytest.mark.parametrize("scale", [2, 3, 4, 5, 8])
def test_floats_equal_an_independent_imresize(scale):
    image = torch.rand(2, 3, 4 * scale, 5 * scale, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    np.testing.assert_allclose(reduce(image, scale), imresize(image.numpy(), 1 / scale), atol=1e-14)
    small = image[..., :7, :6]
    np.testing.assert_allclose(enlarge(small, scale), imresize(small.numpy(), scale), atol=1e-14)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_bytes_equal_an_independent_imresize(scale):
    image = noise(2, 3, 6 * scale, 5 * scale)
    np.testing.assert_array_equal(reduce_uint8(image, scale), imresize_bytes(image.double().numpy(), 1 / scale))
    np.testing.assert_array_equal(enlarge_uint8(image, scale), imresize_bytes(image.double().numpy(), scale))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", ["Set5", "Set14"])
def test_lr_of_the_benchmarks_is_bit_identical_to_matlab(shared, name, scale):
    files = sorted((shared / "data" / name / "HR").iterdir())
    assert files
    for file in files:
        hr = np.atleast_3d(np.asarray(Image.open(file)))
        lr_file = file.parents[1] / f"LRx{scale}" / f"{file.stem}x{scale}.png"
        expected = np.atleast_3d(np.asarray(Image.open(lr_file)))
        whole = torch.from_numpy(mod_crop(hr, scale).copy()).permute(2, 0, 1)[None]
        lr = reduce_uint8(whole, scale)[0].permute(1, 2, 0)
        np.testing.assert_array_equal(lr.numpy(), expected, err_msg=str(file))


def test_ties_round_up_everywhere():
    """Every four columns average 2.5: to even that would be 2, away from zero it is 3."""
    image = torch.tensor([2, 3, 3, 2] * 4, dtype=torch.uint8).expand(1, 1, 16, 16)
    for scale in (2, 4, 8):
        expected = imresize_bytes(image.double().numpy(), 1 / scale)
        np.testing.assert_array_equal(reduce_uint8(image, scale), expected)
    assert (reduce_uint8(image, 4) == 3).all()


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_window_gives_the_lr_of_its_inside(scale):
    image = noise(1, 3, 9 * scale, 9 * scale)
    window = image[..., scale : 8 * scale, 2 * scale :]  # inside: rows 3..6, columns 4..7 of the LR
    lr = reduce_uint8(image, scale)[..., 3:6, 4:7]
    assert torch.equal(reduce_window_uint8(window, scale), lr)


def test_image_smaller_than_the_kernel():
    tiny = noise(1, 1, 4, 4)
    np.testing.assert_array_equal(reduce_uint8(tiny, 4), imresize_bytes(tiny.double().numpy(), 1 / 4))
    dot = torch.full((1, 1, 1, 1), 0.3, dtype=torch.float64)
    torch.testing.assert_close(enlarge(dot, 4), torch.full((1, 1, 4, 4), 0.3, dtype=torch.float64))


def test_surround_mirrors_the_edge_and_tiles():
    row = torch.tensor([[1, 2, 3]])
    assert surround(row, 2)[2].tolist() == [2, 1, 1, 2, 3, 3, 2]
    assert surround(row, 7)[0].tolist() == np.pad([1, 2, 3], 7, mode="symmetric").tolist()


def test_gradients():
    image = torch.rand(1, 1, 6, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: reduce(x, 2), image)
    assert torch.autograd.gradcheck(lambda x: enlarge(x, 2), image)


def test_channels_last_is_kept_and_changes_nothing():
    image = noise(2, 3, 16, 24)
    lr = reduce_uint8(image.contiguous(memory_format=torch.channels_last), 4)
    assert torch.equal(lr, reduce_uint8(image, 4))


def test_mod_crop():
    assert mod_crop(np.zeros((11, 8, 1)), 4).shape == (8, 8, 1)


def test_sides_must_be_multiples():
    with pytest.raises(AssertionError, match="mod_crop"):
        reduce(torch.zeros(1, 1, 9, 8), 4)
