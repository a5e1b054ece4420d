import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from gansr.errors import DataError
from gansr.metrics.fidelity.ssim import SSIM


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:29, :33] / 5
    hr = 128 + 90 * np.stack([np.sin(rows), np.cos(columns), np.sin(rows * columns)])
    sr = hr + random.normal(0, 12, hr.shape)
    return tuple(torch.tensor(image.clip(0, 255).astype(np.uint8)) for image in (sr, hr))


def by_hand(first: np.ndarray, second: np.ndarray) -> float:
    """The formula of Wang et al., window by window."""
    taps = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window = np.outer(taps, taps) / taps.sum() ** 2
    c1, c2, values = (0.01 * 255) ** 2, (0.03 * 255) ** 2, []
    for row in range(first.shape[0] - 10):
        for column in range(first.shape[1] - 10):
            a, b = (image[row : row + 11, column : column + 11] for image in (first, second))
            mean_a, mean_b = (window * a).sum(), (window * b).sum()
            var_a, var_b = (window * (a - mean_a) ** 2).sum(), (window * (b - mean_b) ** 2).sum()
            both = (window * (a - mean_a) * (b - mean_b)).sum()
            values.append(
                (2 * mean_a * mean_b + c1) * (2 * both + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
            )
    return float(np.mean(values))


def y(image: torch.Tensor) -> np.ndarray:
    red, green, blue = image.numpy() / 255
    return 16 + 65.481 * red + 128.553 * green + 24.966 * blue


def test_equals_the_formula(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    sr, hr = pair
    inside = (slice(2, -2), slice(2, -2))
    assert SSIM(2, round_y=False)(sr, hr) == pytest.approx(by_hand(y(sr)[inside], y(hr)[inside]), abs=1e-9)
    channels = [by_hand(a.numpy().astype(float), b.numpy().astype(float)) for a, b in zip(sr, hr, strict=True)]
    assert SSIM(2, "rgb", border=0)(sr, hr) == pytest.approx(np.mean(channels), abs=1e-9)


def test_equals_scikit_image(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    sr, hr = (y(image) for image in pair)
    expected = structural_similarity(
        sr, hr, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )[1][5:-5, 5:-5].mean()
    assert SSIM(2, border=0, round_y=False)(*pair) == pytest.approx(expected, abs=1e-9)


def test_grey_is_compared_as_it_is(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    sr, hr = (image[:1] for image in pair)
    assert SSIM(2, border=0)(sr, hr) == pytest.approx(by_hand(sr[0].numpy() / 1.0, hr[0].numpy() / 1.0), abs=1e-9)


def test_identical_images_score_one(pair: tuple[torch.Tensor, torch.Tensor]) -> None:
    assert SSIM(2)(pair[1], pair[1]) == pytest.approx(1, abs=1e-12)


def test_too_small_for_the_window() -> None:
    image = torch.zeros(3, 14, 30, dtype=torch.uint8)
    with pytest.raises(DataError, match="11x11 pixels inside the border of 2; this image has 26x10"):
        SSIM(2)(image, image)
