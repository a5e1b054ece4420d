import numpy as np
import pytest
import torch
from scipy.ndimage import correlate1d
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from gansr.errors import DataError
from gansr.metrics.fidelity.ms_ssim import MSSSIM
from gansr.metrics.fidelity.ssim import SSIM

EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def pair(height: int = 187, width: int = 201, noise: float = 15) -> tuple[torch.Tensor, torch.Tensor]:
    """Odd sizes: the coarser scales leave out the last row and column."""
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:height, :width] / 9
    hr = 128 + 90 * np.stack([np.sin(rows), np.cos(columns + rows), np.sin(rows * columns / 9)])
    sr = hr + random.normal(0, noise, hr.shape)
    return tuple(torch.tensor(image.clip(0, 255).astype(np.uint8)) for image in (sr, hr))


def by_hand(one: np.ndarray, other: np.ndarray) -> float:
    taps = np.exp(-((np.arange(11) - 5) ** 2) / 4.5)
    taps /= taps.sum()

    def mean(plane: np.ndarray) -> np.ndarray:
        return correlate1d(correlate1d(plane, taps, 0), taps, 1)[5:-5, 5:-5]

    c1, c2, product = 2.55**2, 7.65**2, 1.0
    for scale, exponent in enumerate(EXPONENTS):
        m, n = mean(one), mean(other)
        v, w, both = mean(one**2) - m**2, mean(other**2) - n**2, mean(one * other) - m * n
        value = (2 * both + c2) / (v + w + c2)
        if scale == 4:
            value = value * (2 * m * n + c1) / (m**2 + n**2 + c1)
        product *= max(value.mean(), 0.0) ** exponent
        h, w = (side // 2 * 2 for side in one.shape)
        one, other = (p[:h, :w].reshape(h // 2, 2, w // 2, 2).mean((1, 3)) for p in (one, other))
    return product


def test_equals_the_formula_and_rgb_is_the_mean_of_channels() -> None:
    sr, hr = pair()
    channels = [by_hand(a.numpy() / 1.0, b.numpy() / 1.0) for a, b in zip(sr, hr, strict=True)]
    assert MSSSIM(4, "rgb", 0)(sr, hr) == pytest.approx(np.mean(channels), abs=1e-9)
    assert 0.3 < np.mean(channels) < 0.99


def test_equals_torchmetrics_where_the_border_is_no_matter() -> None:
    """At the fifth scale torchmetrics counts windows that hang over the border: patterns of 16 are flat there."""
    random = np.random.default_rng(0)
    hr = np.tile(random.integers(60, 190, (1, 16, 16)), (1, 12, 13))
    sr = hr + np.tile(random.integers(-40, 60, (1, 16, 16)), (1, 12, 13))
    sr, hr = (torch.tensor(image.astype(np.uint8)) for image in (sr, hr))
    levels = [image[None].double() for image in (sr, hr)]
    expected = multiscale_structural_similarity_index_measure(*levels, data_range=255.0).item()
    assert expected < 0.99
    assert MSSSIM(4, border=0)(sr, hr) == pytest.approx(expected, abs=1e-7)


def test_y_and_border() -> None:
    sr, hr = pair(186, 200)
    planes = [
        (16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255 + 0.5).floor().numpy()[3:-3, 3:-3]
        for r, g, b in (sr.double(), hr.double())
    ]
    assert MSSSIM(3)(sr, hr) == pytest.approx(by_hand(*planes), abs=1e-6)


def test_bounds() -> None:
    sr, hr = pair()
    assert MSSSIM(4)(hr, hr) == pytest.approx(1, abs=1e-12)
    assert MSSSIM(4, "rgb", 0)(255 - hr, hr) == 0  # a negative mean counts as 0
    assert SSIM(4)(sr, hr) < MSSSIM(4)(sr, hr) < 1  # fine noise is gone at coarse scales


def test_too_small_for_five_scales() -> None:
    image = torch.zeros(3, 176, 400, dtype=torch.uint8)
    assert MSSSIM(4, border=0)(image, image) == 1
    with pytest.raises(DataError, match=r"MS-SSIM needs 176x176 pixels inside the border of 4.*has 392x168"):
        MSSSIM(4)(image, image)
