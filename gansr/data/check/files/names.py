"""What names of files tell, without opening one."""

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from gansr.data.check.findings import Finding
from gansr.data.files.images import EXTENSIONS


def odd_names(folder: Path, files: Sequence[Path]) -> list[Finding]:
    """Names that collide where case does not count, that differ only in their endings, or that other tools refuse."""
    by_case, by_stem = defaultdict(list), defaultdict(list)
    found = []
    for file in files:
        name = file.relative_to(folder)
        by_case[name.as_posix().casefold()].append(file)
        by_stem[name.with_suffix("").as_posix()].append(file)
        if why := _odd(name):
            found.append(Finding("odd_name", (file,), why))
    found += [Finding("case", tuple(same)) for same in by_case.values() if len(same) > 1]
    found += [Finding("same_stem", tuple(same)) for same in by_stem.values() if len(same) > 1]
    return found


def other_files(folder: Path) -> list[Finding]:
    """Files that are no images by their endings: one finding, with how many of each ending there are."""
    endings: Counter[str] = Counter()
    examples = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            ending = Path(name).suffix.lower()
            if not name.startswith(".") and ending not in EXTENSIONS:
                endings[ending or "no ending"] += 1
                examples.append(Path(parent, name))
    said = ", ".join(f"{count} with {ending}" for ending, count in endings.most_common(6))
    return [Finding("other_files", tuple(sorted(examples)[:6]), said, float(endings.total()))] if endings else []


def _odd(name: Path) -> str:
    text = name.as_posix()
    try:
        text.encode()
    except UnicodeEncodeError:
        return "not in UTF-8"
    if any(not letter.isprintable() for letter in text):
        return "letters that cannot be printed"
    if any(part != part.strip() for part in (*name.parts, name.stem)):
        return "spaces at an end"
    if any(letter in text for letter in '<>:"|?*\\'):
        return "letters that Windows refuses"
    return ""
