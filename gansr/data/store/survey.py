"""Which of the images that a pack has are others now, or gone."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from gansr.data.store.disk.journal import Contents, Entry, Signature
from gansr.data.store.signature import content_of, lasting, signature
from gansr.errors import DataError

READERS = 16  # threads; waiting for the disk, not computing
TOGETHER = 64  # files that a thread takes


@dataclass
class Survey:
    """What was found of the images that a pack has.

    Args:
        changed: files that are others than those in the pack
        signatures: file -> signature of files that were looked at, and are what they were
        gone: names in the pack whose files are no longer there
    """

    changed: list[Path] = field(default_factory=list)
    signatures: dict[str, Signature] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)


def survey(files: Mapping[Path, str], contents: Contents, root: Path) -> Survey:
    """Compare files with what a pack has of them: by size and times, and where these have changed, by their bytes.

    Args:
        files: file -> its name in the pack
        contents: of the pack
        root: folder that names in the pack are relative to

    Raises:
        DataError: a file is not there.
    """
    found = Survey()
    doubtful: list[tuple[Path, Entry, Signature | None]] = []
    for (file, name), now in zip(files.items(), _many(_signature, list(files)), strict=True):
        entry = contents.entries.get(name)
        if entry is not None and entry.signature != now:
            doubtful.append((file, entry, lasting(now)))
    contents_now = _many(_content, [file for file, _, _ in doubtful])
    for (file, entry, now), content in zip(doubtful, contents_now, strict=True):
        if content != entry.content:
            found.changed.append(file)
        elif now is not None:
            found.signatures[entry.file] = now
    asked = set(files.values())
    others = [name for name in contents.entries if name not in asked]
    there = _many(os.path.exists, [root / name for name in others])
    found.gone = [name for name, exists in zip(others, there, strict=True) if not exists]
    return found


Result = TypeVar("Result")


def _many(ask: Callable[[Path], Result], files: Sequence[Path]) -> list[Result]:
    """The answers for all files. Threads take some at a time, since to ask one takes less than to hand it over."""
    groups = [files[begin : begin + TOGETHER] for begin in range(0, len(files), TOGETHER)]
    with ThreadPoolExecutor(READERS) as pool:
        found = pool.map(lambda group: [ask(file) for file in group], groups)
        return [one for group in found for one in group]


def _signature(file: Path) -> Signature:
    return _asked(signature, file)


def _content(file: Path) -> str:
    return _asked(content_of, file)


def _asked(ask: Callable[[Path], Result], file: Path) -> Result:
    try:
        return ask(file)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}.") from error
