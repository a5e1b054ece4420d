import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gansr.errors import OptionsError, UserError
from gansr.inference.bicubic import Bicubic
from gansr.inference.upscale import Upscaler


class Affine(nn.Module):
    """Nearest enlargement, times and plus a constant."""

    def __init__(self, factor: float = 1.0, offset: float = 0.0) -> None:
        super().__init__()
        self.factor, self.offset = factor, offset
        self.frozen = nn.BatchNorm2d(3).eval()
        self.seen: Tensor | None = None

    def forward(self, lr: Tensor) -> Tensor:
        assert not self.training and not torch.is_grad_enabled()
        self.seen = lr
        return nn.functional.interpolate(lr, scale_factor=2) * self.factor + self.offset


def image(channels: int = 3, seed: int = 0, size: tuple[int, int] = (5, 7)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size, channels), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_that_repeats_pixels_repeats_them_exactly(channels: int) -> None:
    lr, network = image(channels), Affine()
    sr = Upscaler(network, 2, "cpu")(lr)
    np.testing.assert_array_equal(sr, lr.repeat(2, 0).repeat(2, 1))
    assert sr.dtype == np.uint8 and sr.flags.c_contiguous
    assert network.seen is not None and network.seen.shape == (1, 3, 5, 7)
    assert network.seen.min() >= 0 and network.seen.max() <= 1


def test_halves_are_rounded_up_and_the_rest_is_clamped() -> None:
    def of_black(offset: float) -> int:
        return int(Upscaler(Affine(0, offset), 2, "cpu")(image()).max())

    assert [of_black(x / 256 / 255 * 256) for x in (0.49, 0.5, 1.5, 2.49)] == [0, 1, 2, 2]
    assert [of_black(x) for x in (-3.0, 7.0)] == [0, 255]


def test_a_read_only_image_is_welcome() -> None:
    lr = image()
    lr.flags.writeable = False
    Upscaler(Affine(), 2, "cpu")(lr)
    Bicubic(2)(lr)


def test_every_module_is_left_in_its_mode() -> None:
    network = Affine().train()
    network.frozen.eval()
    Upscaler(network, 2, "cpu")(image())
    assert network.training and not network.frozen.training


def test_tiles_give_the_same_image() -> None:
    lr = image(size=(40, 70))
    np.testing.assert_array_equal(
        Upscaler(Affine(), 2, "cpu", tile=24, overlap=8)(lr), Upscaler(Affine(), 2, "cpu")(lr)
    )


def test_mistakes() -> None:
    with pytest.raises(UserError, match="7x5 pixels is not finite"):
        Upscaler(Affine(float("nan")), 2, "cpu")(image())
    with pytest.raises(OptionsError, match="at least 64"):
        Upscaler(Affine(), 2, "cpu", tile=32)
    with pytest.raises(OptionsError, match="tile of 0"):
        Upscaler(Affine(), 2, "cpu", tile=0, overlap=0)


def test_a_full_memory_asks_for_smaller_tiles() -> None:
    class Greedy(nn.Module):
        def forward(self, lr: Tensor) -> Tensor:
            raise torch.OutOfMemoryError

    with pytest.raises(UserError, match="smaller tiles"):
        Upscaler(Greedy(), 2, "cpu")(image())


def test_bicubic_keeps_constants_and_channels() -> None:
    for channels in (1, 3):
        flat = np.full((4, 6, channels), 77, np.uint8)
        np.testing.assert_array_equal(Bicubic(3)(flat), np.full((12, 18, channels), 77))
