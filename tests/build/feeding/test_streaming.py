"""Runs whose images come from shards."""

import io
import json
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from accelerate import Accelerator
from PIL import Image

from gansr.build.feeding.streaming import notes, streamed_set
from gansr.build.watching.order import Order
from gansr.errors import DataError, OptionsError
from gansr.options.load import validate

Run = Callable[..., Any]


def pack(photos: Path, folder: Path, names: Callable[[Path], dict[str, Path]], shards: int = 2) -> str:
    """The training photos, shared among so many tar files."""
    folder.mkdir()
    for shard in range(shards):
        with tarfile.open(folder / f"{shard:02}.tar", "w") as tar:
            for hr in sorted((photos / "train/HR").iterdir())[shard::shards]:
                for name, file in names(hr).items():
                    member = tarfile.TarInfo(name)
                    content = file.read_bytes()
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))
    return str(folder / f"{{00..{shards - 1:02}}}.tar")


@pytest.fixture
def alone(photos: Path, tmp_path: Path) -> str:
    return pack(photos, tmp_path / "alone", lambda hr: {hr.name: hr})


@pytest.fixture
def paired(photos: Path, tmp_path: Path) -> str:
    def names(hr: Path) -> dict[str, Path]:
        return {f"{hr.stem}.hr.png": hr, f"{hr.stem}.lr.png": photos / "train/LR" / f"{hr.stem}x2.png"}

    return pack(photos, tmp_path / "paired", names)


def streaming(
    tree: Run, shards: str, recipe: str = "paired", more: dict[str, Any] | None = None, **changes: Any
) -> Any:
    options = tree(recipe, **changes)
    del options["data"]["train"]["hr"]
    options["data"]["train"]["streaming"] = {"shards": shards, "mixed": 2, **(more or {})}
    return options


@pytest.mark.parametrize("crops", [1, 2])
def test_a_run_is_resumed_in_the_middle_of_a_shard(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, alone: str, crops: int
) -> None:
    path = options_file(streaming(tree, alone, log__every=1, data__train__crops_per_image=crops))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    first = gansr("train", path, f"output={whole}", "train.steps=7")
    assert first.code == 0 and "6 images in 2 shards" in first.out
    for steps, workers in ((1, 2), (4, 0), (7, 3)):
        more = (f"train.steps={steps}", f"data.train.workers={workers}")
        assert gansr("train", path, f"output={parts}", *more).code == 0
    for name in ("checkpoints/step_00000007/generator.safetensors", "checkpoints/step_00000007/order.json"):
        assert (whole / "tiny" / name).read_bytes() == (parts / "tiny" / name).read_bytes()


def test_images_that_are_left_out_are_told(
    gansr: Run, options_file: Run, tree: Run, alone: str, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    with tarfile.open(small / "0.tar", "w") as tar:
        for name, side in (("small", 12), ("large", 24)):
            Image.new("RGB", (side, side)).save(small / f"{name}.png")
            tar.add(small / f"{name}.png", f"{name}.png")
    options = streaming(tree, str(small / "0.tar"), data__train__small_images="skip", train__steps=2)
    result = gansr("train", options_file(options))
    assert result.code == 0
    assert result.out.count("0.tar/small is 12x12 (width x height), smaller than the crop of 16, and left out") == 1


@pytest.mark.parametrize("recipe", ["paired", "paired_gan"])
def test_pairs_from_shards(gansr: Run, options_file: Run, tree: Run, paired: str, recipe: str) -> None:
    more = {"hr": "hr", "lr": "lr"}
    assert gansr("train", options_file(streaming(tree, paired, recipe, more, train__steps=2))).code == 0


def test_degraded(gansr: Run, options_file: Run, tree: Run, alone: str) -> None:
    rows = [{"type": "gaussian", "sigma": [0.2, 1.0]}, {"type": "resize_to_scale"}]
    options = streaming(tree, alone, data__train__degradation=rows, data__train__margin=8, train__steps=2)
    assert gansr("train", options_file(options)).code == 0


def test_what_goes_wrong_is_one_paragraph(
    gansr: Run, options_file: Run, tree: Run, alone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = {
        "gone.tar cannot be read": streaming(tree, str(tmp_path / "gone.tar")),
        "expected one image with the ending hr.png": streaming(tree, alone, more={"hr": "hr"}),
        "smaller than the crop of 64": streaming(tree, alone, data__train__crop=64),
        "hr cannot stand beside streaming": tree(data__train__streaming={"shards": alone}),
        "importance cannot stand beside": streaming(tree, alone, data__train__importance="maps"),
    }
    for said, options in cases.items():
        result = gansr("train", options_file(options))
        assert result.code == 2 and said in " ".join(result.err.split()), result.err
        assert "Traceback" not in result.err
    options = tree()
    del options["data"]["train"]["hr"]
    result = gansr("train", options_file(options))
    assert result.code == 2 and "data.train: hr is missing" in " ".join(result.err.split())
    for module in [name for name in sys.modules if name.partition(".")[0] == "webdataset"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "webdataset", None)
    monkeypatch.setitem(sys.modules, "webdataset.gopen", None)
    result = gansr("train", options_file(streaming(tree, alone)))
    assert result.code == 2 and "pip install 'gansr[streaming]'" in " ".join(result.err.split())


def test_without_numbers_of_images_it_is_told(tree: Run) -> None:
    options = validate(streaming(tree, "http://example.org/{0..3}.tar"), "test")
    images = streamed_set(options)
    assert "4 shards, 4 of which have unknown numbers of images" in notes(images, 0)[0]
    assert "a resumed run reads" in notes(images, 0)[0] and "once more now" in notes(images, 5)[0]


def test_other_processes_are_refused_at_resume(tree: Run, alone: str, tmp_path: Path) -> None:
    options = validate(streaming(tree, alone), "test")
    images = streamed_set(options)
    (tmp_path / "order.json").write_bytes(Order.of(images, options, 2).files()["order.json"])
    assert Order.of(images, options, 2).changes(tmp_path, "auto") == []
    with pytest.raises(DataError, match=r"made by 2 processes.* and 1 would share them otherwise"):
        Order.of(images, options, 1).changes(tmp_path, "auto")
    (told,) = Order.of(images, options, 1).changes(tmp_path, "changed_data")
    assert told.endswith("because of other processes: 2 -> 1")


def test_a_batch_that_fails_is_named(tree: Run, alone: str) -> None:
    from gansr.build.autopsy import Autopsy

    options = validate(streaming(tree, alone), "test")
    said = Autopsy(streamed_set(options), options, Accelerator(cpu=True))(1, ["loss/pixel"])
    assert ".tar/" in said and "The batch is saved in" in said
    assert len((options.folder / "not_finite/step_2/images.txt").read_text().splitlines()) == 2


def test_several_scales(gansr: Run, options_file: Run, tree: Run, alone: str) -> None:
    generator = {"type": "mdsr", "features": 4, "blocks": 1, "scales": [2, 4]}
    options = streaming(tree, alone, scale=4, generator=generator, data__train__scales=[2, 4], train__steps=4)
    assert gansr("train", options_file(options)).code == 0
    options["data"]["train"]["streaming"] |= {"hr": "hr", "lr": "lr"}
    with pytest.raises(OptionsError, match=r"streaming\.lr has one scale"):
        validate(json.loads(json.dumps(options)), "test")


TWO = "-m torch.distributed.run --standalone --nproc_per_node 2 -m gansr train"


@pytest.mark.slow
def test_two_processes_share_shards_and_resume(
    finished: Run, gansr: Run, options_file: Run, tree: Run, alone: str, tmp_path: Path
) -> None:
    path = options_file(streaming(tree, alone, data__train__crops_per_image=2))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert finished(TWO, path, f"output={whole}", "train.steps=5").code == 0
    for steps, workers in ((2, 2), (5, 1)):
        more = (f"train.steps={steps}", f"data.train.workers={workers}")
        launched = finished(TWO, path, f"output={parts}", *more)
        assert launched.code == 0, launched.err
    name = "tiny/checkpoints/step_00000005/generator.safetensors"
    assert (whole / name).read_bytes() == (parts / name).read_bytes()
    refused = gansr("train", path, f"output={parts}", "train.steps=6")
    assert refused.code == 2 and "made by 2 processes" in " ".join(refused.err.split())
