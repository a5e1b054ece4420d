"""Noise laid out of patches: what lies where, how strong, and what is no file of patches."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.noises.bank import laid, noise_bank
from gansr.errors import OptionsError

SIDE = 4


@pytest.fixture
def patches() -> np.ndarray:
    """Three, of 2, 4 and 8 levels."""
    noise = np.random.default_rng(0).normal(size=(3, 3, SIDE, SIDE))
    noise /= np.sqrt((noise**2).mean((1, 2, 3), keepdims=True))
    return (noise * np.array([2, 4, 8])[:, None, None, None] / 255).astype(np.float32)


@pytest.fixture
def file(patches: np.ndarray, tmp_path: Path) -> Path:
    np.save(tmp_path / "noise.npy", patches)
    return tmp_path / "noise.npy"


def test_patches_lie_side_by_side_in_one_strength(patches: np.ndarray) -> None:
    places = torch.tensor([[[0, 1, 2], [2, 0, 1]], [[1, 1, 0], [0, 2, 2]]])
    number, top, left = torch.tensor([1, 2]), torch.tensor([0, 3]), torch.tensor([2, 1])
    found = laid(torch.from_numpy(patches), number, places, top, left, torch.empty(2, 3, 5, 7)).numpy()
    for sample in range(2):
        strength = np.sqrt((patches[number[sample]] ** 2).mean())
        for row in range(5):
            for column in range(7):
                y, x = row + int(top[sample]), column + int(left[sample])
                patch = patches[places[sample, y // SIDE, x // SIDE]]
                expected = patch[:, y % SIDE, x % SIDE] * strength / np.sqrt((patch**2).mean())
                assert found[sample, :, row, column] == pytest.approx(expected, rel=1e-5)


def test_each_sample_has_the_strength_of_a_patch(file: Path) -> None:
    canvas = Canvas.of(torch.full((60, 3, 21, 30), 0.5))
    noise = noise_bank(file)(canvas, Draws(60, seed=1)).image - 0.5
    levels = 255 * noise.square().mean((1, 2, 3)).sqrt()
    assert {round(float(level)) for level in levels} == {2, 4, 8}
    assert len(noise.unique(dim=0)) == 60
    strongest = noise[levels > 6][0]
    blocks = strongest.unfold(1, 4, 4).unfold(2, 4, 4).flatten(1, 2)[0].flatten(1)
    assert len(blocks.unique(dim=0)) > 1, "places have patches of their own"
    assert torch.equal(noise_bank(file)(canvas, Draws(60, seed=1)).image - 0.5, noise)


def test_noise_grows_with_brightness(file: Path) -> None:
    image = torch.full((1, 3, 8, 8), 0.5)
    plain = noise_bank(file)(Canvas.of(image), Draws(1, 3)).image - 0.5
    for brightness in (0.25, 0.5, 0.75):
        grown = noise_bank(file, growth=0.6)(Canvas.of(torch.full_like(image, brightness)), Draws(1, 3)).image
        expected = plain * (1.2 * brightness + 0.4) ** 0.5
        assert torch.allclose(grown - brightness, expected, atol=1e-6)


def test_the_result_is_clamped_and_shapes_need_no_values(file: Path) -> None:
    dark = noise_bank(file)(Canvas.of(torch.zeros(4, 3, 9, 9)), Draws(4, 0)).image
    assert dark.min() == 0 and dark.max() > 0
    canvas = Canvas.of(torch.empty(2, 3, 11, 30, device="meta"))
    assert noise_bank(file)(canvas, Draws(2, 0, "meta")).image.shape == (2, 3, 11, 30)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (np.zeros((2, 3, 4, 5), np.float32), r"shape \(2, 3, 4, 5\); expected \(count, 3, side, side\)"),
        (np.zeros((0, 3, 4, 4), np.float32), r"shape \(0, 3, 4, 4\)"),
        (np.zeros((2, 1, 4, 4), np.float32), r"shape \(2, 1, 4, 4\)"),
        (np.zeros((2, 3, 4, 4), np.uint8), "holds uint8 numbers; expected finite ones"),
        (np.full((2, 3, 4, 4), np.nan), "expected finite ones"),
    ],
)
def test_what_is_no_file_of_patches(tmp_path: Path, numbers: np.ndarray, message: str) -> None:
    np.save(tmp_path / "noise.npy", numbers)
    with pytest.raises(OptionsError, match=message):
        noise_bank(tmp_path / "noise.npy")


def test_files_that_cannot_be_read(tmp_path: Path, file: Path) -> None:
    (tmp_path / "broken.npy").write_bytes(b"nothing")
    (tmp_path / "empty.npy").write_bytes(b"")
    for name in ("broken.npy", "empty.npy", "absent.npy"):
        with pytest.raises(OptionsError, match=rf"file: .*{name} cannot be read"):
            noise_bank(tmp_path / name)
    with pytest.raises(OptionsError, match="growth"):
        noise_bank(file, growth=1.5)
