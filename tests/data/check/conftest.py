"""Images with what photos have: edges, flat parts and detail of all sizes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def leaves(seed: int, height: int = 192, width: int = 224, count: int = 500) -> np.ndarray:
    """Discs of all sizes that hide each other ("dead leaves"): their spectrum falls as photos' do. uint8 (H, W, 3)."""
    random = np.random.default_rng(seed)
    fine = 3  # pixels are means of so many squared
    rows, columns = np.mgrid[: height * fine, : width * fine].astype(np.float32)
    picture = np.full((height * fine, width * fine, 3), 120, np.float32)
    radii = np.sort(6 * random.pareto(1.6, count) + 3)[::-1].clip(3, height)
    for radius in radii * fine / 2:
        down, right = random.uniform(0, height * fine), random.uniform(0, width * fine)
        top, left = (int(max(0, place - radius)) for place in (down, right))
        window = (slice(top, int(down + radius) + 2), slice(left, int(right + radius) + 2))
        inside = (rows[window] - down) ** 2 + (columns[window] - right) ** 2 < radius**2
        picture[window][inside] = random.uniform(20, 235, 3)
    small = picture.reshape(height, fine, width, fine, 3).mean((1, 3))
    grain = random.normal(0, 1.5, small.shape)
    return np.round(small + grain).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """One that is never changed."""
    image = leaves(0)
    image.flags.writeable = False
    return image


@pytest.fixture(scope="session")
def another() -> np.ndarray:
    """Another one."""
    image = leaves(1)
    image.flags.writeable = False
    return image


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Writes an array as a file."""

    def save(name: str, image: np.ndarray, **settings: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.squeeze()).save(path, **settings)  # pyright: ignore[reportArgumentType]
        return path

    return save
