"""What a run takes from its real LR: files in its folder, made once, read back, and batches of pairs made with them."""

import json
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image
from scipy import ndimage

from gansr.build.degrading import harvest as module
from gansr.build.degrading.harvest import _asked, harvest_rows, stand_in, with_rows
from gansr.build.feeding.data import maker, open_images, training_batches
from gansr.data.batch import Paired
from gansr.data.unpaired.sides import UnpairedFiles
from gansr.errors import DataError, OptionsError
from gansr.options.load import validate

Make = Callable[..., Any]
COUNT = 9


def photo(seed: int, side: int) -> np.ndarray:
    """Soft textures in levels, floats."""
    random = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequency[0, 0] = np.inf
    plane = np.fft.irfft2(np.fft.rfft2(random.normal(size=(side, side))) * frequency**-1.5, s=(side, side))
    return 125 + 35 * (plane / plane.std())[..., None] * random.uniform(0.8, 1.2, 3)


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """HR of 128x128, and real LR of 64x64: other photos blurred by 2, their left thirds flat, noise 10."""
    folder = tmp_path_factory.mktemp("sides")
    for number in range(COUNT):
        soft = ndimage.gaussian_filter(photo(100 + number, 128), (2, 2, 0))
        small = soft.reshape(64, 2, 64, 2, 3).mean((1, 3))
        small[:, :24] = 120
        noisy = small + np.random.default_rng(number).normal(0, 10, small.shape)
        for name, image in (("hr", photo(number, 128)), ("real", noisy)):
            (folder / name).mkdir(exist_ok=True)
            Image.fromarray(image.round().clip(0, 255).astype(np.uint8)).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def injection(tree: Make, sides: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes the tree of a run that harvests; one step of the fit is enough."""
    monkeypatch.setattr("gansr.data.calibration.fit.STEPS", 1)
    given = {
        "data__train__hr": str(sides / "hr"),
        "data__train__real_lr": str(sides / "real"),
        "data__train__margin": 20,
        "harvest": {"kernels": 3, "patch": 16, "patches": 70},
    }
    return lambda **changes: tree("noise_injection", **(given | changes))


@pytest.fixture
def options(injection: Make) -> Make:
    """Makes its options."""
    return lambda **changes: validate(injection(**changes), "run.yml")


def kinds(rows: Any) -> list[str]:
    return [row.type for row in rows]


def test_a_harvest_and_what_is_read_back(
    options: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gansr: Make
) -> None:
    run, said = tmp_path / "run", []
    rows = harvest_rows(options(), run, said.append)
    assert kinds(rows) == ["kernel_bank", "matlab_bicubic", "noise_bank", "to_8_bit"]
    assert said[0] == "harvest: from 9 real LR photos, compared with 9 HR photos"
    assert "3 Gaussian kernels" in said[1] and "70 flat patches of 16x16 pixels in" in said[2]
    kernels, noise = (np.load(run / "harvest" / name) for name in ("kernels.npy", "noise.npy"))
    assert len(kernels) == 3 and noise.shape == (70, 3, 16, 16)
    assert 255 * noise.std() == pytest.approx(10, rel=0.15)
    with Image.open(run / "harvest" / "harvest.png") as picture:
        assert picture.width > 900
    text = (run / "harvest.yml").read_text("utf-8")
    assert text.startswith("# 3 Gaussian kernels")
    result = gansr("degrade", options().data.train.hr, "-o", tmp_path / "made", "--preset", run / "harvest.yml")
    assert result.code == 0, result.err

    def never(*_: Any) -> Any:
        raise AssertionError("measured again")

    monkeypatch.setattr(module, "fitted", never)
    assert harvest_rows(options(), run, never) == rows
    shutil.move(run, tmp_path / "moved")
    moved = harvest_rows(options(), tmp_path / "moved", never)
    assert moved[0].arguments["file"] == str(tmp_path / "moved" / "harvest" / "kernels.npy")
    assert kinds(moved) == kinds(rows) and moved[1] == rows[1]


def test_the_same_photos_and_seed_give_the_same_harvest(options: Make, tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        harvest_rows(options(seed=seed), tmp_path / name, lambda _: None)
    files = [[tmp_path / run / "harvest" / name for run in ("one", "again", "other")] for name in
             ("kernels.npy", "noise.npy")]  # fmt: skip
    for one, again, _ in files:
        assert one.read_bytes() == again.read_bytes()
    assert files[0][0].read_bytes() != files[0][2].read_bytes()


def test_other_options_harvest_anew_and_say_so(options: Make, tmp_path: Path) -> None:
    said: list[str] = []
    harvest_rows(options(), tmp_path, said.append)
    harvest_rows(options(harvest={"kernels": 5, "patch": 16, "patches": 70}), tmp_path, said.append)
    assert f"harvest: {tmp_path / 'harvest.yml'} was made with another kernels, and is made anew." in said
    assert len(np.load(tmp_path / "harvest" / "kernels.npy")) == 5
    assert json.loads((tmp_path / "harvest" / "harvest.json").read_text("utf-8"))["asked"]["kernels"] == 5


def test_other_photos_are_another_harvest(options: Make) -> None:
    """What a folder's part or a list has, is what is asked for; how often photos come makes no difference."""
    plain = options()
    folder = str(plain.data.train.real_lr)
    more: list[dict[str, Any]] = [{"weight": 2}, {"include": "*"}, {"list": "a.txt"}]
    rows = [[folder], *({"folder": folder} | one for one in more)]
    asked = [_asked(options(data__train__real_lr=row)) for row in rows]
    assert asked[0] == asked[1] == _asked(plain) and asked[0]["real_lr"] == [folder]
    assert asked[2]["real_lr"] == [{"folder": folder, "list": None, "include": ["*"], "exclude": []}]
    assert asked[3]["real_lr"] == [{"folder": folder, "list": "a.txt", "include": [], "exclude": []}]
    assert json.loads(json.dumps(asked)) == asked


def test_one_that_was_broken_off_is_made_anew(options: Make, tmp_path: Path) -> None:
    rows = harvest_rows(options(), tmp_path, lambda _: None)
    before = (tmp_path / "harvest" / "noise.npy").read_bytes()
    (tmp_path / "harvest" / "harvest.json").unlink()
    (tmp_path / "harvest" / "noise.npy").write_bytes(b"half")
    assert harvest_rows(options(), tmp_path, lambda _: None) == rows
    assert (tmp_path / "harvest" / "noise.npy").read_bytes() == before


def test_a_harvest_that_somebody_changed_is_named(options: Make, tmp_path: Path) -> None:
    harvest_rows(options(), tmp_path, lambda _: None)
    (tmp_path / "harvest.yml").unlink()
    with pytest.raises(OptionsError, match=r"harvest\.yml"):
        harvest_rows(options(), tmp_path, lambda _: None)
    (tmp_path / "harvest" / "harvest.json").write_text("[", "utf-8")
    with pytest.raises(OptionsError, match=r"harvest\.json: it is no record of a harvest"):
        harvest_rows(options(), tmp_path, lambda _: None)


def test_batches_are_pairs_of_hr_alone(options: Make, tmp_path: Path) -> None:
    found = options(data__train__flips=False, data__train__rotations=False)
    images = open_images(found).train
    assert isinstance(images, UnpairedFiles) and images.hr.margin == 20
    rows = harvest_rows(found, tmp_path, lambda _: None)
    batches = training_batches(images.hr, with_rows(found, rows), Accelerator(cpu=True))
    first, second = list(islice(batches(0), 2))
    assert isinstance(first, Paired) and isinstance(second, Paired)
    assert first.lr.shape == (2, 3, 8, 8) and first.hr.shape == (2, 3, 16, 16)
    again = next(batches(1))
    assert torch.equal(second.lr, again.lr) and torch.equal(second.hr, again.hr)
    reduced = torch.nn.functional.avg_pool2d(first.hr, 2)
    noise = 255 * (first.lr - reduced).std()
    assert 7 < noise < 14, "the LR of these crops, with noise"


def test_checks_need_no_photos(options: Make) -> None:
    found = options(data__train__hr="nowhere", data__train__real_lr="nowhere either")
    make = maker(with_rows(found, stand_in(found)))
    assert make is not None


GAME = {
    "discriminator": {"type": "patch", "features": 4, "layers": 1, "stride": 1, "kernel": 3, "norm": "none"},
    "losses": {"pixel": {"type": "l1"}, "adversarial": {"type": "vanilla", "weight": 0.1}},
}


@pytest.mark.parametrize("changes", [{}, GAME], ids=["alone", "game"])
def test_a_run_from_its_options_to_its_weights(
    injection: Make, gansr: Make, options_file: Make, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """It harvests once, goes on exactly where it stopped, and its weights and its pipeline can be used."""
    whole = options_file(injection(name="whole", **changes), "whole.yml")
    assert gansr("check", whole).code == 0
    first = gansr("train", whole)
    assert first.code == 0, first.err
    assert "domain audit: 9 of 9 real LR photos" in first.out and "harvest: from 9 real LR photos" in first.out
    runs = tmp_path / "runs"
    assert {"last.safetensors", "harvest.yml", "domain_audit.md"} <= {path.name for path in (runs / "whole").iterdir()}
    part = options_file(injection(name="part", train__steps=3, **changes), "part.yml")
    assert gansr("train", part).code == 0
    more = gansr("train", options_file(injection(name="part", **changes), "part.yml"))
    assert more.code == 0 and "harvest: from" not in more.out
    logs = [(runs / name / "log.jsonl").read_text("utf-8").splitlines() for name in ("whole", "part")]
    assert logs[0][-1] == logs[1][-1] and '"step": 6' in logs[0][-1]
    made = gansr("upscale", injection()["data"]["train"]["real_lr"], "-o", tmp_path / "sr", "--weights",
                 runs / "whole" / "last.safetensors")  # fmt: skip
    assert made.code == 0, made.err
    with Image.open(tmp_path / "sr" / "0.png") as picture:
        assert picture.size == (128, 128)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"losses__adversarial": {"type": "vanilla"}}, r"losses\.adversarial: a game needs a discriminator"),
        ({"discriminator": GAME["discriminator"]}, r"losses\.adversarial is missing"),
        ({"train__generator_start": 1}, r"generator_start are of a game"),
        ({"data__train__degradation": "bicubic"}, r"data\.train\.degradation: recipe noise_injection learns from"),
        ({"data__train__real_lr": None}, r"data\.train\.real_lr is missing"),
    ],
)
def test_options_that_make_no_sense(options: Make, change: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionsError, match=said):
        options(**change)


def test_too_few_photos_are_refused(options: Make, sides: Path, tmp_path: Path) -> None:
    shutil.copytree(sides / "real", tmp_path / "real")
    for file in sorted((tmp_path / "real").iterdir())[3:]:
        file.unlink()
    with pytest.raises(DataError, match=r"data\.train\.real_lr: .* has 3 images that can be measured"):
        harvest_rows(options(data__train__real_lr=str(tmp_path / "real")), tmp_path / "run", lambda _: None)
    assert not (tmp_path / "run" / "harvest.yml").exists()


@pytest.mark.parametrize("change", [{"kernels": 0}, {"patch": 7}, {"patch": 66}, {"patch": 6}, {"patches": 0}])
def test_what_cannot_be_harvested(options: Make, change: dict[str, int]) -> None:
    with pytest.raises(OptionsError, match=rf"harvest\.{next(iter(change))}"):
        options(harvest=change)
