import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from gansr.build.making import parts
from gansr.data.files.images import read_image, write_image
from gansr.errors import DataError, OptionsError, WeightsError
from gansr.imaging.resize import reduce
from gansr.inference.bicubic import Bicubic
from gansr.metrics.natural.natural_statistics import asymmetric_gaussian, block_statistics, normalised
from gansr.metrics.natural.niqe import NIQE
from gansr.options.load import validate


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Gaussian of 36 numbers that no photos have."""
    random = np.random.default_rng(1)
    root = random.normal(size=(36, 36))
    path = tmp_path_factory.mktemp("niqe") / "pristine.npz"
    np.savez(path, mu_pris_param=random.normal(size=(1, 36)), cov_pris_param=root @ root.T / 36 + 0.1 * np.eye(36))
    return path


@pytest.fixture(scope="module")
def niqe(file: Path) -> NIQE:
    return NIQE(4, str(file))


def texture(height: int, width: int, channels: int = 1, seed: int = 0) -> torch.Tensor:
    """Correlated noise around mid-grey, uint8 (channels, height, width), from 40 to 215."""
    random = np.random.default_rng(seed)
    noise = np.cumsum(random.normal(0, 6, (channels, height, width)), 1)
    levels = 128 + 25 * np.sin(noise / 8) + random.normal(0, 5, noise.shape)
    return torch.tensor(levels.clip(40, 215).astype(np.uint8))


# The definition once more, pixel by pixel where that is bearable, with nothing of ours.


def slow_halved(plane: np.ndarray) -> np.ndarray:
    """imresize(plane, 0.5): the cubic of a = -0.5, twice as wide, mirrored at the border."""

    def cubic(x: float) -> float:
        x = abs(x)
        if x <= 1:
            return 1.5 * x**3 - 2.5 * x**2 + 1
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0

    def rows(values: np.ndarray) -> np.ndarray:
        n, found = len(values), []
        for i in range(n // 2):
            taps = range(2 * i - 4, 2 * i + 6)
            weights = [cubic((2 * i + 0.5 - tap) / 2) / 2 for tap in taps]
            inside = [-tap - 1 if tap < 0 else 2 * n - 1 - tap if tap >= n else tap for tap in taps]
            found.append(sum(w * values[at] for w, at in zip(weights, inside, strict=True)) / sum(weights))
        return np.array(found)

    return rows(rows(plane).T).T


def slow_normalised(plane: np.ndarray) -> np.ndarray:
    sigma = 7 / 6
    window = np.array(
        [[math.exp(-(x * x + y * y) / 2 / sigma**2) for x in range(-3, 4)] for y in range(-3, 4)], dtype=float
    )
    window /= window.sum()
    padded = np.pad(plane, 3, mode="edge")
    result = np.empty_like(plane)
    for y, x in np.ndindex(plane.shape):
        around = padded[y : y + 7, x : x + 7]
        mean = (window * around).sum()
        deviation = math.sqrt((window * (around - mean) ** 2).sum())
        result[y, x] = (plane[y, x] - mean if np.ptp(around) else 0.0) / (deviation + 1)
    return result


TABLE = [0.2 + 0.001 * k for k in range(9801)]
RATIOS = np.array([math.gamma(2 / a) ** 2 / (math.gamma(1 / a) * math.gamma(3 / a)) for a in TABLE])


def slow_fit(x: np.ndarray) -> tuple[float, float, float]:
    left, right = (math.sqrt(np.mean(part**2)) for part in (x[x < 0], x[x > 0]))
    g = left / right
    wanted = np.mean(np.abs(x)) ** 2 / np.mean(x**2) * (g**3 + 1) * (g + 1) / (g**2 + 1) ** 2
    a = TABLE[int(np.argmin((RATIOS - wanted) ** 2))]
    factor = math.sqrt(math.gamma(1 / a) / math.gamma(3 / a))
    return a, left * factor, right * factor


def slow_statistics(block: np.ndarray) -> list[float]:
    a, left, right = slow_fit(block.ravel())
    found = [a, (left + right) / 2]
    height, width = block.shape
    for down, along in ((0, 1), (1, 0), (1, 1), (1, -1)):
        y, x = np.mgrid[:height, :width]
        a, left, right = slow_fit((block * block[(y - down) % height, (x - along) % width]).ravel())
        found += [a, (right - left) * math.gamma(2 / a) / math.gamma(1 / a), left, right]
    return found


def slow_blocks(plane: np.ndarray) -> np.ndarray:
    plane = plane[: plane.shape[0] // 96 * 96, : plane.shape[1] // 96 * 96]
    scales = [(slow_normalised(image), side) for image, side in ((plane, 96), (slow_halved(plane), 48))]
    rows, columns = (side // 96 for side in plane.shape)
    return np.array(
        [
            [v for m, s in scales for v in slow_statistics(m[y * s : (y + 1) * s, x * s : (x + 1) * s])]
            for y in range(rows)
            for x in range(columns)
        ]
    )


def test_statistics_and_distance_are_the_definitions(niqe: NIQE, file: Path) -> None:
    image = texture(100, 200)
    expected = slow_blocks(image[0].numpy().astype(float))
    found = block_statistics(image[0].double()).numpy()
    assert found.shape == (2, 36)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
    pristine = np.load(file)
    difference = pristine["mu_pris_param"][0] - expected.mean(0)
    spread = expected - expected.mean(0)
    inverse = np.linalg.pinv((pristine["cov_pris_param"] + spread.T @ spread / (len(expected) - 1)) / 2)
    assert niqe(image) == pytest.approx(math.sqrt(difference @ inverse @ difference), rel=1e-6)


def test_flat_pixels_are_on_neither_side_of_0() -> None:
    image = texture(96, 192)
    image[:, 20:80, 10:180] = 25  # its weighted mean is not 25 in floating point; that of 77, say, is
    found = block_statistics(image[0].double()).numpy()
    np.testing.assert_allclose(found, slow_blocks(image[0].numpy().astype(float)), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("shape", "left", "right"), [(2.0, 1.0, 1.0), (1.0, 0.5, 2.0), (0.8, 3.0, 1.0)])
def test_a_distribution_is_found_again(shape: float, left: float, right: float) -> None:
    random = np.random.default_rng(0)
    n = 400_000
    size = random.gamma(1 / shape, size=n) ** (1 / shape)
    negative = random.random(n) < left / (left + right)
    samples = torch.tensor(np.where(negative, -left * size, right * size))[None]
    found = [value.item() for value in asymmetric_gaussian(samples)]
    assert found == pytest.approx([shape, left, right], rel=0.02)


def test_brightness_rotation_and_what_is_beyond_the_blocks_do_not_count(niqe: NIQE) -> None:
    image = texture(192, 192)
    score = niqe(image)
    assert niqe(image + 30) == pytest.approx(score, rel=1e-6)
    assert niqe(image.rot90(2, (1, 2))) == pytest.approx(score, rel=1e-6)
    assert niqe(image.flip(2)) != pytest.approx(score, rel=1e-6)  # the two diagonals are different numbers
    wider = torch.cat([image, texture(192, 95, seed=5)], 2)
    assert niqe(wider) == score
    assert niqe(image, 255 - image) == niqe(image, texture(7, 5)) == score


def test_colours(file: Path) -> None:
    colour = texture(200, 200, 3)
    red, green, blue = colour.long()  # thousandths of 255ths, in whole numbers
    y = 65481 * red + 128553 * green + 24966 * blue + 16 * 255_000
    grey = (0.298936 * red + 0.587043 * green + 0.114021 * blue).round()
    of_y, of_grey = NIQE(4, str(file)), NIQE(4, str(file), "grey")
    assert of_y.plane(colour).equal(((y + 127_500) // 255_000).double())
    assert of_grey.plane(colour).equal(grey)
    for metric in (of_y, of_grey):
        assert metric(colour) == metric(metric.plane(colour).to(torch.uint8)[None])
    assert of_y(colour) != of_grey(colour)


def test_border(niqe: NIQE, file: Path) -> None:
    image = texture(200, 200, 3)
    inner = image[:, 4:-4, 4:-4]
    assert NIQE(4, str(file), border=None)(image) == NIQE(2, str(file), border=4)(image) == niqe(inner)
    assert niqe(inner) != niqe(image)


def test_flat_blocks(niqe: NIQE, file: Path) -> None:
    image = texture(192, 192)
    image[:, :112, :112] = 25
    found = block_statistics(image[0].double())
    assert found.isnan().any(1).tolist() == [True, False, False, False]
    assert found[0, 0] == found[0, 18] == 0.2 and found[0, [1, 3, 4, 5, 19]].isnan().all()
    pristine, whole = np.load(file), found[1:].numpy()
    difference = pristine["mu_pris_param"][0] - np.nanmean(found.numpy(), 0)  # the flat block's shapes count
    inverse = np.linalg.pinv((pristine["cov_pris_param"] + np.cov(whole, rowvar=False)) / 2)
    assert niqe(image) == pytest.approx(math.sqrt(difference @ inverse @ difference), rel=1e-6)
    assert niqe(torch.full((3, 192, 192), 25, dtype=torch.uint8)) == math.inf


def test_too_small(niqe: NIQE) -> None:
    assert math.isfinite(niqe(texture(96, 192)))
    with pytest.raises(DataError, match=r"two whole blocks of 96x96 .* this image has 191x191"):
        niqe(texture(191, 191))
    with pytest.raises(DataError, match="two whole blocks"):
        niqe(texture(95, 2000))


def test_files_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"nowhere\.npz': no such file or directory\. Bring an \.npz"):
        NIQE(4, str(tmp_path / "nowhere.npz"))
    (tmp_path / "text.npz").write_text("no weights")
    np.savez(tmp_path / "other.npz", weight=np.zeros(3))
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.savez(tmp_path / "shape.npz", mu_pris_param=np.zeros(35), cov_pris_param=np.eye(36))
    np.savez(tmp_path / "nan.npz", mu_pris_param=np.zeros(36), cov_pris_param=np.full((36, 36), np.nan))
    for name in ("text.npz", "other.npz", "array.npy", "shape.npz", "nan.npz", "."):
        with pytest.raises(WeightsError, match=r"mu_pris_param \(36 numbers\)"):
            NIQE(4, str(tmp_path / name))


def test_a_row_of_validation(tree: Callable[..., Any], file: Path) -> None:
    row = {"type": "niqe", "weights": str(file), "border": None}
    metric = parts.metrics(validate(tree(validation__metrics={"natural": row}), "options"), 2)["natural"]
    assert metric.protocol == (
        "NIQE (pristine.npz), 8-bit Y of BT.601 studio range, 2 px border cropped, 96x96 blocks; without ground truth"
    )
    with pytest.raises(OptionsError, match=r"validation\.metrics\.natural.*weights"):
        parts.metrics(validate(tree(validation__metrics={"natural": {"type": "niqe"}}), "options"), 2)


def test_evaluate_prints_it(gansr: Callable[..., Any], tmp_path: Path, file: Path, niqe: NIQE) -> None:
    hr = texture(192, 192, 3).permute(1, 2, 0).numpy()
    lr = np.ascontiguousarray(hr[::2, ::2])
    for side, image in (("hr", hr), ("lr", lr)):
        (tmp_path / side).mkdir()
        write_image(tmp_path / side / "a.png", image)
    row, on = f"{{type: niqe, weights: {file}}}", f"set={tmp_path / 'hr'}:{tmp_path / 'lr'}"
    result = gansr("evaluate", "bicubic", "--scale", 2, "--on", on, "--metric", row)
    expected = niqe(torch.tensor(Bicubic(2)(lr)).permute(2, 0, 1))
    assert result.code == 0 and f"{expected:.3f}" in result.out and "niqe ↓" in result.out
    missing = gansr("evaluate", "bicubic", "--scale", 2, "--on", on, "--metric", "niqe")
    assert missing.code == 2 and "weights" in missing.err


@pytest.fixture(scope="module")
def real(shared: Path) -> NIQE:
    return NIQE(4, str(shared / "weights" / "niqe_pristine.npz"))


def test_equals_matlab(real: NIQE, shared: Path) -> None:
    # BasicSR (basicsr/metrics/niqe.py) gives what the release says of this photo in MATLAB R2021a: 5.72957338.
    photo = torch.tensor(read_image(shared / "data" / "Set14" / "HR" / "baboon.png")).permute(2, 0, 1)
    assert real(photo) == pytest.approx(5.72957338, abs=2e-6)


def bsds(shared: Path) -> list[Image.Image]:
    """Photos that BSDS's authors took to train on, far apart in the order of their names."""
    files = sorted((shared / "data" / "BSDS300_train").rglob("*.jpg"))
    return [Image.open(file).convert("RGB") for file in files[::67]]


def blurred(photo: Image.Image, radius: float) -> Image.Image:
    return photo.filter(ImageFilter.GaussianBlur(radius)) if radius else photo


def noisy(photo: Image.Image, sigma: float) -> Image.Image:
    levels = np.asarray(photo)
    noise = np.random.default_rng(0).normal(0, sigma, levels.shape)
    return Image.fromarray((levels + noise).clip(0, 255).astype(np.uint8))


def compressed(photo: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=quality)
    return Image.open(file)


@pytest.mark.parametrize(
    ("spoilt", "levels"), [(blurred, (0, 1, 2, 4)), (noisy, (0, 10, 25, 50)), (compressed, (95, 50, 20, 10))]
)
def test_rises_with_blur_noise_and_jpeg(
    real: NIQE, shared: Path, spoilt: Callable[[Image.Image, Any], Image.Image], levels: tuple[int, ...]
) -> None:
    scores = [
        [real(torch.tensor(np.asarray(spoilt(photo, level))).permute(2, 0, 1)) for level in levels]
        for photo in bsds(shared)
    ]
    assert len(scores) == 3
    means = np.mean(scores, 0)
    assert (np.diff(means) > 0).all(), means
    assert means[0] < 4 < means[-1] and all(image[0] < image[-1] for image in scores)


def test_each_stage_on_a_photo_equals_the_definition(real: NIQE, shared: Path) -> None:
    image = torch.tensor(np.asarray(bsds(shared)[0])).permute(2, 0, 1)[:, :100, :200]
    red, green, blue = image.numpy().astype(float) / 255
    y = np.floor(16 + 65.481 * red + 128.553 * green + 24.966 * blue + 0.5 + 1e-9)
    plane = real.plane(image)
    np.testing.assert_array_equal(plane.numpy(), y)
    y, plane = y[:96, :192], plane[:96, :192]
    near: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-6}
    small = slow_halved(y)
    np.testing.assert_allclose(reduce(plane[None, None], 2)[0, 0].numpy(), small, **near)
    for own, slow in ((plane, y), (torch.tensor(small), small)):
        np.testing.assert_allclose(normalised(own[None, None])[0, 0].numpy(), slow_normalised(slow), **near)
    expected = slow_blocks(y)
    np.testing.assert_allclose(block_statistics(plane).numpy(), expected, **near)
    pristine = np.load(shared / "weights" / "niqe_pristine.npz")
    difference = pristine["mu_pris_param"].ravel() - expected.mean(0)
    spread = expected - expected.mean(0)
    inverse = np.linalg.pinv((pristine["cov_pris_param"] + spread.T @ spread / (len(expected) - 1)) / 2)
    assert real(image) == pytest.approx(math.sqrt(difference @ inverse @ difference), rel=1e-6)
