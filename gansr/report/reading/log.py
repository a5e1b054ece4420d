"""log.jsonl: what a run wrote down, step by step."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansr.errors import DataError

Line = dict[str, float]


@dataclass(frozen=True)
class Log:
    """Lines in the order of their steps: means of losses, and scores of validations (SET/METRIC).

    Where a run was not finite, a value is nan or inf.
    """

    losses: Sequence[Line] = ()
    scores: Sequence[Line] = ()
    cut: bool = False  # the last line is not whole: the run is writing it, or was ended while it did

    @property
    def step(self) -> int:
        """The last step that was written down; 0 before the first."""
        return int(max((line["step"] for line in (*self.losses, *self.scores)), default=0))

    def curve(self, key: str) -> tuple[list[float], list[float]]:
        """Steps, and values at these steps."""
        found = [(line["step"], line[key]) for line in (*self.losses, *self.scores) if key in line]
        return [step for step, _ in found], [value for _, value in found]


def read_log(path: Path, sets: Sequence[str] = ()) -> Log:
    """The log of one stage; a file that is not there is an empty log.

    A line of validation holds SET/METRIC and no learning rate, and its sets are `sets` where these are known.

    Raises:
        DataError: the file cannot be read, or a line other than the last is not what a run writes.
    """
    if not path.exists():
        return Log()
    try:
        texts = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}.") from None
    losses: list[Line] = []
    scores: list[Line] = []
    for number, text in enumerate(texts, start=1):
        line = _line(text)
        if line is None and number == len(texts):
            return Log(losses, scores, cut=True)
        if line is None:
            raise DataError(
                f"{path}, line {number}: expected a JSON object with a step and numbers, found {text[:60]!r}. "
                "Was the file edited? Remove that line, and report again."
            )
        (scores if _is_validation(line, sets) else losses).append(line)
    return Log(losses, scores)


def _line(text: str) -> Line | None:
    try:
        found = json.loads(text)
        return {name: float(value) for name, value in found.items()} if _is_step(found["step"]) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _is_step(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _is_validation(line: Line, sets: Sequence[str]) -> bool:
    names = line.keys() - {"step"}
    if sets:
        return bool(names) and all(name.rpartition("/")[0] in sets for name in names)
    return bool(names) and "lr" not in names and all("/" in name for name in names)
