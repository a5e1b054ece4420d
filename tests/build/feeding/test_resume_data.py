"""A resumed run goes on with the very next sample; where it cannot, it says so or refuses."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Run = Callable[..., Any]


def outcome(folder: Path) -> tuple[str, bytes]:
    return (folder / "log.jsonl").read_text(), (folder / "last.safetensors").read_bytes()


@pytest.mark.parametrize("crops", [1, 2])
def test_other_numbers_of_workers_change_nothing(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, crops: int
) -> None:
    """Six images in batches of two: five steps end in the middle of an epoch, and of an image's crops."""
    path = options_file(tree(log__every=1, data__train__crops_per_image=crops))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert gansr("train", path, f"output={whole}", "train.steps=7").code == 0
    for steps, workers in ((2, 2), (5, 0), (7, 5)):
        assert (
            gansr("train", path, f"output={parts}", f"train.steps={steps}", f"data.train.workers={workers}").code == 0
        )
    assert outcome(whole / "tiny")[0].splitlines()[-1] == outcome(parts / "tiny")[0].splitlines()[-1]
    newest = [json.loads((run / "tiny/checkpoints/step_00000007/order.json").read_text()) for run in (whole, parts)]
    assert newest[0] == newest[1] and newest[0]["images"] == 6 and newest[0]["crops"] == crops
    names = [run / "tiny/checkpoints/step_00000007/generator.safetensors" for run in (whole, parts)]
    assert names[0].read_bytes() == names[1].read_bytes()


@pytest.fixture
def grown(photos: Path, tmp_path: Path) -> Path:
    """A folder of one's own, to add images to."""
    return Path(shutil.copytree(photos / "train" / "HR", tmp_path / "own"))


def test_other_images_are_refused_or_told(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, grown: Path
) -> None:
    path = options_file(tree(data__train__hr=str(grown), train__steps=3))
    assert gansr("train", path).code == 0
    Image.fromarray(np.zeros((40, 48, 3), np.uint8)).save(grown / "new.png")
    refused = gansr("train", path, "train.steps=5")
    assert refused.code == 2 and "Traceback" not in refused.err
    said = " ".join(refused.err.split())
    assert "step_00000003" in said and "6 then, 7 now" in said and "resume: changed_data" in said
    assert not (tmp_path / "runs/tiny/checkpoints/step_00000005").exists()
    goes_on = gansr("train", path, "train.steps=5", "resume=changed_data")
    assert goes_on.code == 0
    assert "order of samples is a new one from here, because of other images: 6 then, 7 now" in goes_on.out
    again = gansr("train", path, "train.steps=6")
    assert again.code == 0 and "new one from here" not in again.out


def test_a_renamed_image_is_noticed_and_a_moved_folder_is_not(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, grown: Path
) -> None:
    path = options_file(tree(data__train__hr=str(grown), train__steps=3))
    assert gansr("train", path).code == 0
    moved = grown.rename(tmp_path / "elsewhere")
    there = gansr("train", path, "train.steps=4", f"data.train.hr={moved}")
    assert there.code == 0 and "new one from here" not in there.out
    (moved / "0.png").rename(moved / "9.png")
    refused = gansr("train", path, "train.steps=5", f"data.train.hr={moved}")
    assert refused.code == 2 and "6 as before, but other names" in " ".join(refused.err.split())


def test_another_batch_is_told(gansr: Run, options_file: Run, tree: Run) -> None:
    path = options_file(tree(train__steps=3))
    assert gansr("train", path).code == 0
    result = gansr("train", path, "train.steps=4", "train.batch=3")
    assert result.code == 0
    assert "new one from here, because of other images in a batch: 2 -> 3" in result.out


def test_a_checkpoint_from_before_is_taken(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    path = options_file(tree(train__steps=3))
    assert gansr("train", path).code == 0
    order = tmp_path / "runs/tiny/checkpoints/step_00000003/order.json"
    order.unlink()
    assert gansr("train", path, "train.steps=4").code == 0
    assert (order.parents[1] / "step_00000004/order.json").exists()
    (order.parents[1] / "step_00000004/order.json").write_text("{}")
    damaged = gansr("train", path, "train.steps=5")
    assert damaged.code == 2 and "order.json: damaged" in damaged.err
