"""Where images come from: folders, or parts of them, or lists; and how often each of them comes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gansr.data.files.lists import fits, read_list
from gansr.data.files.walk import names_in
from gansr.errors import DataError


@dataclass(frozen=True)
class Root:
    """Images of one place.

    Args:
        folder: that holds them; of a list, where its names are looked for
        list: a text that names them; None: all that the folder holds
        include: patterns, of which a path within the folder must fit one; none: all fit
        exclude: patterns, of which it may fit none
        weight: how often each image comes, to the images of other roots
    """

    folder: Path
    list: Path | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    weight: float = 1.0

    def __str__(self) -> str:
        return str(self.folder if self.list is None else self.list)


@dataclass(frozen=True)
class Found:
    """The images of a root.

    Args:
        root: where they come from
        files: in the order of their names, or of the list
        left_out: how many include and exclude took away
        idle: patterns that no image fits
    """

    root: Root
    files: tuple[Path, ...]
    left_out: int = 0
    idle: tuple[str, ...] = ()

    @cached_property
    def names(self) -> dict[Path, Path]:
        """File -> the name by which its LR, its map and its landmarks go: its path within the root's folder."""
        folder = self.root.folder
        return {
            file: file.relative_to(folder) if file.is_relative_to(folder) else Path(file.name) for file in self.files
        }


def find_roots(roots: Iterable[Root], where: str) -> list[Found]:
    """The images of every root.

    `where` names the option in messages. Raises DataError for a folder or a list that is missing or has no images, for
    a line that names none, and where patterns leave none.
    """
    return [find_root(root, where) for root in roots]


def files_of(found: Iterable[Found]) -> list[Path]:
    """The files of all roots, one root after the other."""
    return [file for one in found for file in one.files]


def named_twice(found: Sequence[Found]) -> list[Path]:
    """Files that come from two roots, or from two lines of a list."""
    seen: set[Path] = set()
    files = [file.absolute() for one in found for file in one.files]
    return [file for file in files if file in seen or seen.add(file)]


def find_root(root: Root, where: str) -> Found:
    """The images of a root; as `find_roots`."""
    if root.list is None:
        files = [root.folder / name for name in names_in(root.folder, where)]
    else:
        files = read_list(root.list, root.folder, where)
    if not (root.include or root.exclude):
        return Found(root, tuple(files))
    names = Found(root, tuple(files)).names
    used = {pattern: {file for file in files if fits(names[file], pattern)} for pattern in root.include + root.exclude}
    included = set(files) if not root.include else set().union(*(used[pattern] for pattern in root.include))
    excluded = set().union(*(used[pattern] for pattern in root.exclude))
    kept = [file for file in files if file in included and file not in excluded]
    if not kept:
        raise DataError(
            f"{where}: of {len(files)} images in {root} nothing is left: {_counted('include', root.include, used)}"
            f"{'; ' if root.include and root.exclude else ''}{_counted('exclude', root.exclude, used)}. A pattern with "
            f"a / is for the whole path within the folder, for example **/*.png or tmp/**; another one for names alone."
        )
    idle = tuple(pattern for pattern, fitting in used.items() if not fitting)
    return Found(root, tuple(kept), len(files) - len(kept), idle)


def _counted(key: str, patterns: Sequence[str], used: dict[str, set[Path]]) -> str:
    if not patterns:
        return ""
    return f"{key} has " + ", ".join(f"'{pattern}', which {len(used[pattern])} fit" for pattern in patterns)
