"""What lies in a folder."""

import difflib
import os
from collections.abc import Iterable
from pathlib import Path

from gansr.data.files.images import EXTENSIONS
from gansr.errors import DataError


def names_in(folder: Path, where: str) -> list[Path]:
    """Relative paths of the images under a folder, sorted.

    Hidden files and folders are skipped, links to folders are followed. `where` names the option in messages. Raises
    DataError for a folder that is missing, no folder, or without images, and for one, or one in it, that may not be
    read.
    """
    try:
        if not folder.exists():
            raise DataError(f"{where}: there is no folder {folder}. {_nearest(folder)}")
        if not folder.is_dir():
            raise DataError(f"{where}: {folder} is a file; expected a folder of images.")
        names = sorted((file.relative_to(folder) for file in _walk(folder)), key=Path.as_posix)
    except OSError as error:
        raise DataError(f"{where}: {error.filename or folder} cannot be read: {error.strerror or error}.") from error
    if not names:
        raise DataError(f"{where}: no images in {folder}; expected files that end in {', '.join(sorted(EXTENSIONS))}.")
    return names


def _walk(folder: Path) -> Iterable[Path]:
    entered = set()  # a link may lead back to where it came from
    for parent, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        if Path(parent).resolve() in entered:
            folders.clear()
            continue
        entered.add(Path(parent).resolve())
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in EXTENSIONS:
                yield Path(parent, name)


def _refuse(error: OSError) -> None:
    raise error  # else folders that may not be read would be left out without a word


def _nearest(folder: Path) -> str:
    """The end of a sentence about a missing folder: what is spelled alike where the path stops to exist."""
    missing = folder.absolute()
    while not missing.parent.exists():
        missing = missing.parent
    siblings = {sibling.name.lower(): sibling for sibling in missing.parent.iterdir() if sibling.is_dir()}
    if set(missing.name) & set("*?"):
        return "Patterns are given beside a folder, for example include: '*.png'."
    near = difflib.get_close_matches(missing.name.lower(), siblings, n=1, cutoff=0.5)
    return f"Did you mean {siblings[near[0]]}?" if near else f"{missing.parent} has no '{missing.name}'."
