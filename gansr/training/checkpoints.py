"""Folders of files that are either complete or not there.

A checkpoint is written beside its final place, flushed to the disk, renamed into place, and only then are older
ones removed. A run that is killed, or a disk that fills up, loses the new checkpoint and never an old one.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gansr.errors import StorageError

UNFINISHED = ".unfinished-"


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one run: `folder/step_00005000/`, the last `keep` of them."""

    folder: Path
    keep: int = 3

    def save(self, step: int, files: Mapping[str, bytes]) -> Path:
        """Write `files` (name -> content) as the checkpoint of `step`.

        Raises:
            StorageError: the disk is full or not writable; earlier checkpoints are untouched.
        """
        final = self.folder / f"step_{step:08d}"
        unfinished = self.folder / f"{UNFINISHED}{final.name}"
        try:
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            for name, content in files.items():
                _write(unfinished / name, content)
            _flush(unfinished)
            if final.exists():  # a run that was resumed from an older step has come by here before
                self._remove(final)
            unfinished.rename(final)
            _flush(self.folder)
        except OSError as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise StorageError(self._lost(step, files, error)) from None
        self._prune()
        return final

    def latest(self) -> Path | None:
        """The newest complete checkpoint."""
        complete = self.all()
        return complete[-1] if complete else None

    def all(self) -> list[Path]:
        """Every complete checkpoint, oldest first."""
        return sorted(self.folder.glob("step_*"))

    def _prune(self) -> None:
        for leftover in self.folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        for old in self.all()[: -self.keep]:
            self._remove(old)

    def _remove(self, complete: Path) -> None:
        """Out of sight first: a run killed in between leaves no half of a checkpoint under its name."""
        hidden = self.folder / f"{UNFINISHED}removed-{complete.name}"
        shutil.rmtree(hidden, ignore_errors=True)
        complete.rename(hidden)
        shutil.rmtree(hidden, ignore_errors=True)

    def _lost(self, step: int, files: Mapping[str, bytes], error: OSError) -> str:
        latest = self.latest()
        kept = f"{latest} is complete and the run goes on from it" if latest else "there is no earlier one"
        need = sum(map(len, files.values())) / 2**20
        return (
            f"{self.folder}: the checkpoint of step {step} could not be written: {error.strerror}. It needs "
            f"{need:.1f} MB, {free_megabytes(self.folder):.1f} MB are free. {kept[0].upper()}{kept[1:]}."
        )


def free_megabytes(folder: Path) -> float:
    """Free space on the disk that holds `folder`, or that would."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free / 2**20


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush(folder: Path) -> None:
    """Make the folder's own entries durable."""
    if os.name == "nt":  # Windows cannot open a folder, and does not need to
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
