"""`gansr evaluate` as a user runs it: what it prints and writes, and what it says against bad input."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from gansr.data.files.images import read_image
from gansr.evaluation.statistics import signed_rank
from gansr.imaging.resize import enlarge, reduce
from gansr.inference.bicubic import Bicubic
from gansr.metrics.fidelity.psnr import PSNR
from gansr.models.architecture import Architecture
from gansr.models.generators import GENERATORS
from gansr.models.weights import describe, write

Run = Callable[..., Any]
X2 = ("--scale", 2)
OWN = '''
class SeesLR:
    """Mean of LR."""
    higher_is_better, unit, format, needs_hr = True, "", ".3f", False
    def __init__(self, scale: int, protocol: str = "plain") -> None:
        self.protocol = f"mean of LR, {protocol}, x{scale}"
    def __call__(self, sr, hr, lr, name) -> float:
        return float(lr.double().mean()) + len(name)

class Spread:
    """Standard deviation over the set of each image's mean error."""
    protocol, higher_is_better, unit, format, of_sets = "Spread", False, "", ".6f", True
    def observe(self, sr, hr):
        return (sr.double() - hr.double()).mean()
    def score(self, observed) -> float:
        import torch
        return float(torch.stack(list(observed)).std(correction=0))
'''


def save(path: Path, image: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)
    return path


@pytest.fixture
def seven(tmp_path: Path) -> Path:
    """Seven photos, the fourth without colours."""
    random = np.random.default_rng(0)
    for number in range(7):
        waves = np.sin(np.mgrid[:24, :28] / (2 + number)).sum(0)[..., None] + [0, 0.3, -0.2]
        pixels = (127 + 50 * waves + random.normal(0, 9, waves.shape)).clip(0, 255).astype(np.uint8)
        save(tmp_path / "seven" / f"photo{number}.png", pixels[..., 0] if number == 3 else pixels)
    return tmp_path / "seven"


def network(path: Path, seed: int, broken: bool = False) -> Path:
    """Weights of a small network that are as drawn."""
    torch.manual_seed(seed)
    arguments = {"features": 4, "blocks": 1}
    state = GENERATORS["msrresnet"](2, **arguments).state_dict()
    if broken:
        state = {name: tensor * 1e38 for name, tensor in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, state, describe(Architecture("msrresnet", 2, arguments)))
    return path


def said(result: Any) -> str:
    """What was printed, without the ends of lines that a table's width makes."""
    return " ".join(result.out.split())


def refused(result: Any, *words: object) -> None:
    """One paragraph on the error stream, and nothing else."""
    assert result.code == 2 and result.err.startswith("Error: ") and "Traceback" not in result.err
    for word in words:
        assert str(word) in result.err, result.err


def test_one_table_of_all_weights_and_every_file(gansr: Run, seven: Path, tmp_path: Path) -> None:
    first, second = (network(tmp_path / name / "best.safetensors", seed) for seed, name in enumerate("ab"))
    files = {kind: tmp_path / "out" / f"scores.{kind}" for kind in ("json", "csv", "latex", "markdown")}
    options = [text for kind, path in files.items() for text in (f"--{kind}", path)]
    result = gansr("evaluate", first, second, "bicubic", *X2, "--on", f"seven={seven}", *options)
    assert result.code == 0, result.err
    assert said(result).count("Ranges: 95 %") == 1 and "Holm's correction for 3 pairs" in said(result)
    for label in ("a/best.safetensors", "b/best.safetensors", "bicubic"):
        assert label in result.out
    document = json.loads(files["json"].read_text())
    assert list(document) == [str(first), str(second), "bicubic"]
    psnr = {name: [image["psnr"] for image in one["images"]] for name, one in document.items()}
    assert all(len(values) == 7 for values in psnr.values())
    for name, one in document.items():
        assert one["means"]["seven"]["psnr"] == pytest.approx(np.mean(psnr[name]))
        low, high = one["intervals"]["seven"]["psnr"]
        assert min(psnr[name]) <= low < one["means"]["seven"]["psnr"] < high <= max(psnr[name])
        assert one["seed"] == 0 and one["command"].startswith(f"gansr evaluate {first}")
        assert {test["against"] for test in one["tests"]} == set(document) - {name}
    test = document["bicubic"]["tests"][0]
    differences = np.subtract(psnr["bicubic"], psnr[str(first)])
    assert (test["metric"], test["p"]) == ("psnr", pytest.approx(signed_rank(differences.tolist())))
    assert test["difference"] == pytest.approx(differences.mean()) and test["images"] == 7
    rows = list(csv.DictReader(files["csv"].open()))
    assert len(rows) == 3 * 2 * (1 + 7)
    assert float(rows[0]["value"]) == document[str(first)]["means"]["seven"]["psnr"]
    assert r"\begin{tabular}" in files["latex"].read_text() and "| bicubic |" in files["markdown"].read_text()


def test_another_seed_moves_intervals_and_nothing_else(gansr: Run, seven: Path, tmp_path: Path) -> None:
    found = []
    for seed in (0, 1, 0):
        bicubic = ("evaluate", "bicubic", *X2, "--on", f"seven={seven}", "--metric", "psnr")
        assert gansr(*bicubic, "--seed", seed, "--json", tmp_path / "x.json").code == 0
        found.append(json.loads((tmp_path / "x.json").read_text())["bicubic"])
    assert found[0]["intervals"] == found[2]["intervals"] != found[1]["intervals"]
    assert found[0]["images"] == found[1]["images"]


def test_metrics_of_ones_own(gansr: Run, seven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_metrics.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    own = ("--metric", "own_metrics:SeesLR", "--metric", "own_metrics:Spread", "--metric", "psnr")
    bicubic = ("evaluate", "bicubic", *X2, "--on", f"seven={seven}")
    result = gansr(*bicubic, *own, "--protocol", "ntire", "--json", tmp_path / "x.json")
    assert result.code == 0, result.err
    found = json.loads((tmp_path / "x.json").read_text())["bicubic"]
    assert found["protocols"]["own_metrics:SeesLR"] == "mean of LR, ntire, x2"
    assert "own_metrics:Spread" not in found["images"][0] and found["intervals"]["seven"]["own_metrics:Spread"] is None
    errors = []
    for path in sorted(seven.glob("*.png")):
        hr = read_image(path)
        lr = torch.from_numpy(hr).permute(2, 0, 1)[None]
        from gansr.imaging.resize import reduce_uint8

        small = reduce_uint8(lr, 2)[0].permute(1, 2, 0).numpy()
        errors.append(Bicubic(2)(small).mean() - hr.mean())
    assert found["means"]["seven"]["own_metrics:Spread"] == pytest.approx(np.std(errors))


def test_lr_alone(gansr: Run, seven: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_lr_metrics.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    bicubic = ("evaluate", "bicubic", *X2, "--on", f"photos=:{seven}")
    result = gansr(*bicubic, "--metric", "own_lr_metrics:SeesLR", "--json", tmp_path / "x.json")
    assert result.code == 0, result.err
    found = json.loads((tmp_path / "x.json").read_text())["bicubic"]
    assert found["images"][2]["own_lr_metrics:SeesLR"] == pytest.approx(
        read_image(seven / "photo2.png").mean() + len("photo2")
    )
    np.savez(tmp_path / "pristine.npz", mu_pris_param=np.zeros(36), cov_pris_param=np.eye(36))
    save(tmp_path / "lr" / "a.png", np.random.default_rng(0).integers(0, 256, (48, 96, 3), dtype=np.uint8))
    niqe = ("--metric", f"{{type: niqe, weights: {tmp_path / 'pristine.npz'}}}", "--on", f"lr=:{tmp_path / 'lr'}")
    assert gansr("evaluate", "bicubic", *X2, *niqe).code == 0
    refused(gansr(*bicubic), "Set photos has no ground truth, which is needed for psnr, ssim", "such as niqe")


def test_finished_pictures_are_scored_as_what_made_them(gansr: Run, seven: Path, tmp_path: Path) -> None:
    from gansr.data.sets.evaluation_set import EvaluationSet

    images = EvaluationSet.open("seven", seven, None, 2, "x")
    for index in range(7):
        save(tmp_path / "made" / f"photo{index}_x2_SR.png", np.squeeze(Bicubic(2)(images[index].lr)))
    made = tmp_path / "made"
    result = gansr("evaluate", made, "bicubic", *X2, "--on", f"seven={seven}", "--json", tmp_path / "x.json")
    assert result.code == 0, result.err
    found = json.loads((tmp_path / "x.json").read_text())
    assert found[str(made)]["images"] == found["bicubic"]["images"]
    assert all(test["p"] == 1 and test["difference"] == 0 for test in found["bicubic"]["tests"])
    (made / "photo2_x2_SR.png").unlink()
    refused(gansr("evaluate", made, *X2, "--on", f"seven={seven}"), "no picture of 1 of 7 images: photo2")
    refused(gansr("evaluate", made, "--on", f"seven={seven}"), "pictures do not say by how much", "--scale 4")


def test_lr_that_keeps_its_fractions(gansr: Run, seven: Path, tmp_path: Path) -> None:
    """Of HR in double precision, to networks and bicubic alike; LR files have none to keep."""
    weights, file = network(tmp_path / "one.safetensors", 1), tmp_path / "scores.json"
    found = []
    for more in ((), ("--exact-lr",)):
        out = gansr("evaluate", "bicubic", weights, *X2, "--on", f"a={seven}", "--cpu", "--json", file, *more)
        assert out.code == 0 and ("double precision" in " ".join(out.out.split())) == bool(more), out
        found.append({name: one["images"] for name, one in json.loads(file.read_text()).items()})
    hr = read_image(seven / "photo0.png")
    levels = enlarge(reduce(torch.tensor(hr).permute(2, 0, 1)[None].double(), 2), 2)[0]
    sr = (levels + 0.5).floor().clamp(0, 255).to(torch.uint8)
    assert found[1]["bicubic"][0]["psnr"] == pytest.approx(PSNR(2)(sr, torch.tensor(hr).permute(2, 0, 1)), abs=1e-9)
    for name in found[0]:
        assert all(one["psnr"] != other["psnr"] for one, other in zip(found[0][name], found[1][name], strict=True))
    refused = gansr("evaluate", "bicubic", *X2, "--on", f"a=:{seven}", "--metric", "niqe", "--exact-lr")
    assert refused.code == 2 and "--exact-lr: the LR of --on a are files" in " ".join(refused.err.split())


def test_self_ensemble(gansr: Run, seven: Path, tmp_path: Path) -> None:
    weights = network(tmp_path / "net.safetensors", 0)
    plain = ("evaluate", weights, "bicubic", *X2, "--on", f"seven={seven}", "--json", tmp_path / "x.json")
    found = []
    for more in ((), ("--ensemble",)):
        result = gansr(*plain, *more)
        assert result.code == 0, result.err
        found.append(json.loads((tmp_path / "x.json").read_text()))
    assert "Self-ensemble: the mean of eight passes, turned and mirrored, but of bicubic." in said(result)
    assert found[0]["bicubic"]["images"] == found[1]["bicubic"]["images"]
    assert found[0][str(weights)]["images"] != found[1][str(weights)]["images"]
    assert found[1][str(weights)]["ensemble"] is True and "ensemble" not in found[0][str(weights)]
    refused(gansr("evaluate", "bicubic", *X2, "--on", f"seven={seven}", "--ensemble"), "--ensemble: no network")
    photo, out = seven / "photo0.png", tmp_path / "out.png"
    assert gansr("upscale", photo, "-o", out, "--weights", weights, "--ensemble").code == 0
    averaged = read_image(out)
    assert gansr("upscale", photo, "-o", out, "--weights", weights).code == 0
    assert (averaged != read_image(out)).any()
    refused(gansr("upscale", photo, "-o", out, "--weights", "bicubic", *X2, "--ensemble"), "no network whose answers")


def test_short_memory_is_told_once(gansr: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole images of 80 pixels do not fit; tiles of 64 do."""
    random = np.random.default_rng(0)
    for number in range(2):
        save(tmp_path / "hr" / f"{number}.png", random.integers(0, 256, (40, 160, 3), dtype=np.uint8))
    weights, kind = network(tmp_path / "net.safetensors", 0), GENERATORS["msrresnet"]
    real = kind.forward

    def short(self: Any, lr: torch.Tensor) -> torch.Tensor:
        if lr.shape[-1] > 64:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(self, lr)

    plain = ("evaluate", weights, "--on", f"set={tmp_path / 'hr'}", "--json", tmp_path / "x.json")
    assert gansr(*plain).code == 0
    whole = json.loads((tmp_path / "x.json").read_text())[str(weights)]
    monkeypatch.setattr(kind, "forward", short)
    result = gansr(*plain)
    assert result.code == 0, result.err
    assert result.out.count("images of 80x20 pixels did not fit in memory and were upscaled in tiles of 64") == 1
    found = json.loads((tmp_path / "x.json").read_text())[str(weights)]
    assert found["cut"] == {"80x20": 64} and "cut" not in whole
    assert found["means"]["set"]["psnr"] == pytest.approx(whole["means"]["set"]["psnr"], abs=1e-3)
    upscaled = gansr("upscale", tmp_path / "hr", "-o", tmp_path / "sr", "--weights", weights)
    assert upscaled.code == 0 and upscaled.out.count("did not fit in memory") == 1


def test_colour_border_and_scale_reach_the_metrics(gansr: Run, seven: Path, tmp_path: Path) -> None:
    asked = (
        "evaluate",
        "bicubic",
        "--scale",
        4,
        "--on",
        f"seven={seven}",
        "--metric",
        "psnr",
        "--json",
        tmp_path / "x.json",
    )
    found = []
    for more in ((), ("--colour", "rgb", "--border", 1)):
        assert gansr(*asked, *more).code == 0
        found.append(json.loads((tmp_path / "x.json").read_text())["bicubic"]["protocols"]["psnr"])
    assert "Y of BT.601" in found[0] and "4 px border" in found[0]
    assert "RGB" in found[1] and "1 px border" in found[1]


# Bad input


def test_a_network_whose_answer_is_not_finite(gansr: Run, seven: Path, tmp_path: Path) -> None:
    weights = network(tmp_path / "nan.safetensors", 0, broken=True)
    refused(gansr("evaluate", weights, "--on", f"seven={seven}"), "Set seven, image photo0:", "is not finite")


def test_pixels_that_are_floats(gansr: Run, seven: Path) -> None:
    """A TIFF of floats may hold NaN: none is read."""
    pixels = np.full((24, 28), 0.5, np.float32)
    pixels[0, 0] = np.nan
    Image.fromarray(pixels).save(seven / "photo9.tiff")
    refused(gansr("evaluate", "bicubic", *X2, "--on", f"seven={seven}"), "photo9.tiff cannot be read", "floating-point")


def test_16_bits_are_compared_as_8(gansr: Run, tmp_path: Path) -> None:
    """A grey ground truth of 16 bits is rounded: its scores are those of the rounded file."""
    levels = np.random.default_rng(0).integers(0, 65536, (24, 28)).astype(np.uint16)
    (tmp_path / "deep").mkdir()
    Image.fromarray(levels).save(tmp_path / "deep" / "a.png")
    save(tmp_path / "flat" / "a.png", np.floor(levels / 257 + 0.5).astype(np.uint8))
    sets = [text for name in ("deep", "flat") for text in ("--on", f"{name}={tmp_path / name}")]
    assert gansr("evaluate", "bicubic", *X2, *sets, "--json", tmp_path / "x.json").code == 0
    means = json.loads((tmp_path / "x.json").read_text())["bicubic"]["means"]
    assert means["deep"] == means["flat"]


def test_one_image_has_no_interval(gansr: Run, seven: Path, tmp_path: Path) -> None:
    for path in sorted(seven.glob("*.png"))[1:]:
        path.unlink()
    weights = network(tmp_path / "net.safetensors", 0)
    result = gansr("evaluate", weights, "bicubic", *X2, "--on", f"alone={seven}", "--json", tmp_path / "x.json")
    assert result.code == 0 and "No interval and no test from a single image: alone." in said(result)
    assert "difference" not in result.out and "Ranges" not in result.out
    found = json.loads((tmp_path / "x.json").read_text())["bicubic"]
    assert found["intervals"] == {"alone": {"psnr": None, "ssim": None}} and found["tests"] == []


def test_identical_images_score_infinity(gansr: Run, seven: Path, tmp_path: Path) -> None:
    psnr = ("--metric", "psnr", "--json", tmp_path / "x.json")
    assert gansr("evaluate", seven, "bicubic", *X2, "--on", f"seven={seven}", *psnr).code == 0
    found = json.loads((tmp_path / "x.json").read_text())[str(seven)]
    assert found["means"]["seven"]["psnr"] == "inf" and found["intervals"]["seven"]["psnr"] is None
    (test,) = found["tests"]
    assert (test["difference"], test["higher"], test["p"]) == ("inf", 7, pytest.approx(2 / 2**7))


def test_images_that_do_not_fit_together(gansr: Run, seven: Path, tmp_path: Path) -> None:
    lr = tmp_path / "lr"
    for path in sorted(seven.glob("*.png")):
        save(lr / path.name, np.zeros((12, 14, 3), np.uint8))
    bicubic = ("evaluate", "bicubic", *X2, "--on")
    assert gansr(*bicubic, f"seven={seven}:{lr}").code == 0
    save(lr / "photo5.png", np.zeros((12, 13, 3), np.uint8))
    refused(
        gansr(*bicubic, f"seven={seven}:{lr}"), "--on seven", "photo5.png is 13x12", "Expected an LR of 14x12 at x2"
    )
    (lr / "photo5.png").unlink()
    refused(gansr(*bicubic, f"seven={seven}:{lr}"), "no LR for 1 of 7 HR images", "photo5.png")
    (tmp_path / "empty").mkdir()
    refused(gansr(*bicubic, f"seven={tmp_path / 'empty'}"), "--on seven", "no images in", tmp_path / "empty")
    refused(gansr(*bicubic, f"seven=:{tmp_path / 'empty'}"), "--on seven", "no images in", tmp_path / "empty")
    refused(gansr("evaluate", tmp_path / "empty", *X2, "--on", f"s={seven}"), "no images in", tmp_path / "empty")


def test_weights_that_are_there_twice(gansr: Run, seven: Path, tmp_path: Path) -> None:
    weights = network(tmp_path / "net.safetensors", 0)
    on = ("--on", f"seven={seven}")
    refused(gansr("evaluate", weights, weights, *on), f"weights: {weights} is given several times")
    other = tmp_path / "seven" / ".." / "net.safetensors"
    refused(gansr("evaluate", weights, other, *on), "are the same; expected each once")


def test_options_that_nothing_asks_for(gansr: Run, seven: Path, tmp_path: Path) -> None:
    bicubic = ("evaluate", "bicubic", *X2, "--on", f"seven={seven}")
    niqe = ("--metric", f"{{type: niqe, weights: {tmp_path / 'no.npz'}}}")
    refused(gansr(*bicubic, *niqe, "--colour", "rgb"), "--colour: it is for psnr, ssim")
    refused(gansr(*bicubic, *niqe, "--protocol", "sr"), "--protocol sr: none of the metrics")
    refused(gansr(*bicubic, "--json", tmp_path), f"--json: {tmp_path} is a folder")
    same = tmp_path / "x"
    refused(gansr(*bicubic, "--csv", same, "--latex", same), f"--csv: {same} is given for several formats")
    refused(gansr("evaluate", "bicubic", *X2, "--on", "seven=:"), "--on seven=:: expected NAME=HR_DIR")


# Several processes


@pytest.mark.slow
def test_one_process_and_two_give_identical_tables(finished: Run, seven: Path, tmp_path: Path) -> None:
    (tmp_path / "own_shared_metrics.py").write_text(OWN)
    weights = network(tmp_path / "net.safetensors", 0)
    metrics = [text for name in ("psnr", "ssim", "own_shared_metrics:Spread") for text in ("--metric", name)]
    files = {kind: tmp_path / f"scores.{kind}" for kind in ("json", "csv", "latex", "markdown")}
    written = [text for kind, path in files.items() for text in (f"--{kind}", path)]
    asked = ("evaluate", weights, "bicubic", *X2, "--on", f"seven={seven}", *metrics, *written)
    found = []
    for how in ("-m gansr", "-m torch.distributed.run --standalone --nproc_per_node 2 -m gansr"):
        result = finished(how, *asked, PYTHONPATH=f"{tmp_path}:{Path(__file__).parents[2]}")
        assert result.code == 0, result.err
        found.append((result.out, *(path.read_bytes() for path in files.values())))
        for path in files.values():
            path.unlink()
    assert found[0] == found[1]
    images = json.loads(found[0][1])["bicubic"]["images"]
    assert [image["image"] for image in images] == [f"photo{number}" for number in range(7)]


def test_processes_that_do_not_know_of_each_other_are_refused(
    gansr: Run, seven: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gansr.build.evaluate.PartialState", lambda cpu: Alone)
    monkeypatch.setenv("WORLD_SIZE", "2")
    refused(
        gansr("evaluate", "bicubic", *X2, "--on", f"seven={seven}"), "2 processes were launched", "ACCELERATE_USE_CPU=1"
    )


class Alone:
    num_processes, process_index, is_main_process = 1, 0, True
