"""What lies beside the images of a prepared part: which files there are, where they came from, how they were made."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gansr.data.fetching.download import digest
from gansr.errors import DataError

NAME = "manifest.json"
FORMAT = 1
Manifest = dict[str, Any]


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a part into its folder. `manifest["files"]` is path below it -> bytes and sha256."""
    text = json.dumps({"format": FORMAT} | manifest, indent=1, ensure_ascii=False)
    (folder / NAME).write_text(text + "\n", "utf-8")


def read(folder: Path) -> Manifest:
    """The manifest of a prepared part. Raises DataError where it is missing, damaged or of a later version."""
    path = folder / NAME
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["format"] == FORMAT and isinstance(found["files"], dict):
            return found
    except FileNotFoundError:
        raise DataError(f"{folder} has no {NAME}: it was not made by gansr data prepare.") from None
    except (ValueError, KeyError, TypeError):
        raise DataError(f"{path} is damaged. Prepare the set anew: gansr data prepare NAME --force ...") from None
    raise DataError(f"{path} has format {found['format']!r}; expected {FORMAT}. Prepare the set anew, with --force.")


def entry(path: Path) -> dict[str, Any]:
    """What the manifest says of a file."""
    return {"bytes": path.stat().st_size, "sha256": digest(path)}


def quick_faults(folder: Path, manifest: Manifest) -> list[str]:
    """What differs in number or size from the manifest; looks into no file."""
    return _faults(folder, manifest, lambda path, said: path.stat().st_size == said["bytes"])


def faults(folder: Path, manifest: Manifest) -> list[str]:
    """What differs from the manifest in any byte."""
    return _faults(folder, manifest, lambda path, said: entry(path) == said)


def _faults(folder: Path, manifest: Manifest, same: Callable[[Path, dict[str, Any]], bool]) -> list[str]:
    known = manifest["files"]
    there = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()} - {NAME}
    found = [f"{name} is missing" for name in known if name not in there]
    found += [f"{name} was added" for name in sorted(there - set(known))]
    return found + [f"{name} was changed" for name in known if name in there and not same(folder / name, known[name])]
