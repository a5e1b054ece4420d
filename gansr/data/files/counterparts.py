"""Images of the same name in several folders: results of programs that each have their own way to name files."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from gansr.data.files.folders import find_images
from gansr.errors import DataError

# What programs append to names, at the end and perhaps several of them: 0801_x4_SR, baboon_HR, 0801x4_out, bird_rlt.
MARK = re.compile(
    r"(?:[_-]?x\d+(?:[dm]|w\d)?[_-]?"
    r"|[_-](?:SR|HR|LR|GT|out|rlt|results?|output|upscaled|fake_B|bicubic)(?:x?\d+)?)$",
    re.IGNORECASE,
)


def counterparts(folders: Mapping[str, Path], where: str) -> list[tuple[str, dict[str, Path]]]:
    """(name, folder's label -> file) for every image of the last folder, in the order of names.

    Names match without their extensions; if not so, without marks at their ends (`_x4`, `_SR`, `_HR`, `_out` and the
    like); if not so either, one may go on where the other ends, after `_`, `-` or `.`, as in `baby_mymodel.png`.
    Files of the other folders that have no counterpart in the last one are an error too: a forgotten folder of
    ground truth would go unnoticed otherwise.

    Raises:
        DataError: a folder is missing or empty, an image has no counterpart, or two.
    """
    names = {label: _names(folder, f"{where} {folder}") for label, folder in folders.items()}
    *others, last = folders
    found: list[tuple[str, dict[str, Path]]] = []
    for name, file in names[last].items():
        partners = {label: _partner(name, names[label], folders[label], file, where) for label in others}
        own = [one.relative_to(folders[label]).with_suffix("").as_posix() for label, one in partners.items()]
        shown = name if set(own) == {name} else min(map(core, [name, *own]), key=len)
        found.append((shown, partners | {last: file}))
    for label in others:
        used = {partners[label] for _, partners in found}
        if alone := [file.name for file in names[label].values() if file not in used]:
            raise DataError(
                f"{where}: {folders[last]} has nothing for {len(alone)} of {len(names[label])} images in "
                f"{folders[label]}: {_first(alone)}. Expected the same names, or names that go on after a _."
            )
    _refuse_doubles(found, where)
    return found


def core(name: str) -> str:
    """A name without the marks at its end.

    >>> core("0801x4_SR")
    '0801'
    """
    while (shorter := MARK.sub("", name)) not in (name, "") and not shorter.endswith("/"):
        name = shorter
    return name


def _names(folder: Path, where: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in find_images([folder], where):
        name = file.relative_to(folder).with_suffix("").as_posix()
        if name in found:
            raise DataError(f"{where}: {found[name].name} and {file.name} have one name; expected one file for each.")
        found[name] = file
    return found


def _partner(name: str, known: Mapping[str, Path], folder: Path, file: Path, where: str) -> Path:
    """The image that belongs to `file`, by the first way of matching that finds any."""
    if name in known:
        return known[name]
    stem = core(name)
    shorter = [one for one in known if _goes_on(stem, core(one))]
    ways = [
        [one for one in known if core(one) == stem],
        [one for one in known if _goes_on(one, stem)],
        [one for one in shorter if len(core(one)) == max(len(core(other)) for other in shorter)],
    ]
    fitting = next((way for way in ways if way), [])
    if len(fitting) == 1:
        return known[fitting[0]]
    if fitting:
        raise DataError(
            f"{where}: {_first([known[one].name for one in fitting])} in {folder} could all belong to {file}; "
            "expected one of them."
        )
    raise DataError(
        f"{where}: {folder} has nothing for {file}; it holds {_first([one.name for one in known.values()])}. Expected "
        "the same names, or names that go on after a _."
    )


def _goes_on(name: str, beginning: str) -> bool:
    return name.startswith(tuple(f"{beginning}{mark}" for mark in "_-."))


def _refuse_doubles(found: Sequence[tuple[str, Mapping[str, Path]]], where: str) -> None:
    owners: dict[tuple[str, Path], Path] = {}
    for _, partners in found:
        *others, last = partners.items()
        for label, file in others:
            if (owner := owners.setdefault((label, file), last[1])) != last[1]:
                raise DataError(f"{where}: {file} could belong to {owner} and to {last[1]}; expected one of them.")


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
