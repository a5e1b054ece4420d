"""`gansr degrade --fit`: hidden degradations are found again, files are of use, and what cannot be measured is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from gansr.build.degrading.degradations import pipeline
from gansr.data.degradations.pipeline import Degradation
from gansr.options.load import dump, load
from gansr.options.pipeline_file import read_pipeline

Make = Callable[..., Any]
COUNT, SIDE = 10, 160


def photo(seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None])
    frequency[0, 0] = np.inf
    plane = np.fft.irfft2(np.fft.rfft2(random.normal(size=(SIDE, SIDE))) * frequency**-1.5, s=(SIDE, SIDE))
    tint = random.uniform(0.8, 1.2, 3)
    return (125 + 35 * (plane / plane.std())[..., None] * tint).round().clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def sharp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sharp")
    for number in range(COUNT):
        Image.fromarray(photo(number)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def real(tmp_path: Path, options_file: Make) -> Callable[..., Path]:
    """Makes a folder of LR of other photos; the rows are those of a file."""

    def make(*rows: dict[str, Any], suffix: str = ".png", **settings: Any) -> Path:
        found = read_pipeline(options_file({"scale": 2, "degradation": list(rows)}, "hidden.yml"))
        degradation, folder = Degradation(pipeline(found.degradation, 2), 2, margin=0), tmp_path / "real"
        folder.mkdir()
        for number in range(COUNT):
            image = torch.tensor(photo(100 + number)).permute(2, 0, 1)[None] / 255
            small = degradation(image, number)[0].mul(255).round().byte().permute(1, 2, 0).numpy()
            Image.fromarray(small).save(folder / f"{number}{suffix}", **settings)
        return folder

    return make


BLUR = {"type": "gaussian", "sigma": [1.6, 1.6]}
SMALL = {"type": "matlab_bicubic"}
NOISE = {"type": "gaussian_noise", "sigma": [12, 12], "grey_probability": 0}


def fitted(path: Path) -> dict[str, dict[str, Any]]:
    return {row["type"]: row for row in yaml.safe_load(path.read_text("utf-8"))["degradation"]}


def test_blur_and_noise_are_found_again(gansr: Make, sharp: Path, real: Make, tmp_path: Path) -> None:
    target = tmp_path / "made" / "fitted.yml"
    result = gansr("degrade", "--fit", real(BLUR, SMALL, NOISE), sharp, "-o", target, "--scale", 2)
    assert result.code == 0 and "spectrum, dB" in result.out and "Wrote" in result.out
    found = fitted(target)
    assert list(found) == ["gaussian", "matlab_bicubic", "gaussian_noise", "to_8_bit"]
    assert np.mean(found["gaussian"]["sigma"]) == pytest.approx(1.6, abs=0.3)
    assert np.mean(found["gaussian_noise"]["sigma"]) == pytest.approx(12, abs=0.6)
    assert found["gaussian_noise"]["grey_probability"] < 0.1
    with Image.open(target.with_suffix(".png")) as picture:
        assert len(np.unique(np.array(picture).reshape(-1, 3), axis=0)) > 3


def test_files_of_jpeg_tell_their_quality(
    gansr: Make, sharp: Path, real: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gansr.data.calibration.fit.STEPS", 2)
    target = tmp_path / "fitted.yml"
    folder = real(SMALL, suffix=".jpg", quality=35)
    assert gansr("degrade", "--fit", folder, sharp, "-o", target, "--scale", 2).code == 0
    assert fitted(target)["jpeg"] == {"type": "jpeg", "quality": [35, 35], "whole": True, "tables": "libjpeg"}


def test_the_same_seed_gives_the_same_file(
    gansr: Make, sharp: Path, real: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gansr.data.calibration.fit.STEPS", 2)
    folder, targets = real(SMALL, {**NOISE, "sigma": [3, 25]}), [tmp_path / f"{name}.yml" for name in "abc"]
    for target, seed in zip(targets, (1, 1, 2), strict=True):
        assert gansr("degrade", "--fit", folder, sharp, "-o", target, "--scale", 2, "--seed", seed).code == 0
    one, again, other = (target.read_text() for target in targets)
    assert one == again != other
    assert targets[0].with_suffix(".png").read_bytes() == targets[1].with_suffix(".png").read_bytes()


PIPELINE = {"scale": 2, "degradation": [BLUR, SMALL, NOISE, {"type": "jpeg", "when": 0.5}, {"type": "to_8_bit"}]}


def test_a_fitted_file_is_a_preset(gansr: Make, sharp: Path, options_file: Make, tmp_path: Path) -> None:
    file = options_file(PIPELINE, "fitted.yml")
    assert gansr("degrade", sharp / "0.png", "-o", tmp_path / "lr", "--preset", file).code == 0
    with Image.open(tmp_path / "lr" / "0.png") as image:
        assert image.size == (SIDE // 2, SIDE // 2)
    refused = gansr("degrade", sharp, "-o", tmp_path / "lr", "--preset", file, "--scale", 4)
    assert refused.code == 2 and "this pipeline was made for x2, and x4 is asked for" in refused.err


def test_options_take_its_rows(gansr: Make, options_file: Make, tree: Make) -> None:
    """And saved options need the file no more."""
    file = options_file(PIPELINE, "fitted.yml")
    path = options_file(tree(data__train__degradation=str(file), data__train__margin=8))
    (options,) = load(path)
    rows = options.data.train.degradation
    assert isinstance(rows, tuple) and [row.type for row in rows] == [row["type"] for row in PIPELINE["degradation"]]
    file.unlink()
    assert load(options_file(dump(options), "saved.yml"))[0].data == options.data
    assert gansr("check", options_file(dump(options), "saved.yml")).code == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"scale": 2}, "degradation"),
        ({"scale": 2, "degradation": []}, "degradation"),
        ({**PIPELINE, "degradatoin": 1}, "degradatoin"),
        ({**PIPELINE, "scale": 4}, "made for x4, and x2 is asked for"),
        ({**PIPELINE, "degradation": [{"sigma": 1}]}, "type"),
    ],
)
def test_files_that_hold_no_pipeline(gansr: Make, options_file: Make, tree: Make, content: Any, message: str) -> None:
    file = options_file(content, "fitted.yml")
    result = gansr("check", options_file(tree(data__train__degradation=str(file))))
    assert result.code == 2 and "fitted.yml" in result.err and message in result.err


def test_several_scales_are_refused(gansr: Make, options_file: Make, tree: Make) -> None:
    file = options_file(PIPELINE, "fitted.yml")
    options = tree(data__train__degradation=str(file), data__train__scales=[2, 3])
    result = gansr("check", options_file(options))
    assert result.code == 2 and "is made for one scale, and this run has [2, 3]" in result.err


def filled(folder: Path, count: int, side: int = 96, level: int | None = None) -> Path:
    folder.mkdir()
    for number in range(count):
        image = photo(number)[:side, :side] if level is None else np.full((side, side, 3), level, np.uint8)
        Image.fromarray(image).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder, "--fit: "),
        (lambda folder: filled(folder, 0), "--fit: "),
        (lambda folder: filled(folder, 3), "3 images that can be measured; expected at least 8"),
        (lambda folder: filled(folder, 9, side=40), "Of 9, 9 are smaller than 64x64 pixels and 0 show one colour"),
        (lambda folder: filled(folder, 9, level=0), "Of 9, 0 are smaller than 64x64 pixels and 9 show one colour"),
    ],
)
def test_lr_that_cannot_be_measured(gansr: Make, sharp: Path, tmp_path: Path, make: Make, message: str) -> None:
    result = gansr("degrade", "--fit", make(tmp_path / "lr"), sharp, "-o", tmp_path / "f.yml", "--scale", 2)
    assert result.code == 2 and message in result.err and not (tmp_path / "f.yml").exists()


def test_a_broken_image_is_named(gansr: Make, sharp: Path, tmp_path: Path) -> None:
    folder = filled(tmp_path / "lr", 9)
    (folder / "5.png").write_bytes(b"nothing")
    result = gansr("degrade", "--fit", folder, sharp, "-o", tmp_path / "f.yml", "--scale", 2)
    assert result.code == 2 and "5.png cannot be read" in result.err


def test_sharp_photos_are_large_enough(gansr: Make, sharp: Path, tmp_path: Path) -> None:
    result = gansr("degrade", "--fit", filled(tmp_path / "lr", 9), sharp, "-o", tmp_path / "f.yml", "--scale", 4)
    assert result.code == 2 and "SOURCE" in result.err and "10 are smaller than 256x256 pixels" in result.err


def test_what_is_left_out_is_said(gansr: Make, sharp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gansr.data.calibration.fit.STEPS", 1)
    folder = filled(tmp_path / "lr", 9)
    Image.new("RGB", (90, 90)).save(folder / "black.png")
    result = gansr("degrade", "--fit", folder, sharp, "-o", tmp_path / "f.yml", "--scale", 2)
    assert result.code == 0 and "1 show one colour only; they are left out" in result.out


def test_fit_goes_with_neither_preset_nor_grid(gansr: Make, sharp: Path, tmp_path: Path) -> None:
    for more in (("--preset", "bicubic"), ("--grid", "2x2")):
        result = gansr("degrade", "--fit", sharp, sharp, "-o", tmp_path / "f.yml", *more)
        assert result.code == 2 and "give neither --preset nor --grid" in result.err
    result = gansr("degrade", "--fit", sharp, sharp, "-o", tmp_path / "folder")
    assert result.code == 2 and "expected a file that ends in .yml" in result.err
