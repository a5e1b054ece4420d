"""Short names of folders."""

from collections.abc import Sequence
from pathlib import Path

from gansr.errors import DataError

TAKEN = frozenset({"LR", "HR", "bicubic"})  # who is on every page already


def labels(folders: Sequence[Path]) -> list[str]:
    """The folders' names, and as much of what is above as tells them apart.

    Raises:
        DataError: one is given twice.
    """
    paths = [folder.resolve() for folder in folders]
    for path, folder in zip(paths, folders, strict=True):
        if paths.count(path) > 1:
            raise DataError(f"{folder} is given twice; expected each folder once.")
    found = [path.name for path in paths]
    length = 1
    while len(set(found)) < len(found) or TAKEN & set(found):
        length += 1
        found = ["/".join(path.parts[-length:]) for path in paths]
    return found
