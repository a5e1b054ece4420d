from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.noises import patches as module
from gansr.data.degradations.noises.patches import harvest, noise_patches, spread
from gansr.data.files.images import write_image
from gansr.errors import DataError, OptionsError

SIDE = 8


def photo(seed: int = 0) -> np.ndarray:
    """24x20: patches of 8 are, from left to right and down: flat, textured / clipped, flat and dark / flat, flat."""
    random = np.random.default_rng(seed)
    image = random.normal(120, 3, (24, 20, 3))
    image[:8, 8:16] = random.uniform(0, 255, (8, 8, 3))
    image[8:16, :8] = 255
    image[8:16, 8:16] -= 110
    return image.clip(0, 255).astype(np.uint8)


def published(image: np.ndarray, side: int, low: float, high: float) -> list[np.ndarray]:
    found = []
    for row in range(0, image.shape[0] - side + 1, side):
        for column in range(0, image.shape[1] - side + 1, side):
            patch = image[row : row + side, column : column + side].astype(np.float64)
            grey = patch @ [0.299, 0.587, 0.114]
            if low <= grey.var() <= high:
                found.append(((patch - patch.mean((0, 1))) / 255).transpose(2, 0, 1))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(2):
        write_image(tmp_path / f"{number}.png", photo(number))
    return tmp_path


def test_flat_patches_are_gathered_without_their_means() -> None:
    images = [photo(0), photo(1), np.zeros((5, 5, 3), np.uint8)]
    found = harvest(images, SIDE)
    expected = [patch for image in images for patch in published(image, SIDE, 1, 20)]
    assert len(found) == 8
    np.testing.assert_allclose(found.numpy(), np.stack(expected), atol=1e-7)
    assert found.mean((2, 3)).abs().max() < 1e-6
    assert len(harvest(images, SIDE, brightness=(50, 255))) == 6  # without the dark ones
    assert len(harvest(images, SIDE, variance=(0, 20))) == 10  # with the clipped ones
    assert harvest([], SIDE).shape == (0, 3, SIDE, SIDE)


def test_spread_mirrors_a_patch_where_it_ends() -> None:
    patches = torch.rand(3, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    number, row, column = torch.tensor([2, 0]), torch.tensor([1, 6]), torch.tensor([0, 3])
    found = spread(patches, number, row, column, torch.empty(2, 3, 10, 13))
    there = np.pad(patches.numpy(), ((0, 0), (0, 0), (0, 20), (0, 20)), mode="symmetric")
    assert np.array_equal(found[0].numpy(), there[2, :, 1:11, :13])
    assert np.array_equal(found[1].numpy(), there[0, :, 6:16, 3:16])


def test_noise_comes_from_the_folder_and_is_each_samples_own(folder: Path) -> None:
    canvas = Canvas.of(torch.full((200, 3, SIDE, SIDE), 0.5))
    result = noise_patches(folder, SIDE)(canvas, Draws(200, seed=0)).image
    there = np.pad(
        harvest([photo(0), photo(1)], SIDE).numpy(), ((0, 0), (0, 0), (0, 2 * SIDE), (0, 2 * SIDE)), "symmetric"
    )
    places = range(2 * SIDE)
    known = [there[:, :, row : row + SIDE, column : column + SIDE] for row in places for column in places]
    distances = torch.cdist((result - 0.5).flatten(1), torch.from_numpy(np.concatenate(known)).flatten(1))
    assert distances.amin(1).max() < 1e-3 and distances.median() > 0.1  # cdist cancels
    assert len(result.unique(dim=0)) > 150
    again = noise_patches(folder, SIDE)(canvas, Draws(200, seed=0)).image
    assert torch.equal(result, again)


def test_patches_and_places_are_drawn_evenly(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = module.spread
    monkeypatch.setattr(module, "spread", lambda *arguments: (calls.append(arguments), original(*arguments))[1])
    noise_patches(folder, SIDE)(Canvas.of(torch.zeros(4000, 3, 1, 1)), Draws(4000, seed=1))
    for drawn, choices in zip(calls[0][1:4], (8, 2 * SIDE, 2 * SIDE), strict=True):
        assert stats.chisquare(torch.bincount(drawn, minlength=choices).numpy()).pvalue > 0.01


def test_the_result_is_clamped(folder: Path) -> None:
    result = noise_patches(folder, SIDE)(Canvas.of(torch.zeros(4, 3, 20, 30)), Draws(4, seed=0)).image
    assert result.min() == 0 and result.max() > 0


def test_shapes_need_no_values(folder: Path) -> None:
    canvas = Canvas.of(torch.empty(2, 3, 11, 30, device="meta"))
    result = noise_patches(folder, SIDE)(canvas, Draws(2, 0, "meta")).image
    assert result.is_meta and result.shape == (2, 3, 11, 30)


def test_a_folder_without_flat_patches_is_refused(folder: Path) -> None:
    with pytest.raises(
        DataError, match=r"no flat patch of 64x64 pixels in the 2 images of .* A smaller side or a wider"
    ):
        noise_patches(folder)
    with pytest.raises(DataError, match="folder: there is no folder"):
        noise_patches(folder / "absent")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"side": 1}, "side is 1; expected 2 pixels or more"),
        ({"variance": (20, 1)}, r"variance is \(20, 1\); expected the smaller number first"),
        ({"brightness": (0, 256)}, r"brightness is \(0, 256\); expected two finite numbers from 0 to 255"),
    ],
)
def test_what_cannot_be_is_refused(folder: Path, arguments: dict, message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        noise_patches(folder, **arguments)
