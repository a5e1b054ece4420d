import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gansr.inference.ensemble import TURNS, lay, lay_back, self_ensemble
from gansr.inference.upscale import Upscaler


def test_the_eight_ways_differ_and_are_laid_back() -> None:
    image = torch.arange(6.0).reshape(1, 1, 2, 3)
    laid = [lay(image, *turn) for turn in TURNS]
    assert len({(one.shape, tuple(one.flatten().tolist())) for one in laid}) == 8
    for one, turn in zip(laid, TURNS, strict=True):
        assert torch.equal(lay_back(one, *turn), image)


class Lopsided(nn.Module):
    """Enlarges by 2 and darkens from left to right: not the same when mirrored."""

    def forward(self, lr: Tensor) -> Tensor:
        large = nn.functional.interpolate(lr, scale_factor=2)
        return large * torch.linspace(0, 1, large.shape[-1])


@torch.inference_mode()
@pytest.mark.parametrize("size", [(4, 4), (5, 3)])
def test_the_mean_of_eight_is_as_numpy_has_it(size: tuple[int, int]) -> None:
    lr = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    network, parts = Lopsided(), []
    for turns in range(4):
        for mirror in (False, True):
            laid = np.rot90(lr.numpy(), turns, (2, 3))
            laid = laid[..., ::-1] if mirror else laid
            sr = network(torch.from_numpy(laid.copy())).numpy()
            sr = sr[..., ::-1] if mirror else sr
            parts.append(np.rot90(sr, -turns, (2, 3)))
    torch.testing.assert_close(self_ensemble(network, lr), torch.from_numpy(np.mean(parts, axis=0)))


@torch.inference_mode()
def test_the_result_turns_with_the_image() -> None:
    lr = torch.rand(1, 3, 5, 4, generator=torch.Generator().manual_seed(1))
    for turn in TURNS:
        torch.testing.assert_close(self_ensemble(Lopsided(), lay(lr, *turn)), lay(self_ensemble(Lopsided(), lr), *turn))


class Shifted(nn.Module):
    """Enlarges by 2 and adds so many levels, other ones at each pass."""

    def __init__(self, levels: list[float]) -> None:
        super().__init__()
        self.levels = iter(levels)

    def forward(self, lr: Tensor) -> Tensor:
        return nn.functional.interpolate(lr, scale_factor=2) + next(self.levels) / 255


@pytest.mark.parametrize(
    ("value", "levels", "expected"),
    [
        (100, [0.6, 0.0] * 4, 100),  # 0.3; of rounded passes 0.5, which rounds up
        (255, [10.0, -6.0] * 4, 255),  # 257; of clamped passes 252
        (100, [1.0] + [0.0] * 7, 100),
        (100, [4.0] + [0.0] * 7, 101),  # 0.5
    ],
)
def test_nothing_is_rounded_or_clamped_before_the_mean(value: int, levels: list[float], expected: int) -> None:
    lr = np.full((3, 5, 3), value, np.uint8)
    sr = Upscaler(Shifted(levels), 2, "cpu", ensemble=True)(lr)
    assert sr.shape == (6, 10, 3) and (sr == expected).all()


def test_tiles_and_ensemble_together() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.PixelShuffle(2))
    lr = np.random.default_rng(0).integers(0, 256, (41, 27, 3), dtype=np.uint8)
    whole = Upscaler(network, 2, "cpu", ensemble=True)(lr)
    tiled = Upscaler(network, 2, "cpu", tile=16, overlap=8, ensemble=True)(lr)
    assert np.abs(whole.astype(int) - tiled.astype(int)).max() <= 1 and (whole == tiled).mean() > 0.999
    assert (whole != Upscaler(network, 2, "cpu")(lr)).any()


def test_grey_stays_grey() -> None:
    lr = np.random.default_rng(0).integers(0, 256, (5, 4, 1), dtype=np.uint8)
    assert Upscaler(Lopsided(), 2, "cpu", ensemble=True)(lr).shape == (10, 8, 1)
