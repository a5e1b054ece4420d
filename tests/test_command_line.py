"""The command line as a person meets it: what it prints, and what it says of mistakes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from gansr.models.architecture import Architecture
from gansr.models.weights import describe, write

Run = Callable[..., Any]


def paragraph(result: Any, *words: object) -> None:
    """One paragraph for people on stderr, exit code 2, and every one of `words` in it."""
    assert result.code == 2, result
    assert "Traceback" not in result.out + result.err
    assert result.err.startswith("Error: ") and len(result.err.strip().splitlines()) == 1, result.err
    assert result.err.strip().endswith((".", "?")), result.err
    for word in words:
        assert str(word) in result.err, f"{word!r} is not in: {result.err}"


@pytest.fixture
def refused(gansr: Run, options_file: Run, tmp_path: Path) -> Run:
    """Trains what must be refused before anything is written."""

    def train(content: Any, *words: object, overrides: tuple[str, ...] = ()) -> None:
        path = options_file(content)
        paragraph(gansr("train", path, *overrides), *words)
        assert not (tmp_path / "runs").exists(), "refused, but something was written"

    return train


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Weights of a small x2 network that say what they are."""
    from gansr.models.generators import GENERATORS

    arguments = {"features": 4, "blocks": 1}
    network = GENERATORS["msrresnet"](2, **arguments)
    path = tmp_path / "weights.safetensors"
    write(path, network.state_dict(), describe(Architecture("msrresnet", 2, arguments)))
    return path


def change_photo(photos: Path, folder: Path, part: str, name: str, change: Callable[[Path], None]) -> Path:
    """A copy of the photos under `folder`, one of them changed."""
    shutil.copytree(photos, folder)
    change(folder / part / name)
    return folder


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


# What the options say


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"generatr": {}}, ["run.yml: generatr: there is no such key", "Did you mean 'generator'"]),
        ({"train__stepps": 3}, ["train.stepps: there is no such key", "Did you mean 'steps'"]),
        ({"data__train__crp": 3}, ["data.train.crp: there is no such key", "Did you mean 'crop'"]),
        ({"data__validation__judge__lq": "x"}, ["data.validation.judge.lq", "Choices: exclude, hr, include, lr"]),
        ({"generator__blcks": 1}, ["generator (type msrresnet): blcks", "Did you mean 'blocks'"]),
        ({"losses__pixel__delta": 1}, ["losses.pixel (type l1): delta: there is no such key"]),
        ({"generator__type": "msresnet"}, ["generator: there is no type 'msresnet'", "Did you mean 'msrresnet'"]),
        ({"losses__pixel__type": "l3"}, ["losses.pixel: there is no type 'l3'", "charbonnier"]),
        ({"recipe": "pairedgan"}, ["recipe: there is no 'pairedgan'", "Did you mean 'paired_gan'"]),
        ({"train__steps": "many"}, ["run.yml: train.steps: expected a whole number, found 'many'"]),
        ({"train__batch": 1.5}, ["train.batch: expected a whole number, found 1.5"]),
        ({"train__precision": False}, ["train.precision: expected 'auto', 'fp32', 'bf16' or 'fp16', found False"]),
        ({"train__precision": "fp16"}, ["train.precision: fp16 needs a GPU", "Choices: fp32, auto"]),
        ({"generator__features": "4"}, ["generator (type msrresnet): features: expected a whole number, found '4'"]),
        ({"scale": 5}, ["scale: expected 1, 2, 3, 4 or 8, found 5"]),
        ({"data__train__crop": 15}, ["data.train.crop (15) must be a multiple of scale (2)"]),
        ({"discriminator": {"type": "unet"}}, ["discriminator", "use paired_gan, or remove it"]),
        ({"losses__adversarial": {"type": "hinge"}}, ["losses.adversarial", "use recipe: paired_gan"]),
        ({"losses": {"pixel": {"type": "l1", "weight": 0}}}, ["at step 0 every weight is 0"]),
        ({"checkpoints__best": "judge/lpips"}, ["checkpoints.best", "judge/psnr"]),
        ({"train__schedule": {"type": "cosin"}}, ["train.schedule: there is no type 'cosin'"]),
        ({"train__optimizer": {"type": "adam", "beta": 0.9}}, ["train.optimizer (type adam): beta"]),
        ({"validation__metrics": {"psnr": {"type": "pnsr"}}}, ["validation.metrics.psnr", "Did you mean 'psnr'"]),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_options_that_are_refused(refused: Run, tree: Run, changes: dict[str, Any], words: list[str]) -> None:
    refused(tree(**changes), *words)


def test_key_given_twice_is_refused_with_its_lines(refused: Run, tree: Run) -> None:
    import yaml

    text = yaml.safe_dump(tree(), sort_keys=False)
    refused(text + "scale: 4\n", "run.yml, line", "the key 'scale' is given twice (first in line 3)")


def test_missing_options_file(gansr: Run, tree: Run, options_file: Run) -> None:
    path = options_file(tree())
    paragraph(gansr("train", path.with_name("rnu.yml")), "rnu.yml: there is no such options file", "run.yml")


def test_misspelt_override(refused: Run, tree: Run) -> None:
    refused(tree(), "train.stps: there is no such key", "Did you mean 'steps'", overrides=("train.stps=3",))
    refused(tree(), "override 'steps'", "expected section.key=value", overrides=("steps",))
    refused(tree(), "train.steps: expected a whole number", overrides=("train.steps=ten",))


def test_misspelt_stage_override(refused: Run, tree: Run) -> None:
    stages = tree() | {"stages": [{"name": "first"}, {"name": "second"}]}
    words = ["no such stage", "Did you mean 'second'", "first"]
    refused(stages, *words, overrides=("stages.secnd.train.steps=3",))


def test_stages_of_two_precisions(refused: Run, tree: Run) -> None:
    stages = [{"name": "a", "train": {"precision": "fp32"}}, {"name": "b", "train": {"precision": "auto"}}]
    refused(tree() | {"stages": stages}, "train.precision: all stages of a run have the same one")


# What the folders hold


def test_missing_folder(refused: Run, tree: Run, photos: Path) -> None:
    folder = photos / "train" / "HRR"
    refused(tree(data__train__hr=str(folder)), "data.train.hr", folder, "Did you mean", photos / "train" / "HR")


def test_empty_folder(refused: Run, tree: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(tree(data__train__hr=str(tmp_path / "empty")), "data.train.hr: no images in", "expected files that end in")
    wrong = tree(data__validation={"judge": {"hr": str(tmp_path / "empty")}})
    refused(wrong, "data.validation.judge.hr: no images in")


def test_sizes_that_disagree(refused: Run, tree: Run, photos: Path, tmp_path: Path) -> None:
    changed = change_photo(
        photos, tmp_path / "other", "train", "LR/2x2.png", lambda p: Image.new("RGB", (9, 8)).save(p)
    )
    folders = {"hr": str(changed / "train" / "HR"), "lr": str(changed / "train" / "LR"), "crop": 16, "workers": 0}
    refused(tree(data__train=folders), "data.train", "2x2.png is 9x8", "Expected an LR of 24x20 at x2")


def test_pair_without_lr(refused: Run, tree: Run, photos: Path, tmp_path: Path) -> None:
    changed = change_photo(photos, tmp_path / "other", "train", "LR/2x2.png", Path.unlink)
    folders = {"hr": str(changed / "train" / "HR"), "lr": str(changed / "train" / "LR"), "crop": 16, "workers": 0}
    refused(tree(data__train=folders), "data.train.lr", "no LR for 1 of 6", "2.png")


def test_image_smaller_than_the_crop(refused: Run, tree: Run) -> None:
    refused(tree(data__train__crop=44), "data.train: 6 of 6 images are smaller than the crop of 44x44", "crop to 40")


def test_a_stage_to_come_is_looked_at_before_the_first_one_starts(refused: Run, tree: Run) -> None:
    later = {"name": "later", "data": {"train": {"crop": 44}}}
    refused(tree() | {"stages": [{"name": "now"}, later]}, "smaller than the crop of 44x44")


@pytest.mark.parametrize("workers", [0, 1])
def test_truncated_image_found_in_training(
    gansr: Run,
    options_file: Run,
    tree: Run,
    photos: Path,
    tmp_path: Path,
    workers: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gansr.build.checking.quick.PHOTOS", 1)  # of many images, not this one is looked at before
    changed = change_photo(photos, tmp_path / "other", "train", "HR/4.png", truncate)
    hr = changed / "train" / "HR"
    result = gansr("train", options_file(tree(data__train={"hr": str(hr), "crop": 16, "workers": workers})))
    paragraph(result, hr / "4.png", "cannot be read")
    assert not list((tmp_path / "runs" / "tiny").glob("checkpoints/*"))


def test_truncated_image_found_in_validation(
    gansr: Run, options_file: Run, tree: Run, photos: Path, tmp_path: Path
) -> None:
    changed = change_photo(photos, tmp_path / "other", "judge", "HR/1.png", truncate)
    result = gansr("train", options_file(tree(data__validation={"judge": {"hr": str(changed / "judge" / "HR")}})))
    paragraph(result, changed / "judge" / "HR" / "1.png", "cannot be read")
    assert not (tmp_path / "runs" / "tiny" / "best.safetensors").exists()


# What the weights are


def test_generator_weights_of_another_architecture(gansr: Run, options_file: Run, tree: Run, weights: Path) -> None:
    result = gansr("train", options_file(tree(generator={"type": "srresnet", "features": 4, "weights": str(weights)})))
    paragraph(
        result, f"generator.weights ({weights})", "do not fit SRResNet", "{type: msrresnet, features: 4, blocks: 1"
    )


def test_what_loose_weights_leave_out_is_told(gansr: Run, options_file: Run, tree: Run, weights: Path) -> None:
    wider = {"type": "msrresnet", "features": 4, "blocks": 2, "weights": str(weights)}
    path = options_file(tree(generator=wider | {"strict": False}))
    result = gansr("train", path)
    assert result.code == 0 and "generator: 4 weights left out (body.1.conv1.weight, " in result.out
    assert "left out" not in gansr("train", path, "train.steps=7").out, "a run that goes on has its own weights"
    paragraph(gansr("train", options_file(tree(name="strict", generator=wider))), "4 missing (body.1.conv1.weight, ")


def test_missing_weights(refused: Run, tree: Run, tmp_path: Path) -> None:
    refused(
        tree(generator__weights=str(tmp_path / "no.pth")), "generator.weights: there is no file", tmp_path / "no.pth"
    )


class Bomb:
    """What unpickling would execute."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return print, ("boom",)


def test_weights_that_would_run_code(gansr: Run, options_file: Run, tree: Run, photos: Path, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.pth"
    torch.save({"conv.weight": Bomb()}, bomb)
    for command in (
        ("train", options_file(tree(generator__weights=str(bomb)))),
        ("upscale", photos / "judge" / "HR" / "0.png", "-o", tmp_path / "out.png", "--weights", bomb),
    ):
        result = gansr(*command)
        paragraph(result, bomb, "refused, because reading it would run code")
        assert "boom" not in result.out
    assert not (tmp_path / "out.png").exists()


def test_upscale_says_what_weights_lack(gansr: Run, photos: Path, tmp_path: Path, weights: Path) -> None:
    photo, out = photos / "judge" / "HR" / "0.png", tmp_path / "out.png"
    unknown, own = tmp_path / "unknown.safetensors", tmp_path / "own.safetensors"
    save_file({"what.weight": torch.zeros(1)}, unknown)
    write(own, {"what.weight": torch.zeros(1)}, describe(Architecture("mine.net:Net", 2, {})))
    upscale = ("upscale", photo, "-o", out, "--weights")
    paragraph(gansr(*upscale, unknown), unknown, "does not say which network", "--generator")
    paragraph(gansr(*upscale, own), own, "made by the generator 'mine.net:Net'", "If you trust its code")
    paragraph(gansr(*upscale, tmp_path / "no.pth"), tmp_path / "no.pth", "there is no such file of weights")
    paragraph(gansr(*upscale, photo), "weights are read from .safetensors, .pth, .pt files, not '.png'")
    wrong = ("--generator", "{type: rrdbnet, blocks: 1, features: 4}", "--scale", 2)
    paragraph(gansr(*upscale, weights, *wrong), weights, "do not fit RRDBNet", "{type: msrresnet")
    paragraph(gansr(*upscale, weights, "--generator", "{blocks: 1}"), "--generator: expected a name or")
    paragraph(gansr(*upscale, weights, "--tile", 8), "A tile of 8 pixels is too small")
    paragraph(gansr(*upscale, "bicubic"), "bicubic: say by how much", "--scale 4")
    assert not out.exists()


# What upscale and evaluate are asked


def test_upscale_of_a_missing_file(gansr: Run, photos: Path, tmp_path: Path) -> None:
    missing = photos / "judge" / "HR" / "9.png"
    result = gansr("upscale", missing, "-o", tmp_path / "out.png", "--weights", "bicubic", "--scale", 2)
    paragraph(result, f"{missing}: there is no such photo or folder")
    assert not (tmp_path / "out.png").exists()


def test_output_inside_a_file(gansr: Run, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("I was here before.")
    bicubic = ("--weights", "bicubic", "--scale", 2)
    result = gansr("upscale", photos / "judge" / "HR", "-o", tmp_path / "file" / "out", *bicubic)
    paragraph(result, tmp_path / "file" / "out", "cannot be made")
    assert (tmp_path / "file").read_text() == "I was here before."


def test_upscale_never_overwrites_its_input(gansr: Run, photos: Path) -> None:
    photo = photos / "judge" / "HR" / "0.png"
    before = photo.read_bytes()
    paragraph(gansr("upscale", photo, "-o", photo, "--weights", "bicubic", "--scale", 2), "is an input")
    assert photo.read_bytes() == before


def test_evaluate_is_told_badly(gansr: Run, photos: Path, tmp_path: Path) -> None:
    good = f"judge={photos / 'judge' / 'HR'}"
    bicubic = ("evaluate", "bicubic", "--scale", 2)
    paragraph(gansr(*bicubic, "--on", "judge"), "--on judge: expected NAME=HR_DIR or NAME=HR_DIR:LR_DIR")
    paragraph(gansr(*bicubic, "--on", "judge=/nowhere/at/all"), "--on judge", "/nowhere/at/all")
    paragraph(gansr("evaluate", "bicubic", "--on", good), "bicubic: say by how much, for example --scale 4")
    paragraph(gansr(*bicubic, "--on", good, "--metric", "pnsr"), "--metric", "Did you mean 'psnr'")
    paragraph(gansr(*bicubic, "--on", good, "--colour", "grey"), "--metric (type psnr): colour", "'grey'")
    paragraph(gansr(*bicubic, "--on", good, "--metric", "{type: psnr"), "--metric, line 1")
    paragraph(gansr("evaluate", tmp_path / "no.pth", "--on", good), tmp_path / "no.pth", "no such file of weights")


def test_evaluate_refuses_what_would_hide_behind_one_name(gansr: Run, photos: Path) -> None:
    judge, train = (f"same={photos / part / 'HR'}" for part in ("judge", "train"))
    paragraph(
        gansr("evaluate", "bicubic", "--scale", 2, "--on", judge, "--on", train), "--on: there are several 'same'"
    )
    metrics = ("--metric", "psnr", "--metric", "{type: psnr, colour: rgb}")
    paragraph(gansr("evaluate", "bicubic", "--scale", 2, "--on", judge, *metrics), "--metric: there are several 'psnr'")


def test_list_of_a_table_that_is_not_there(gansr: Run) -> None:
    paragraph(gansr("list", "generator"), "no table 'generator'", "Did you mean 'generators'")


# What a run's folder holds


def test_resume_never_leaves_an_existing_run_alone(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    path, folder = options_file(tree()), tmp_path / "runs" / "tiny"
    assert gansr("train", path).code == 0
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    paragraph(gansr("train", path, "resume=never"), "resume: never", folder, "step_00000006")
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "cut": truncate,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_bytes(b"This is no checkpoint at all."),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("name", ["state.pt", "generator.safetensors", "generator.average.safetensors"])
def test_damaged_checkpoint(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, damage: Callable[[Path], Any], name: str
) -> None:
    path, checkpoints = options_file(tree(train__steps=3)), tmp_path / "runs" / "tiny" / "checkpoints"
    assert gansr("train", path).code == 0
    damage(checkpoints / "step_00000003" / name)
    remedy = f"Remove {checkpoints / 'step_00000003'} to go on from the checkpoint before it"
    paragraph(gansr("train", path), checkpoints / "step_00000003" / name, remedy)


def test_checkpoint_of_another_recipe(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    assert gansr("train", options_file(tree())).code == 0
    folder = tmp_path / "runs" / "tiny" / "checkpoints" / "step_00000006"
    paragraph(gansr("train", options_file(tree("paired_gan"))), folder, "discriminator", "give the run another name")


def test_a_stage_that_cannot_take_the_weights_of_the_one_before(refused: Run, tree: Run) -> None:
    stages = [{"name": "small"}, {"name": "large", "generator": {"blocks": 2}}]
    refused(tree() | {"stages": stages}, "tiny/2_large", "tiny/1_small", "generator.strict: false")


def test_checkpoint_of_another_architecture(gansr: Run, options_file: Run, tree: Run) -> None:
    path = options_file(tree(train__steps=3))
    assert gansr("train", path).code == 0
    paragraph(gansr("train", path, "generator.blocks=2"), "step_00000003", "do not fit MSRResNet", "blocks: 1")


# What works


def test_check_prints_what_would_be_trained(gansr: Run, options_file: Run, tree: Run) -> None:
    result = gansr("check", options_file(tree("paired_gan")))
    assert result.code == 0
    for word in ("tiny", "generator", "discriminator", "pixel", "l1", "vanilla", "0.1", "Memory of one process"):
        assert word in result.out


def test_train_then_upscale_then_evaluate(
    gansr: Run, options_file: Run, tree: Run, photos: Path, tmp_path: Path
) -> None:
    trained = gansr("train", options_file(tree()))
    last = tmp_path / "runs" / "tiny" / "last.safetensors"
    assert trained.code == 0 and str(last) in trained.out
    photo = photos / "judge" / "HR" / "0.png"
    assert gansr("upscale", photo, "-o", tmp_path / "large.png", "--weights", last).code == 0
    with Image.open(tmp_path / "large.png") as large:
        assert large.size == (64, 48)
    scores = tmp_path / "scores.json"
    judged = gansr(
        "evaluate", last, "bicubic", "--scale", 2, "--on", f"judge={photos / 'judge' / 'HR'}", "--json", scores
    )
    assert judged.code == 0
    document = json.loads(scores.read_text())
    assert set(document) == {str(last), "bicubic"}
    logged = [json.loads(line) for line in (tmp_path / "runs" / "tiny" / "log.jsonl").read_text().splitlines()]
    assert document[str(last)]["means"]["judge"]["psnr"] == pytest.approx(logged[-1]["judge/psnr"])


def test_a_stage_starts_from_the_weights_of_the_one_before(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path
) -> None:
    """A second stage with a rate too small to move anything ends where the first one ended."""
    stages = [{"name": "first"}, {"name": "second", "train": {"lr": 1e-30, "ema": None}}]
    result = gansr("train", options_file(tree() | {"stages": stages}))
    assert result.code == 0
    from gansr.models.weights import read

    first, second = (read(tmp_path / "runs" / "tiny" / name / "last.safetensors") for name in ("1_first", "2_second"))
    assert first.state.keys() == second.state.keys()
    assert all(torch.equal(first.state[name], second.state[name]) for name in first.state)
