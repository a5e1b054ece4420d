"""The experiment without pairs: its hidden degradations, its statistics, and a whole small run."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from accelerate.state import AcceleratorState, GradientState, PartialState
from PIL import Image

NAMES = ("hidden", "judging", "report", "arms", "unpaired")


@pytest.fixture
def script(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """Its modules, which find each other beside themselves."""
    import sys

    monkeypatch.syspath_prepend(root / "scripts" / "experiments")
    yield {name: importlib.import_module(name) for name in NAMES}
    for name in NAMES:
        sys.modules.pop(name, None)


def gaussian_at(hr: np.ndarray, scale: int, row: int, column: int, precision: np.ndarray) -> np.ndarray:
    """One LR pixel, written out: a weighted mean of all HR, which is far larger than the kernel."""
    height, width = hr.shape[:2]
    y, x = np.mgrid[:height, :width]
    away = np.stack([y - (scale * row + (scale - 1) / 2), x - (scale * column + (scale - 1) / 2)])
    weights = np.exp(-np.einsum("iyx,ij,jyx->yx", away, precision, away) / 2)
    return (hr * weights[..., None]).sum((0, 1)) / weights.sum()


@pytest.mark.parametrize("text", ["scale=2,blur=1.2", "scale=4,blur=2,across=1,angle=30", "scale=3,blur=1,across=2"])
def test_blur_lies_in_the_middle_of_the_pixels_that_become_one(script: dict[str, ModuleType], text: str) -> None:
    hidden = script["hidden"].parse(text)
    hr = np.random.default_rng(0).integers(0, 256, (48, 60, 3)).astype(np.uint8)
    found = hidden(hr, np.random.default_rng(0))
    assert found.shape == (48 // hidden.scale, 60 // hidden.scale, 3) and found.dtype == np.uint8
    turn = np.deg2rad(hidden.angle)
    along, aside = np.array([np.sin(turn), np.cos(turn)]), np.array([np.cos(turn), -np.sin(turn)])
    precision = np.outer(along, along) / hidden.blur**2 + np.outer(aside, aside) / (hidden.across or hidden.blur) ** 2
    row, column = 24 // hidden.scale, 30 // hidden.scale
    expected = gaussian_at(hr, hidden.scale, row, column, precision)
    assert np.abs(found[row, column] - expected).max() <= 0.51


def test_noise_has_the_levels_that_were_asked_for(script: dict[str, ModuleType]) -> None:
    parse, random = script["hidden"].parse, np.random.default_rng(0)
    for level in (64, 191):
        grey = np.full((160, 160, 3), level, np.uint8)
        assert parse("a")(grey, random).std() == pytest.approx(20, rel=0.03)
        expected = np.sqrt(11**2 * level / 255 + 3**2)
        assert parse("scale=2,blur=1,noise=3,poisson=11")(grey, random).std() == pytest.approx(expected, rel=0.03)
    quality = parse("scale=2,blur=1,jpeg=10")(
        np.tile(np.arange(160, dtype=np.uint8)[:, None, None], (1, 160, 3)), random
    )
    plain = parse("scale=2,blur=1")(np.tile(np.arange(160, dtype=np.uint8)[:, None, None], (1, 160, 3)), random)
    assert quality.shape == plain.shape and (quality != plain).any()


def test_every_named_one_says_how_to_name_it(script: dict[str, ModuleType]) -> None:
    hidden = script["hidden"]
    for one in hidden.NAMED.values():
        assert hidden.parse(str(one)) == one


@pytest.mark.parametrize(
    ("text", "message"),
    [("d", "'d'; choices: a, b, c, scale=, blur="), ("scale=2", "no blur="), ("scale=5,blur=1", "a scale of 2"),
     ("scale=2,blur=1,jpeg=0", "jpeg from 1"), ("scale=2,blur=1,across=0", "blurs above 0")],
)  # fmt: skip
def test_a_degradation_that_makes_no_sense(script: dict[str, ModuleType], text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        script["hidden"].parse(text)


def record(psnr: list[float]) -> dict[str, object]:
    images = {str(number): {"psnr": value, "ssim": 0.5} for number, value in enumerate(psnr)}
    return {"seconds": 12.3, "judges": {"Set": images}}


def test_tables(script: dict[str, ModuleType]) -> None:
    """Ten images: 20 to 29 dB, 1 dB better for true pairs, half of that for the arm, less for interpolation."""
    base = np.arange(20.0, 30)
    arms = {"bicubic": base - 0.1, "bicubic_pairs": base, "method": base + 0.5 + base / 1e4, "oracle": base + 1}
    found = {arm: record(list(psnr)) for arm, psnr in arms.items()}
    lines = script["report"].table(found, "Set").splitlines()
    assert lines[2] == "| bicubic | 24.400 | 0.5000 |  | -10% | -10% |  | -0.10, 0/10, p 2.0e-03 | 12 |"
    assert lines[4].startswith("| method | 25.002 | 0.5000 |  | 50% | 50% | +0.60, 10/10, p 2.0e-03 | +0.50, 10/10")
    said = script["report"].verdict({"0": found, "1": found}, "Set")
    assert "| method | 25.002 | 0.5000 |  | 50%, 50% | 50%, 50% | 2 of 2 seeds |" in said
    assert "| bicubic | 24.400 | 0.5000 |  | -10%, -10% | -10%, -10% | 0 of 2 seeds |" in said
    assert (
        script["report"]
        .table({"method": found["method"]}, "Set")
        .endswith("| method | 25.002 | 0.5000 |  |  |  |  |  | 12 |")
    )


def test_the_way_from_the_better_baseline(script: dict[str, ModuleType]) -> None:
    """From 20 dB to 24: an arm at 23 goes three quarters of it, but half of what interpolation leaves."""
    heights = {"bicubic": 22.0, "bicubic_pairs": 20.0, "method": 23.0, "oracle": 24.0}
    psnr = {arm: np.array([height, height + 2]) for arm, height in heights.items()}
    assert script["report"].strictly_closed(psnr, "method") == pytest.approx(0.5)
    found = {arm: record(list(scores)) for arm, scores in psnr.items()}
    assert "|  | 75% | 50% | " in script["report"].table(found, "Set")
    assert "|  | 75% | 50% | 0 of 1 seeds |" in script["report"].verdict({"0": found}, "Set")


def test_there_is_no_way_to_an_oracle_that_is_no_better(script: dict[str, ModuleType]) -> None:
    base, arm = np.array([20.0, 30.0]), np.array([22.0, 31.0])
    assert script["report"].closed(arm, base, np.array([23.0, 33.0])) == pytest.approx(0.5)
    assert np.isnan(script["report"].closed(arm, base, base - 1))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four photos to learn from and two to be judged on: stripes of several colours."""
    folder, random = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    rows, columns = np.mgrid[:64, :72]
    for name, count in (("photos", 4), ("judge/HR", 2)):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            waves = [np.sin(rows * random.uniform(0.2, 1) + columns * random.uniform(0.2, 1)) for _ in range(3)]
            image = (127 + 100 * np.stack(waves, -1)).astype(np.uint8)
            Image.fromarray(image).save(folder / name / f"{number}.png")
    return folder


def run(script: dict[str, ModuleType], data: Path, out: Path, *more: str) -> int:
    for state in (AcceleratorState, GradientState, PartialState):
        state._reset_state()
    settings = "--photos photos --judge judge --seeds 3 --processes 1 --squeezenet none --set train.batch=2"
    steps = "train.steps=4 train.generator_start=2 generator.features=4 generator.blocks=1"
    return script["unpaired"].main([str(data), "--out", str(out), *settings.split(), *steps.split(), *more])


def test_a_small_run_and_once_more(
    script: dict[str, ModuleType], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arms = ["--arms", "bicubic", "bicubic_pairs", "learned_kernel_noise", "oracle"]
    assert run(script, data, tmp_path, *arms) == 0
    assert "seed 3, learned_kernel_noise:" in capsys.readouterr().out
    document = json.loads((tmp_path / "results.json").read_text())
    found = document["seeds"]["3"]
    assert document["degradation"] == "scale=2,blur=1.2,noise=20"
    assert list(found) == ["bicubic", "bicubic_pairs", "learned_kernel_noise", "oracle"]
    assert found["oracle"]["judges"]["judge"].keys() == {"0", "1"}
    assert found["oracle"]["judges"]["judge"]["0"].keys() == {"psnr", "ssim"}
    assert found["oracle"]["options"][0]["data"]["train"]["lr"] == "{true_lr}"
    assert str(tmp_path) not in json.dumps(document)
    folder = tmp_path / "seed3"
    names = {part: sorted(path.name for path in (folder / part).iterdir()) for part in ("hr", "true_lr", "real_lr")}
    assert names == {"hr": ["0.png", "1.png"], "true_lr": ["0.png", "1.png"], "real_lr": ["2.png", "3.png"]}
    used = (folder / "runs" / "learned_kernel_noise" / "options.yml").read_text()
    assert "real_lr" in used and "true_lr" not in used
    assert "| oracle |" in (tmp_path / "tables.md").read_text()
    # Titles, five tiles of 72 pixels and what lies between.
    assert Image.open(folder / "pictures" / "judge_0.png").size == (5 * 76, 64 + 14)

    before = (tmp_path / "results.json").read_text()
    assert run(script, data, tmp_path, *arms) == 0
    said = capsys.readouterr().out
    assert "seed 3, oracle:" not in said and "| oracle |" in said
    assert (tmp_path / "results.json").read_text() == before


def test_an_arm_that_fails_spoils_no_other(
    script: dict[str, ModuleType], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(script, data, tmp_path, "data.train.crop=300", "--arms", "bicubic", "oracle") == 1
    assert "oracle: FAILED." in capsys.readouterr().out
    assert list(json.loads((tmp_path / "results.json").read_text())["seeds"]["3"]) == ["bicubic"]


def test_results_of_something_else_are_not_taken(script: dict[str, ModuleType], data: Path, tmp_path: Path) -> None:
    error = importlib.import_module("gansr.errors").UserError
    assert run(script, data, tmp_path, "--arms", "oracle") == 0
    with pytest.raises(error, match=r"is of scale=2,blur=1\.2,noise=20, not of"):
        run(script, data, tmp_path, "--arms", "oracle", "--degradation", "b")
    with pytest.raises(error, match="oracle of seed 3 was run with other options"):
        run(script, data, tmp_path, "train.lr=1e-4", "--arms", "oracle")
    assert run(script, data, tmp_path, "train.lr=1e-4", "--arms", "oracle", "--label", "slow") == 0
    assert list(json.loads((tmp_path / "results.json").read_text())["seeds"]["3"]) == ["oracle", "oracle_slow"]


@pytest.mark.parametrize("scale", [2, 4])
def test_every_row_is_options(script: dict[str, ModuleType], tmp_path: Path, scale: int) -> None:
    """At both scales; only the oracle sees true LR."""
    validate = importlib.import_module("gansr.options.load").validate
    for arm in script["arms"].arms(scale):
        job = script["arms"].Job(arm, arm, scale, 0, tmp_path, ())
        options = [validate(job.filled(tree), arm) for tree in job.trees()]
        assert options[-1].folder == (job.run if len(options) == 1 else job.run / options[-1].stage)
        assert ("true_lr" in json.dumps(job.trees())) == (arm == "oracle")
        assert options[-1].train.steps >= 700 and options[-1].generator.type == "edsr"
