import pytest
import torch
from torch import Tensor, nn

from gansr.inference.tiles import fade, spans, upscale_tiles


class Small(nn.Module):
    """Sees 2 pixels around each."""

    def __init__(self, scale: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1),
            nn.Tanh(),
            nn.Conv2d(4, 3 * scale**2, 3, padding=1),
            nn.PixelShuffle(scale),
        )
        self.sizes: list[tuple[int, int]] = []

    def forward(self, lr: Tensor) -> Tensor:
        self.sizes.append((lr.shape[-2], lr.shape[-1]))
        return self.layers(lr)


@pytest.mark.parametrize(
    ("size", "tile", "overlap", "scale"),
    [
        ((37, 53), 16, 8, 2),
        ((40, 40), 20, 8, 3),
        ((9, 70), 24, 10, 4),
        ((33, 17), 16, 8, 1),
        ((5, 6), 16, 8, 2),
    ],
)
@torch.inference_mode()
def test_equals_the_whole_image(size: tuple[int, int], tile: int, overlap: int, scale: int) -> None:
    network = Small(scale)
    lr = torch.rand(1, 3, *size)
    whole = network(lr)
    network.sizes.clear()
    tiled = upscale_tiles(network, lr, scale, tile, overlap)
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-6)
    assert max(side for pair in network.sizes for side in pair) <= tile


@torch.inference_mode()
def test_no_border_is_black_and_no_pixel_is_lost() -> None:
    for overlap in range(9):
        ones = upscale_tiles(
            lambda lr: lr.repeat_interleave(2, -1).repeat_interleave(2, -2),
            torch.ones(1, 3, 21, 40),
            2,
            18,
            overlap,
        )
        torch.testing.assert_close(ones, torch.ones(1, 3, 42, 80))


def test_tiles_fade_into_each_other() -> None:
    """Tiles that disagree, 0 on the left and 1 on the right, meet in a slope and not in a step."""
    answers = iter([0.0, 1.0])
    tiled = upscale_tiles(lambda lr: torch.full_like(lr, next(answers)), torch.zeros(1, 1, 16, 24), 1, 16, 8)
    row = tiled[0, 0, 0]
    assert row[:10].eq(0).all() and row[-10:].eq(1).all()  # 8..15 are shared, their outer quarters thrown away
    assert row[10:14].tolist() == pytest.approx([0.125, 0.375, 0.625, 0.875])


@pytest.mark.parametrize("length", range(1, 40))
def test_spans_cover_every_pixel_with_tiles_of_one_size(length: int) -> None:
    found = spans(length, tile=10, overlap=4)
    assert {pixel for start, stop in found for pixel in range(start, stop)} == set(range(length))
    assert {stop - start for start, stop in found} == {min(length, 10)}
    weight = torch.zeros(length)
    for start, stop in found:
        weight[start:stop] += fade(start, stop, length, 1, 4)
    assert weight.min() >= 0.5
