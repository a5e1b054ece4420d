import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gansr.errors import UserError
from gansr.inference.memory import is_short, smaller_tiles
from gansr.inference.upscale import Upscaler


class Small(nn.Module):
    """Enlarges by 2; more than `room` pixels do not fit in memory."""

    def __init__(self, room: int, error: type[RuntimeError] = torch.OutOfMemoryError, text: str = "") -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.PixelShuffle(2))
        self.room, self.error, self.text = room, error, text
        self.tried: list[tuple[int, int]] = []

    def forward(self, lr: Tensor) -> Tensor:
        self.tried.append((lr.shape[-2], lr.shape[-1]))
        if lr.shape[-2] * lr.shape[-1] > self.room:
            raise self.error(self.text)
        return self.layers(lr)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


CPU = "[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."


@pytest.mark.parametrize(
    ("error", "text"),
    [(torch.OutOfMemoryError, "CUDA out of memory."), (RuntimeError, CPU), (RuntimeError, "X: not enough memory: you")],
)
@pytest.mark.parametrize("ensemble", [False, True])
def test_tiles_are_halved_until_they_fit(error: type[RuntimeError], text: str, ensemble: bool) -> None:
    lr, network = picture(37, 50), Small(13 * 13, error, text)
    upscaler = Upscaler(network, 2, "cpu", overlap=4, ensemble=ensemble, cut_if_short=True)
    sr = upscaler(lr)
    assert network.tried[:3] == [(37, 50), (25, 25), (13, 13)]
    assert upscaler.cut == {(37, 50): 13}
    network.room = 10**6
    whole = Upscaler(network, 2, "cpu", ensemble=ensemble)(lr)
    assert np.abs(whole.astype(int) - sr.astype(int)).max() <= 1 and (whole == sr).mean() > 0.999


def test_what_fits_is_not_cut() -> None:
    network = Small(30 * 30)
    upscaler = Upscaler(network, 2, "cpu", overlap=4, cut_if_short=True)
    upscaler(picture(60, 20))
    upscaler(picture(30, 30))
    assert upscaler.cut == {(60, 20): 30}
    assert network.tried[-1] == (30, 30)


def test_tiles_that_were_asked_for_are_halved_too() -> None:
    network = Small(12 * 12)
    upscaler = Upscaler(network, 2, "cpu", tile=24, overlap=4, cut_if_short=True)
    upscaler(picture(40, 40))
    assert network.tried[:2] == [(24, 24), (12, 12)] and upscaler.cut == {(40, 40): 12}


def test_nothing_fits() -> None:
    with pytest.raises(UserError, match="of 50x37 pixels did not fit in the memory of cpu, not even in tiles of 8"):
        Upscaler(Small(7 * 7), 2, "cpu", overlap=4, cut_if_short=True)(picture(37, 50))


def test_other_errors_are_not_about_memory() -> None:
    network = Small(1, RuntimeError, "shapes do not fit")
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        Upscaler(network, 2, "cpu", cut_if_short=True)(picture(8, 8))
    assert len(network.tried) == 1
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        Upscaler(network, 2, "cpu")(picture(8, 8))


def test_a_real_allocation_that_fails_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, device="cpu")
    assert is_short(caught.value)


@pytest.mark.parametrize(
    ("size", "tile", "smallest", "expected"),
    [
        ((480, 320), None, 100, [None, 240, 120, 100]),
        ((5, 7), None, 64, [None]),
        ((64, 20), None, 64, [None]),
        ((70, 20), None, 64, [None, 64]),
        ((100, 100), 256, 64, [256, 64]),
        ((1000, 1000), 128, 64, [128, 64]),
    ],
)
def test_the_tiles_that_are_tried(
    size: tuple[int, int], tile: int | None, smallest: int, expected: list[int | None]
) -> None:
    assert list(smaller_tiles(size, tile, smallest)) == expected
