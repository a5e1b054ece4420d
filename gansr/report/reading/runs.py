"""Folders of runs: their stages, what each was told, and how far it came."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gansr.errors import DataError
from gansr.report.reading.labels import labels
from gansr.report.reading.log import Log, read_log

LOG, OPTIONS, LAST = "log.jsonl", "options.yml", "last.safetensors"


@dataclass(frozen=True)
class Part:
    """One stage of a run, or a run that has no stages."""

    label: str  # for people: the run's name and the stage's; of a run alone, the stage's
    name: str  # the run's
    folder: Path
    log: Log
    options: Mapping[str, Any] | None  # the resolved ones; None where the file is missing
    run: int  # number of the run on the page
    begins: int  # steps of the stages before: where its curves begin

    @property
    def steps(self) -> int | None:
        """How many it shall take, where the options say so."""
        train = (self.options or {}).get("train")
        steps = train.get("steps") if isinstance(train, dict) else None
        return steps if isinstance(steps, int) and steps > 0 else None

    @property
    def finished(self) -> bool:
        """Has it taken all of its steps?"""
        return (self.folder / LAST).exists() or (self.steps is not None and self.log.step >= self.steps)

    @property
    def state(self) -> str:
        """How far it came, in words."""
        step = f"{self.log.step:,}"
        if self.finished:
            return f"finished, {step} steps"
        of = f" of {self.steps:,}" if self.steps else ""
        return f"step {step}{of}: still going on, or stopped" if self.log.step else "nothing is logged yet"


def read_runs(folders: Sequence[Path]) -> list[Part]:
    """The stages of all runs, in order.

    Raises:
        DataError: a folder is missing or holds no run, or its options or its log cannot be read.
    """
    parts: list[Part] = []
    names = labels(folders)
    for number, (folder, name) in enumerate(zip(folders, names, strict=True)):
        begins = 0
        for stage in _stages(folder):
            own = stage.name.replace("_", " ", 1)
            label = name if stage == folder else own if len(folders) == 1 else f"{name} · {own}"
            options = _options(stage / OPTIONS)
            log = read_log(stage / LOG, _sets(options))
            parts.append(Part(label, name, stage, log, options, number, begins))
            begins += log.step
    return parts


def _stages(folder: Path) -> list[Path]:
    """The folder itself, or those of its stages, 1_NAME, 2_NAME, ..."""
    if not folder.exists():
        near = difflib.get_close_matches(folder.name, _siblings(folder), n=1, cutoff=0.5)
        hint = f" Did you mean {folder.with_name(near[0])}?" if near else ""
        raise DataError(f"There is no run {folder}.{hint} Expected the folder that a run was written to.")
    if not folder.is_dir():
        raise DataError(f"{folder} is a file; expected the folder that a run was written to.")
    if _is_stage(folder):
        return [folder]
    found = [one for one in folder.iterdir() if re.fullmatch(r"\d+_.+", one.name) and _is_stage(one)]
    if not found:
        runs = [one.name for one in sorted(folder.iterdir()) if one.is_dir() and (_is_stage(one) or _holds_stages(one))]
        hint = f" It holds runs: {', '.join(runs[:5])}{', ...' if len(runs) > 5 else ''}." if runs else ""
        raise DataError(f"{folder} is no run: expected {LOG} and {OPTIONS} in it, or in stages 1_NAME, 2_NAME.{hint}")
    return sorted(found, key=lambda one: int(one.name.partition("_")[0]))


def _is_stage(folder: Path) -> bool:
    return folder.is_dir() and any((folder / name).is_file() for name in (LOG, OPTIONS))


def _holds_stages(folder: Path) -> bool:
    return any(re.fullmatch(r"\d+_.+", one.name) and _is_stage(one) for one in folder.iterdir())


def _siblings(folder: Path) -> list[str]:
    parent = folder.absolute().parent
    return [one.name for one in parent.iterdir() if one.is_dir()] if parent.is_dir() else []


def _options(path: Path) -> Mapping[str, Any] | None:
    if not path.exists():
        return None
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{path} cannot be read: {str(error).splitlines()[0]}.") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: expected the options of a run, found {type(found).__name__}.")
    return found


def _sets(options: Mapping[str, Any] | None) -> list[str]:
    sections = (options or {}).get("data")
    validation = sections.get("validation") if isinstance(sections, dict) else None
    return list(validation) if isinstance(validation, dict) else []
