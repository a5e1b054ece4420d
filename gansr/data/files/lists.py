"""Which of a folder's images are meant: names in a text file, and patterns of names."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from gansr.data.files.images import EXTENSIONS
from gansr.errors import DataError

MEASURES = re.compile(r"\s+\(\s*\d+(\s*,\s*\d+){1,2}\s*\)(\s+\d+)?$")
"""What meta-info files of BasicSR have behind a name: (height,width,channels), and a level of compression."""


def read_list(path: Path, folder: Path, where: str) -> list[Path]:
    """The files that a text names, one a line, relative to a folder unless they are absolute.

    Empty lines and lines that begin with # say nothing. `name.png (480,480,3)`, as BasicSR writes it, is name.png.
    `where` names the option in messages. Raises DataError for a text that is missing or names nothing, and for lines
    that name what is not there or no image.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise DataError(f"{where}: the list {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{where}: {path} is no text in UTF-8; expected the name of an image on each line.") from None
    named = {number: MEASURES.sub("", line.strip()) for number, line in enumerate(lines, 1)}
    named = {number: name for number, name in named.items() if name and not name.startswith("#")}
    if not named:
        raise DataError(f"{where}: the list {path} names nothing; expected the name of an image on each line.")
    files = {number: folder / name for number, name in named.items()}
    if strange := [number for number, file in files.items() if file.suffix.lower() not in EXTENSIONS]:
        raise DataError(
            f"{where}: {path}, line {strange[0]}: '{named[strange[0]]}' is not named as images are{_more(strange)}. "
            f"Expected one name on each line, which ends in {', '.join(sorted(EXTENSIONS))}."
        )
    if missing := [number for number, file in files.items() if not file.is_file()]:
        raise DataError(
            f"{where}: {path}, line {missing[0]}: there is no file {files[missing[0]]}{_more(missing)}. Names are "
            f"looked for in {folder}; with {{list: {path.name}, folder: FOLDER}} they are looked for elsewhere."
        )
    return list(files.values())


def fits(name: Path, pattern: str) -> bool:
    """Does a relative path fit a pattern?

    A pattern with a / is for the whole path: * stands for anything within one name, ** for any folders. Another one is
    for the file's name, wherever it lies.

    >>> fits(Path("tmp/a/b.png"), "tmp/**"), fits(Path("a/b.png"), "*.png"), fits(Path("a/b.png"), "/*.png")
    (True, True, False)
    """
    if "/" not in pattern:
        return fnmatchcase(name.name, pattern)
    return _fits(name.parts, pattern.strip("/").split("/"))


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[number:], pattern[1:]) for number in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _more(lines: Sequence[int]) -> str:
    return f" ({len(lines)} lines in all)" if len(lines) > 1 else ""
