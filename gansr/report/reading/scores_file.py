"""What `gansr evaluate --json` wrote: means of models that are no part of the page's runs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gansr.errors import DataError

Means = dict[str, dict[str, dict[str, float]]]


def read_scores(files: Sequence[Path]) -> Means:
    """Model -> set -> metric -> mean.

    Raises:
        DataError: a file cannot be read or holds something else, or two files have one name for a model.
    """
    found: Means = {}
    for path in files:
        for name, means in _models(path).items():
            if name in found:
                raise DataError(f"{path}: a model {name} is in another file too; expected each of them once.")
            found[name] = means
    return found


def _models(path: Path) -> Means:
    try:
        document = json.loads(path.read_text("utf-8"))
        return {
            name: {place: _numbers(one) for place, one in model["means"].items()} for name, model in document.items()
        }
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{path}: expected what gansr evaluate --json writes, models with their means.") from None


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in values.items()}
