"""The domain audit: differences that were put there are named, with their numbers, and what is not as it should be."""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from gansr.data.unpaired import words
from gansr.data.unpaired.audit import audit
from gansr.data.unpaired.look import look_at
from gansr.imaging.resize import reduce_uint8

COUNT, SCALE, SIDE = 10, 2, 144
Change = Callable[[np.ndarray], np.ndarray]


def photo(seed: int, tint: float = 0.2) -> np.ndarray:
    """Levels with the spectrum of photos."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    frequency[0, 0] = np.inf
    plane = np.fft.irfft2(np.fft.rfft2(random.normal(size=(SIDE, SIDE))) * frequency**-1.5, s=(SIDE, SIDE))
    tints = random.uniform(1 - tint, 1 + tint, 3)
    return (125 + 35 * (plane / plane.std())[..., None] * tints).round().clip(0, 255).astype(np.uint8)


def small(image: np.ndarray) -> np.ndarray:
    return reduce_uint8(torch.from_numpy(image).permute(2, 0, 1)[None], SCALE)[0].permute(1, 2, 0).numpy()


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., list[Path]]:
    """Makes photos number `first` and so on, changed, and returns their files."""

    def make(
        name: str, first: int, change: Change = small, count: int = COUNT, suffix: str = ".png", **settings: Any
    ) -> list[Path]:
        (tmp_path / name).mkdir()
        files = [tmp_path / name / f"{number}{suffix}" for number in range(count)]
        for number, file in enumerate(files, first):
            Image.fromarray(change(photo(number))).save(file, **settings)
        return files

    return make


@pytest.fixture(scope="module")
def hr(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Photos number 0 to 9, not to be changed."""
    files = [tmp_path_factory.mktemp("sharp") / "0.png"]
    files += [files[0].with_name(f"{number}.png") for number in range(1, COUNT)]
    for number, file in enumerate(files):
        Image.fromarray(photo(number)).save(file)
    return files


def said(hr: list[Path], real_lr: list[Path]) -> tuple[str, str]:
    found = audit(hr, real_lr, SCALE)
    return ". ".join(words.facts(found)), ". ".join(words.warnings(found))


def number(text: str, pattern: str) -> float:
    found = re.search(pattern.replace("#", r"([\d.]+)"), text)
    assert found, f"'{pattern}' is not in: {text}"
    return float(found[1])


def noisy(image: np.ndarray) -> np.ndarray:
    lr = small(image)
    noise = np.random.default_rng(int(image[0, 0, 0])).normal(0, 15, lr.shape)
    return (lr + noise).round().clip(0, 255).astype(np.uint8)


def blurred(image: np.ndarray) -> np.ndarray:
    return small(np.array(Image.fromarray(image).filter(ImageFilter.GaussianBlur(1.6))))


def darker(image: np.ndarray) -> np.ndarray:
    return (small(image) * 0.7).astype(np.uint8)


def bluish(image: np.ndarray) -> np.ndarray:
    return (small(image) + np.array((0, 0, 24))).clip(0, 255).astype(np.uint8)


def test_sides_that_differ_in_what_they_show_alone_are_called_alike(hr: list[Path], folder: Any) -> None:
    facts, warnings = said(hr, folder("lr", 100))
    assert not facts and "nothing was found that tells real LR from HR" in warnings


def test_noise_is_named_with_its_strength(hr: list[Path], folder: Any) -> None:
    facts, warnings = said(hr, folder("lr", 100, noisy))
    assert number(facts, "noise of # levels") == pytest.approx(15, abs=1.5)
    assert "more power in its finest detail" in facts and not warnings


def test_blur_is_named_with_its_width(hr: list[Path], folder: Any) -> None:
    facts, _ = said(hr, folder("lr", 100, blurred))
    assert number(facts, "blurred by about # HR pixels") == pytest.approx(1.6, abs=0.3)
    assert "less power in its finest detail" in facts and "noise of" not in facts


def test_darkness_and_contrast_are_named(hr: list[Path], folder: Any) -> None:
    facts, _ = said(hr, folder("lr", 100, darker))
    assert number(facts, "real LR is # levels darker") == pytest.approx(0.3 * 125, abs=3)
    assert number(facts, "has # % less contrast") == pytest.approx(30, abs=5)


def test_a_cast_is_named_by_its_colours(hr: list[Path], folder: Any) -> None:
    facts, _ = said(hr, folder("lr", 100, bluish))
    assert number(facts, "# levels more blue") == pytest.approx(16, abs=2) and "less red" in facts


def test_differences_that_chance_may_have_made_are_not_named(folder: Any) -> None:
    """Three photos each, whose brightness differs by 20 levels from one to the next."""

    def shifted(image: np.ndarray) -> np.ndarray:
        shift = np.random.default_rng(int(image.sum())).normal(0, 20)
        return (image + shift).clip(0, 255).astype(np.uint8)

    one, other = folder("one", 0, shifted, 3), folder("other", 10, lambda image: small(shifted(image)), 3)
    assert "darker" not in said(one, other)[0] and "brighter" not in said(one, other)[0]


def test_jpeg_is_found_in_files_and_in_pixels(hr: list[Path], folder: Any, tmp_path: Path) -> None:
    files = folder("lr", 100, suffix=".jpg", quality=60)
    assert "all of real LR is JPEG, of quality 60 (median)" in said(hr, files)[0]
    (tmp_path / "png").mkdir()
    decoded = [tmp_path / "png" / f"{file.stem}.png" for file in files]
    for file, target in zip(files, decoded, strict=True):
        Image.open(file).save(target)
    assert number(said(hr, decoded)[0], "JPEG, of quality #") == pytest.approx(60, abs=4)


def test_bad_jpeg_as_hr_is_a_warning(folder: Any) -> None:
    bad = folder("hr", 0, lambda image: image, suffix=".jpg", quality=40)
    assert "10 of 10 HR photos are JPEG of a quality below 75" in said(bad, folder("lr", 100, noisy))[1]


def test_the_hr_folder_as_real_lr_is_recognised(hr: list[Path], tmp_path: Path) -> None:
    shutil.copytree(hr[0].parent, tmp_path / "copy")
    copies = sorted((tmp_path / "copy").iterdir())
    warning = said(hr, copies)[1]
    assert "10 of 10 real LR photos look like the very same images as HR, 10 of them byte for byte" in warning
    assert "is real_lr the HR folder?" in warning and str(tmp_path / "copy") in warning


def test_and_so_it_is_after_another_compression(hr: list[Path], folder: Any) -> None:
    warning = said(hr, folder("lr", 0, lambda image: image, suffix=".jpg", quality=50))[1]
    assert "10 of 10 real LR photos look like the very same images as HR: is real_lr the HR folder?" in warning


def test_lr_of_the_same_scenes_are_pairs_that_nobody_uses(hr: list[Path], folder: Any) -> None:
    warning = said(hr, folder("lr", 5, noisy))[1]
    assert "5 of 10 real LR photos show the same scenes as HR photos" in warning and "data.train.lr" in warning


def test_folders_that_were_exchanged(hr: list[Path], folder: Any) -> None:
    assert "are the folders exchanged?" in said(folder("lr", 100), hr)[1]


def test_grey_photos_against_colour(hr: list[Path], folder: Any) -> None:
    grey = folder("lr", 100, lambda image: np.repeat(noisy(image)[..., :1], 3, 2))
    assert "100 % of real LR and 0 % of HR are grey" in said(hr, grey)[1]


@pytest.mark.parametrize("count", [1, 2])
def test_few_photos_are_measured_and_warned_of(hr: list[Path], folder: Any, count: int) -> None:
    facts, warnings = said(hr, folder("lr", 100, darker, count))
    number = {1: "real LR is one photo only", 2: "real LR has 2 photos only"}[count]
    assert number in warnings and "HR is" not in warnings
    assert not facts, "nothing is said of others"


def test_photos_of_one_colour_are_left_out_and_counted(hr: list[Path], folder: Any) -> None:
    assert "10 of 10 photos of real LR show one colour only" in said(hr, folder("lr", 100, lambda i: small(i) * 0))[1]
    found = audit(hr, folder("others", 100, lambda i: small(i) * 0 + 7), SCALE)
    assert not found.measurable and found.picture() is None and not words.facts(found) and words.table(found)


def test_photos_smaller_than_the_window_of_spectra(folder: Any) -> None:
    """Faces of 16x16 pixels."""
    one = folder("hr", 0, lambda image: image[:32, :32])
    facts, _ = said(one, folder("lr", 100, lambda image: noisy(image[:32, :32])))
    assert number(facts, "noise of # levels") == pytest.approx(15, abs=5)


def test_the_same_twice_and_a_picture(hr: list[Path], folder: Any) -> None:
    lr = folder("lr", 100, noisy)
    one, other = audit(hr, lr, SCALE), audit(hr, lr, SCALE)
    assert words.table(one) == words.table(other) and words.facts(one) == words.facts(other)
    picture = one.picture()
    assert picture is not None and picture.shape == (460, 760, 3) and len(np.unique(picture.reshape(-1, 3), axis=0)) > 3


def test_a_large_folder_is_sampled_evenly(hr: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gansr.data.unpaired.look.MOST", 5)
    found = look_at(hr, SCALE)
    assert found.count == 10 and [look.file for look in found.looks] == hr[::2]


def test_photos_of_people(shared: Path) -> None:
    """Halves of BSDS300 differ by chance alone, and a hundred photos each take seconds."""
    files = sorted((shared / "data" / "BSDS300_train").rglob("*.jpg"))
    start = time.process_time()
    found = audit(files[::2], files[1::2], 2)
    assert time.process_time() - start < 15
    assert found.twins.count == 0
    assert not any("darker" in fact or "brighter" in fact or "contrast" in fact for fact in words.facts(found))
