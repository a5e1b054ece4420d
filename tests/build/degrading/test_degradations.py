"""Degradations in options: presets and rows, what cannot be, and runs that train on them exactly."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from accelerate import Accelerator
from PIL import Image

from gansr.build.degrading.degradations import degradation, pipeline
from gansr.build.examining.check import examine
from gansr.build.feeding.data import training_batches, training_set
from gansr.build.making.networks import load_look
from gansr.data.degradations import OPERATIONS
from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.presets import PRESETS
from gansr.data.degradations.record import Record
from gansr.errors import OptionsError, WeightsError
from gansr.imaging.resize import reduce
from gansr.models.architecture import Architecture
from gansr.models.generators import GENERATORS
from gansr.models.weights import describe, write
from gansr.options.images import DegradationRow
from gansr.options.load import dump, validate

Make = Callable[..., Any]
NEEDS_FILES = {"kernel_bank", "noise_bank", "noise_patches", "learned"}

SIZES_IN_ANY_ORDER = [{"type": "shuffled", "operations": [{"type": "resize"}, {"type": "resize_to_scale"}]}]


def rows(*found: dict[str, Any]) -> list[DegradationRow]:
    return [DegradationRow.model_validate(row) for row in found]


def batches(options: Any, count: int, start: int = 0) -> list[Any]:
    accelerator = Accelerator(cpu=True)
    stream = training_batches(training_set(options), options, accelerator)(start)
    taken = list(islice(stream, count))
    stream.close()  # pyright: ignore[reportAttributeAccessIssue]
    return taken


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("scale", [2, 4])
def test_presets_end_at_the_lr_size(preset: str, scale: int, tree: Make) -> None:
    options = validate(tree(scale=scale, data__train__degradation=preset, data__train__margin=8), "run.yml")
    made = degradation(options, scale)
    assert made is not None
    assert made(torch.rand(2, 3, 32, 32), 1).shape == (2, 3, 16 // scale, 16 // scale)


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - NEEDS_FILES))
def test_every_operation_is_reached_by_its_name(name: str) -> None:
    """On a batch, and on one that has no values, as `check` tries it."""
    operation = pipeline(rows({"type": name, "when": 0.5}), scale=2)
    for device in ("cpu", "meta"):
        canvas = operation(Canvas.of(torch.rand(3, 3, 24, 24, device=device)), Draws(3, 0, device))
        assert canvas.image.shape[:2] == (3, 3)


def test_shuffled_rows_that_are_alike_are_one_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        "gansr.build.degrading.degradations.shuffled", lambda *given: (seen.append(given), lambda *_: None)[1]
    )
    alike = [{"type": "jpeg"}, {"type": "sinc"}, {"type": "jpeg"}]
    pipeline(rows({"type": "shuffled", "operations": alike, "keep_order": [2, 1], "per": "batch"}), scale=2)
    ((operations, keep, per),) = seen
    assert operations[0] is operations[2] is not operations[1] and (keep, per) == ([2, 1], "batch")


NOTHING_DRAWN = {"to_8_bit", "decimate", "matlab_bicubic", "sharpen"}


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - NEEDS_FILES))
def test_every_operation_says_what_it_drew(name: str) -> None:
    record = Record(4)
    pipeline(rows({"type": name}), scale=2)(Canvas.of(torch.rand(4, 3, 24, 24)), Draws(4, 0, record=record))
    noted = [row for operations in record.samples for row in operations]
    assert noted and all((set(row) == {"type"}) == (name in NOTHING_DRAWN) and row["type"] == name for row in noted)


def test_batches_are_functions_of_their_number(tree: Make) -> None:
    options = validate(tree(data__train__degradation="real_esrgan", data__train__margin=8), "run.yml")
    taken = batches(options, 4)
    assert [batch.lr.shape[-1] for batch in taken] == [8] * 4 and taken[0].hr.shape[-1] == 16
    assert all(torch.equal(a.lr, b.lr) for a, b in zip(taken[2:], batches(options, 2, start=2), strict=True))
    again = batches(options.model_copy(update={"seed": 4}), 1)
    assert not torch.equal(again[0].lr, taken[0].lr)
    plain = validate(tree(), "run.yml")
    assert torch.equal(batches(plain, 1)[0].hr, taken[0].hr), "the same crops, other LR"
    bicubic = validate(tree(data__train__degradation="bicubic", data__train__margin=8), "run.yml")
    # Rounded once and not after each of two passes: at most one level apart from what is made without a degradation.
    assert (batches(plain, 1)[0].lr - batches(bicubic, 1)[0].lr).abs().max() < 1.01 / 255


def test_sharpened_hr_is_degraded_and_a_target(tree: Make) -> None:
    changes = {
        "data__train__degradation": "bicubic",
        "data__train__margin": 8,
        "data__train__sharpen": True,
        "losses": {"pixel": {"type": "l1", "target": "sharp"}},
    }
    options = validate(tree(**changes), "run.yml")
    (batch,) = batches(options, 1)
    assert batch.sharp.shape == batch.hr.shape and not torch.equal(batch.sharp, batch.hr)
    examine(options)
    with pytest.raises(OptionsError, match=r"losses\.pixel .*needs 'sharp', which data\.train\.sharpen makes"):
        examine(validate(tree(losses={"pixel": {"type": "l1", "target": "sharp"}}), "run.yml"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"degradation": "real_esrgn"}, r"there is no preset 'real_esrgn'\. Did you mean 'real_esrgan'"),
        ({"degradation": [{"type": "blurr"}]}, r"degradation\.0: there is no type 'blurr'\. Did you mean 'blur'"),
        ({"degradation": [{"type": "blur", "sigma": [3, 1]}]}, r"sigma is \(3, 1\); expected the smaller number first"),
        ({"degradation": [{"type": "jpeg", "quality": [0, 50]}]}, r"quality is \(0, 50\)"),
        ({"degradation": [{"type": "blur", "when": 2}]}, r"when: .*less than or equal to 1"),
        ({"degradation": [{"type": "blur"}]}, r"it ends at another size than that of LR"),
        ({"degradation": "bicubic", "lr": "somewhere"}, r"give either lr folders or a degradation, not both"),
        ({"degradation": "bicubic", "margin": 3}, r"data\.train\.margin \(3\) must be a multiple of scale \(2\)"),
        ({"sharpen": True}, r"data\.train\.sharpen: it sharpens what is degraded"),
        ({"degradation": [{"type": "one_of", "branches": []}]}, r"branches: expected lists of operations"),
        ({"degradation": [{"type": "one_of", "branches": [[{"type": "jpeg"}]], "weights": [0]}]}, r"expected 1"),
        ({"degradation": [{"type": "one_of", "branchs": []}]}, r"there is no key 'branchs'"),
        ({"degradation": [{"type": "shuffled"}]}, r"\.0 \(type shuffled\): operations: expected a list of operations"),
        ({"degradation": [{"type": "shuffled", "operation": []}]}, r"no key 'operation'\. Did you mean 'operations'"),
        ({"degradation": [{"type": "shuffled", "operations": [{"type": "jpg"}]}]}, r"operations\.0: there is no type"),
        ({"degradation": [{"type": "shuffled", "operations": [{"type": "jpeg"}], "keep_order": [1]}]}, r"from 0 to 0"),
        ({"degradation": [{"type": "shuffled", "operations": [{"type": "jpeg"}], "per": "day"}]}, r"sample or batch"),
        ({"degradation": SIZES_IN_ANY_ORDER}, r"at least for some samples"),
        ({"degradation": [{"type": "matlab_bicubic"}, {"type": "resize", "when": 0.01}]}, r"at least for some samples"),
    ],
)  # fmt: skip
def test_what_cannot_be(tree: Make, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        examine(validate(tree(**{f"data__train__{key}": value for key, value in changes.items()}), "run.yml"))


def test_resolved_options_say_it_again(tree: Make) -> None:
    import yaml

    found = [{"type": "one_of", "branches": [[{"type": "jpeg"}], [{"type": "sinc"}]]}, {"type": "matlab_bicubic"}]
    options = validate(tree(data__train__degradation=found), "run.yml")
    again = validate(yaml.safe_load(dump(options)), "saved")
    assert again.data.train.degradation == options.data.train.degradation
    examine(again)


def test_resume_is_bit_exact(gansr: Make, options_file: Make, tree: Make, tmp_path: Any) -> None:
    options = tree(train__steps=4, data__train__degradation="real_esrgan", data__train__margin=8, validation__every=2)
    path, whole, parts = options_file(options), tmp_path / "whole", tmp_path / "parts"
    assert gansr("train", path, f"output={whole}").code == 0
    assert gansr("train", path, f"output={parts}", "train.steps=2").code == 0
    assert gansr("train", path, f"output={parts}").code == 0
    for name in ("last.safetensors", "log.jsonl"):
        assert (whole / "tiny" / name).read_bytes() == (parts / "tiny" / name).read_bytes()


def test_a_sheet_and_a_set(gansr: Make, photos: Any, tmp_path: Any) -> None:
    """The same seed writes the same files; every image has a draw of its own."""
    import json

    photo = photos / "judge" / "HR" / "0.png"
    sheet = tmp_path / "sheet.png"
    assert gansr("degrade", photo, "-o", sheet, "--grid", "2x3").code == 0
    assert Image.open(sheet).width == 3 * (240 + 8) + 8, "room for words below small pictures"
    told = json.loads((tmp_path / "sheet.json").read_text())
    assert told["hr"] == str(photo) and [(row["row"], row["column"]) for row in told["draws"]] == [
        (row, column) for row in range(2) for column in range(3)
    ]
    assert all(row["operations"][0]["type"] == "blur" for row in told["draws"])
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        result = gansr("degrade", photos / "judge" / "HR", "-o", tmp_path / name, "--scale", 2, "--seed", seed)
        assert result.code == 0, result.err
    one, same, other = ((tmp_path / name / "0.png").read_bytes() for name in ("one", "same", "other"))
    assert one == same != other
    assert Image.open(tmp_path / "one" / "0.png").size == (16, 12)
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text())
    assert manifest["scale"] == 2 and set(manifest["images"]) == {"0.png", "1.png"}
    assert len({row["seed"] for row in manifest["images"].values()}) == 2
    for row in manifest["images"].values():
        assert row["operations"][-1] == {"type": "to_8_bit"} and row["operations"][1]["factor"] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "real"], "there is no preset 'real'"),
        (["--grid", "6"], "expected ROWSxCOLUMNS"),
        (["--grid", "0x4"], "expected ROWSxCOLUMNS"),
        (["--grid", "1x1", "-o", "sheet.json"], "expected a picture, for example sheet.png"),
    ],
)
def test_mistakes_of_the_command(gansr: Make, photos: Any, tmp_path: Any, arguments: list[str], message: str) -> None:
    result = gansr("degrade", photos / "judge" / "HR" / "0.png", "-o", tmp_path / "x.png", *arguments)
    assert result.code == 2 and message in result.err
    assert gansr("degrade", tmp_path / "none", "-o", tmp_path / "x").code == 2


class TestLearned:
    """A trained network of scale 1 gives LR its look."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        torch.manual_seed(0)
        network = GENERATORS["srcnn"](1)
        path = tmp_path / "look.safetensors"
        write(path, network.state_dict(), describe(Architecture("srcnn", 1, {})))
        return path

    def test_it_sees_bicubic_lr(self, file: Path) -> None:
        window = torch.rand(2, 3, 32, 24)
        made = pipeline(rows({"type": "learned", "weights": str(file)})[0], 4)(Canvas.of(window), Draws(2, 0))
        network = load_look(str(file))
        expected = network(reduce(window, 4)).clamp(0, 1)
        torch.testing.assert_close(made.image, expected, atol=1e-6, rtol=1e-5)
        assert not made.image.requires_grad

    def test_images_of_lr_size_keep_it(self, file: Path) -> None:
        found = pipeline(rows({"type": "resize_to_scale"}, {"type": "learned", "weights": str(file)}), 4)
        assert found(Canvas.of(torch.rand(2, 3, 32, 24)), Draws(2, 0)).image.shape == (2, 3, 8, 6)

    def test_a_run_trains_on_it(self, file: Path, tree: Make) -> None:
        row = {"type": "learned", "weights": str(file)}
        options = validate(tree(data__train__degradation=row, data__train__margin=8), "run.yml")
        assert validate(yaml.safe_load(dump(options)), "again.yml") == options
        assert examine(options).missing == []
        (batch,) = batches(options, 1)
        assert batch.lr.shape[-1] == batch.hr.shape[-1] // options.scale

    def test_a_file_that_is_not_there(self, tmp_path: Path, tree: Make) -> None:
        """An earlier stage may write it, so `check` tells and does not refuse."""
        branches = [[{"type": "learned", "weights": "no.pth"}], [{"type": "matlab_bicubic"}]]
        degradation = [{"type": "one_of", "branches": branches}]
        options = validate(tree(data__train__degradation=degradation, data__train__margin=8), "run.yml")
        (missing,) = examine(options).missing
        assert missing == "data.train.degradation.0.branches.0.0.weights: there is no file no.pth."
        with pytest.raises(WeightsError, match=r"no\.pth: there is no such file"):
            batches(options, 1)

    def test_a_network_of_another_scale(self, tmp_path: Path, tree: Make) -> None:
        path = tmp_path / "large.safetensors"
        write(path, GENERATORS["srcnn"](2).state_dict(), describe(Architecture("srcnn", 2, {})))
        found = pipeline(rows({"type": "learned", "weights": str(path)})[0], 2)
        with pytest.raises(WeightsError, match="a network of scale 2 cannot make LR look like others"):
            found(Canvas.of(torch.rand(1, 3, 8, 8)), Draws(1, 0))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"type": "resize", "kinds": {"up": 0.2, "down": 0.2, "keep": 0.2}},
            r"0 \(type resize\): kinds add up to 0\.6",
        ),
        ({"type": "blur", "kinds": {"isotropic": 0.7, "anisotropic": 0.7}}, r"0 \(type blur\): kinds add up to 1\.4"),
        (
            {"type": "one_of", "branches": [[{"type": "jpeg"}], [{"type": "sinc"}]], "weights": [0.5, 0.2]},
            r"0 \(type one_of\): weights add up to 0\.7",
        ),
    ],
)
def test_probabilities_add_up(row: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError, match=rf"data\.train\.degradation\.{message}; expected probabilities"):
        pipeline(rows(row), 2)
    pipeline(rows({"type": "resize", "kinds": {"up": 1, "down": 3}, "methods": {"area": 0.33, "bicubic": 0.67}}), 2)
