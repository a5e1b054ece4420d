import pytest
import torch

from gansr.imaging.colour import grey, luma, luma_uint8


def test_luma_of_known_colours():
    """The definition of studio range: 16 is black, 235 is white, and each primary adds its own weight."""
    colours = torch.tensor([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]], dtype=torch.float64)
    expected = torch.tensor([16, 235, 81.481, 144.553, 40.966], dtype=torch.float64) / 255
    torch.testing.assert_close(luma(colours.reshape(5, 3, 1, 1)).flatten(), expected)


def test_grey_returns_equal_channels_and_keeps_leading_axes():
    image = torch.rand(2, 5, 1, 4, 6)
    torch.testing.assert_close(grey(image.expand(2, 5, 3, 4, 6)), image)
    assert luma(torch.rand(3, 4, 6)).shape == (1, 4, 6)


def test_three_channels_only():
    with pytest.raises(AssertionError, match="found 1"):
        luma(torch.rand(1, 1, 4, 4))


def test_luma_in_8_bits():
    colours = torch.tensor([[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]], dtype=torch.uint8)
    found = luma_uint8(colours.reshape(5, 3, 1, 1))
    assert found.dtype == torch.uint8 and found.shape == (5, 1, 1, 1)
    assert found.flatten().tolist() == [16, 235, 81, 145, 41]
