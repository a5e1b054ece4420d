"""A disk that fills up: what was complete stays complete, and the run goes on once there is room."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gansr.training import checkpoints

Run = Callable[..., Any]


def fill(disk: Path, leave: int) -> Path:
    """Take all of a small disk but `leave` bytes."""
    filler = disk / "filler"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    filler.write_bytes(bytes(free - leave))
    return filler


def files(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kilobytes", [0, 4, 16, 80])
def test_full_disk(gansr: Run, options_file: Run, tree: Run, small_disk: Path, tmp_path: Path, kilobytes: int) -> None:
    """With less and less room it is the checkpoint, the best weights, the log or the options that do not fit."""
    path = options_file(tree(output=str(small_disk), train__steps=12, generator__features=8))
    whole, run = tmp_path / "whole" / "tiny", small_disk / "tiny"
    assert gansr("train", path, f"output={whole.parent}").code == 0
    assert gansr("train", path, "train.steps=6").code == 0
    before = {path: content for path, content in files(run).items() if "tensorboard" not in path.parts}

    filler = fill(small_disk, leave=kilobytes << 10)
    result = gansr("train", path)
    assert result.code == 2 and "Traceback" not in result.err + result.out, result.err
    assert str(run) in result.err and "No space left on device" in result.err, result.err
    assert not [p for p in small_disk.rglob("*") if "unfinished" in p.name or p.suffix == ".tmp"]
    after = files(run)
    for file, content in before.items():
        assert after[file].startswith(content) if file.name == "log.jsonl" else after[file], file
    for checkpoint in (p for p in before if "checkpoints" in p.parts):
        assert after[checkpoint] == before[checkpoint], "an earlier checkpoint changed"

    filler.unlink()
    assert gansr("train", path).code == 0
    assert (run / "last.safetensors").read_bytes() == (whole / "last.safetensors").read_bytes()
    assert (run / "log.jsonl").read_bytes() == (whole / "log.jsonl").read_bytes()


def test_full_disk_by_injection(
    gansr: Run, options_file: Run, tree: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same where no disk may be mounted: the second file of the second checkpoint does not fit."""
    written: list[Path] = []
    real = checkpoints._write

    def write(path: Path, content: bytes) -> None:
        written.append(path)
        if "step_00000006" in str(path) and len({p for p in written if p.parent == path.parent}) == 2:
            path.write_bytes(content[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(path, content)

    monkeypatch.setattr(checkpoints, "_write", write)
    result = gansr("train", options_file(tree()))
    folder = tmp_path / "runs" / "tiny" / "checkpoints"
    assert result.code == 2 and "Traceback" not in result.err
    assert f"{folder}: the checkpoint of step 6 could not be written: No space left on device" in result.err
    assert "step_00000003 is complete and the run goes on from it" in result.err.replace("S", "s")
    assert [path.name for path in folder.iterdir()] == ["step_00000003"]


def test_output_that_cannot_be_written(gansr: Run, options_file: Run, tree: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("I was here before.")
    result = gansr("train", options_file(tree(output=str(tmp_path / "file"))))
    assert result.code == 2 and "Traceback" not in result.err
    assert str(tmp_path / "file" / "tiny") in result.err and "Not a directory" in result.err
    assert (tmp_path / "file").read_text() == "I was here before."


def test_scores_on_a_full_disk(gansr: Run, photos: Path, small_disk: Path) -> None:
    fill(small_disk, leave=0)
    on = f"judge={photos / 'judge' / 'HR'}"
    result = gansr("evaluate", "bicubic", "--scale", 2, "--on", on, "--json", small_disk / "scores.json")
    assert result.code == 2 and "could not be written" in result.err and "Traceback" not in result.err
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_upscale_on_a_full_disk(gansr: Run, photos: Path, small_disk: Path) -> None:
    fill(small_disk, leave=0)
    out = small_disk / "out.png"
    result = gansr("upscale", photos / "judge/HR/0.png", "-o", out, "--weights", "bicubic", "--scale", 2)
    assert result.code == 2 and f"{out} could not be written" in result.err and "Traceback" not in result.err
    assert [path.name for path in small_disk.iterdir()] == ["filler"]
