"""Single images: each fault planted in an image that has none."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter

from gansr.data.check.findings import Finding
from gansr.data.check.pixels.detail import detail, spectrum
from gansr.data.check.pixels.exposure import colourless, exposure
from gansr.data.check.pixels.quality import quality

BILINEAR, BICUBIC, LANCZOS = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS


def kinds(found: list[Finding]) -> list[str]:
    return [one.kind for one in found]


def test_nothing_is_said_of_good_images(photo: np.ndarray, another: np.ndarray) -> None:
    for image in (photo, another):
        assert quality(image, None) == [] and exposure(image) == [] and not colourless(image)


@pytest.mark.parametrize("kernel", [BILINEAR, BICUBIC, LANCZOS])
@pytest.mark.parametrize("factor", [1.5, 2, 4])
def test_enlarged(photo: np.ndarray, factor: float, kernel: Image.Resampling) -> None:
    size = (int(photo.shape[1] * factor), int(photo.shape[0] * factor))
    large = np.asarray(Image.fromarray(photo).resize(size, kernel))
    (found,) = quality(large, None)
    assert found.kind == "enlarged" and found.value is not None
    assert 0.74 <= found.value / factor <= 1.01


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_blurred(photo: np.ndarray, sigma: float) -> None:
    (found,) = quality(np.asarray(Image.fromarray(photo).filter(ImageFilter.GaussianBlur(sigma))), None)
    assert found.kind == "low_detail" and found.value == pytest.approx(sigma, rel=0.3)


@pytest.mark.parametrize(
    ("written", "severity", "cut"),
    [(40, "warning", 0), (80, "warning", 0), (95, "note", 0), (40, "warning", 3), (80, "warning", 3)],
)
def test_compressed_and_saved_as_png(photo: np.ndarray, written: int, severity: str, cut: int) -> None:
    stream = io.BytesIO()
    Image.fromarray(photo).save(stream, "JPEG", quality=written)
    (found,) = quality(np.asarray(Image.open(stream))[cut:, cut:], None)
    assert (found.kind, found.severity) == ("compressed", severity)
    assert found.value == pytest.approx(written, abs=2)


def test_a_jpeg_files_own_quality_is_believed(photo: np.ndarray) -> None:
    assert [(one.kind, one.value, one.severity) for one in quality(photo, 62)] == [("compressed", 62.0, "warning")]


def test_noise(photo: np.ndarray) -> None:
    random = np.random.default_rng(0)
    noisy = np.round(photo + random.normal(0, 20, photo.shape)).clip(0, 255).astype(np.uint8)
    (found,) = quality(noisy, None)
    assert (found.kind, found.severity) == ("noisy", "note")
    # Of independent noise in three channels, Y has 0.669 times the deviation; clipping takes some.
    assert found.value == pytest.approx(20 * 0.669, rel=0.12)


def test_nothing_but_noise() -> None:
    image = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    assert [(one.kind, one.severity) for one in quality(image, None)] == [("noisy", "warning")]


def test_texture_is_no_noise(photo: np.ndarray) -> None:
    """Fine detail that is only in one half: as strong at high frequencies, but not everywhere."""
    random = np.random.default_rng(0)
    half = photo.astype(float)
    half[:, :112] += random.normal(0, 30, half[:, :112].shape)
    assert "noisy" not in kinds(quality(half.clip(0, 255).astype(np.uint8), None))


def test_white_noise_has_its_variance_at_all_frequencies() -> None:
    plane = np.random.default_rng(0).normal(0, 10, (400, 400))
    assert spectrum(plane)[2:-1] == pytest.approx(np.full(30, 20.0), abs=0.7)  # 10 log10 of 10 squared


def test_the_smallest_image_that_has_a_spectrum() -> None:
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert detail(image[..., 0].astype(float)).own > 0
    assert quality(image[:63], None) == [] and quality(image[:20, :20], None) == []


@pytest.mark.parametrize("level", [0, 90, 255])
def test_blank(level: int) -> None:
    (found,) = exposure(np.full((40, 50, 3), level, np.uint8))
    assert found.kind == "blank"


def test_almost_blank() -> None:
    image = np.full((100, 100, 3), 240, np.uint8)
    image[50, 10:40] = 0  # 0.3 % of the pixels, and a deviation of 13 levels
    assert image.std() > 5 and kinds(exposure(image)) == ["blank"]
    image[40:50] = np.random.default_rng(0).integers(0, 256, (10, 100, 3))
    assert kinds(exposure(image)) != ["blank"]


def test_clipped(photo: np.ndarray) -> None:
    bright = (photo.astype(int) * 2 + 60).clip(0, 255).astype(np.uint8)
    (found,) = exposure(bright)
    assert found.kind == "clipped" and "white" in found.said
    assert found.value == pytest.approx(float((bright.min(2) == 255).mean()))


def test_narrow(photo: np.ndarray) -> None:
    assert kinds(exposure((photo // 8 + 100).astype(np.uint8))) == ["narrow"]


@pytest.mark.parametrize("level", [0, 255])
def test_frames(photo: np.ndarray, level: int) -> None:
    framed = photo.copy()
    framed[:12] = level
    framed[-9:] = level
    (found,) = exposure(framed)
    assert found.kind == "frame" and found.said == "12 at the top, 9 at the bottom (pixels)"
    turned = np.ascontiguousarray(framed.swapaxes(0, 1))
    assert exposure(turned)[0].said == "12 at the left, 9 at the right (pixels)"


def test_a_white_background_is_no_frame() -> None:
    """What is white around a thing ends at the thing, not along a line."""
    image = np.full((120, 120, 3), 255, np.uint8)
    image[30:90, 40:80] = np.random.default_rng(0).integers(0, 200, (60, 40, 3))
    assert "frame" not in kinds(exposure(image))


def test_colourless(photo: np.ndarray, saved: Callable[..., object]) -> None:
    assert colourless(np.repeat(photo[..., :1], 3, 2))
    tinted = np.repeat(photo[..., :1].astype(int), 3, 2) + np.array((0, 0, 6))
    assert not colourless(tinted.clip(0, 255).astype(np.uint8))
