"""Checkpoints are complete or not there, whatever happens while they are written."""

import errno
import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gansr.errors import StorageError
from gansr.training import checkpoints
from gansr.training.checkpoints import UNFINISHED, Checkpoints, free_megabytes
from gansr.training.files import replace_text

FILES = {"generator.safetensors": b"weights", "state.pt": b"state"}


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_saved_is_there(tmp_path: Path) -> None:
    saved = Checkpoints(tmp_path / "new" / "checkpoints").save(5, FILES)
    assert saved == tmp_path / "new" / "checkpoints" / "step_00000005"
    assert content(saved) == FILES
    assert [path.name for path in saved.parent.iterdir()] == ["step_00000005"]


def test_none_yet(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "none").latest() is None
    assert Checkpoints(tmp_path / "none").all() == []


def test_the_last_ones_are_kept(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, keep=2)
    for step in (5, 10, 99_000, 100_000):
        kept.save(step, FILES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step_00099000", "step_00100000"]
    assert kept.latest() == tmp_path / "step_00100000"


def test_leftovers_are_no_checkpoints_and_are_swept(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path)
    leftovers = [tmp_path / f"{UNFINISHED}step_00000007", tmp_path / f"{UNFINISHED}removed-step_00000001"]
    for leftover in leftovers:
        leftover.mkdir()
        (leftover / "state.pt").write_bytes(b"half")
    assert kept.latest() is None
    kept.save(7, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["step_00000007"]
    assert content(tmp_path / "step_00000007") == FILES


def test_the_same_step_again_replaces_it(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path)
    kept.save(5, FILES)
    kept.save(5, {"state.pt": b"other"})
    assert content(tmp_path / "step_00000005") == {"state.pt": b"other"}
    assert [path.name for path in tmp_path.iterdir()] == ["step_00000005"]


@pytest.mark.parametrize("place", ["_write", "_flush"])
def test_full_disk_leaves_the_earlier_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    kept = Checkpoints(tmp_path)
    kept.save(5, FILES)
    real = getattr(checkpoints, place)

    def full(path: Path, *arguments: Any) -> None:
        real(path, *arguments)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoints, place, full)
    with pytest.raises(StorageError) as caught:
        kept.save(10, FILES)
    message = str(caught.value)
    assert "checkpoint of step 10 could not be written: No space left on device" in message
    assert "It needs 0.0 MB" in message and f"{tmp_path / 'step_00000005'} is complete" in message
    assert [path.name for path in tmp_path.iterdir()] == ["step_00000005"]
    assert content(tmp_path / "step_00000005") == FILES


def test_full_disk_before_the_first_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoints, "_write", full)
    with pytest.raises(StorageError, match=r"MB are free\. There is no earlier one\.$"):
        Checkpoints(tmp_path / "new").save(10, FILES)
    assert list((tmp_path / "new").iterdir()) == []


def test_a_really_full_disk(small_disk: Path) -> None:
    kept = Checkpoints(small_disk, keep=2)
    big = {"generator.safetensors": bytes(200_000), "state.pt": bytes(200_000)}
    kept.save(1, big)
    with pytest.raises(StorageError, match=r"It needs 0\.8 MB, 0\.6 MB are free"):
        kept.save(2, {name: bytes(400_000) for name in big})
    assert [path.name for path in small_disk.iterdir()] == ["step_00000001"]
    assert content(small_disk / "step_00000001") == big
    kept.save(2, big)
    assert [path.name for path in kept.all()] == ["step_00000001", "step_00000002"]


def test_free_space_is_that_of_the_nearest_folder(tmp_path: Path) -> None:
    expected = shutil.disk_usage(tmp_path).free / 2**20
    assert free_megabytes(tmp_path / "not" / "yet" / "there") == pytest.approx(expected, rel=0.05)


WRITER = """
import sys, itertools
from pathlib import Path
from gansr.training.checkpoints import Checkpoints
kept = Checkpoints(Path(sys.argv[1]), keep=2)
latest = kept.latest()
print("ready", flush=True)
for step in itertools.count(int(latest.name[5:]) + 1 if latest else 1):
    kept.save(step, {f"file{k}": step.to_bytes(4, "big") * 50_000 for k in range(4)})
"""


def test_killed_at_any_moment_no_checkpoint_is_incomplete(process: Callable[..., Any], tmp_path: Path) -> None:
    folder, steps = tmp_path / "checkpoints", []
    for attempt in range(60):
        if attempt >= 12 and max(steps, default=0) > 12:  # on a busy machine writers get less done
            break
        writer = process("-c", WRITER, folder)
        assert writer.stdout.readline() == "ready\n"
        time.sleep(0.02 + 0.007 * (attempt % 12))
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        for path in folder.glob("step_*"):
            step = int(path.name.removeprefix("step_"))
            expected = {f"file{k}": step.to_bytes(4, "big") * 50_000 for k in range(4)}
            assert content(path) == expected, f"{path} is published and incomplete"
            steps.append(step)
        assert not steps or list(folder.glob("step_*")), "an earlier checkpoint is lost"
    assert max(steps) > 12, "the writers wrote too little to be a test"


def test_text_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "log.jsonl"
    replace_text(path, "one\n")
    replace_text(path, "two\n")
    assert path.read_text() == "two\n"
    assert [file.name for file in path.parent.iterdir()] == ["log.jsonl"]


def test_text_on_a_full_disk_stays_what_it_was(small_disk: Path) -> None:
    path = small_disk / "options.yml"
    replace_text(path, json.dumps({"a": 1}))
    with pytest.raises(OSError, match="No space left"):
        replace_text(path, "x" * 2_000_000)
    assert path.read_text() == '{"a": 1}'
    assert [file.name for file in small_disk.iterdir()] == ["options.yml"]
