"""How much may come out of archives, and what their members may be called."""

import re
import shutil
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from gansr.errors import DataError, StorageError

LONGEST = 255  # bytes of a name, on all file systems in use
DEEPEST = 32  # folders
DRIVE = re.compile(r"^[A-Za-z]:")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MEGABYTE = 2**20
Unpacked = Callable[[int], None]  # is told of each number of bytes that was written


@dataclass
class Budget:
    """What all archives of one set may bring together. Images hardly shrink: what unpacks to much more is a bomb."""

    files: int = 10_000
    bytes: int = 0  # grows with each archive that is opened, by `allow`
    times: int = 30  # as large as the archive
    spare: int = 64 * MEGABYTE  # allowed in any case
    spent_files: int = 0
    spent_bytes: int = 0

    def allow(self, archive: Path) -> None:
        """An archive of this size is about to be unpacked."""
        self.bytes += self.times * archive.stat().st_size + self.spare

    def file(self, archive: Path) -> None:
        """One more file. Raises DataError when they are too many."""
        self.spent_files += 1
        if self.spent_files > self.files:
            raise DataError(
                f"{archive} holds more than {self.files:,} files, far more than the set has images: it is not what it "
                "seems to be, and nothing of it is kept."
            )

    def write(self, count: int, archive: Path) -> None:
        """So many more bytes. Raises DataError when they are too many."""
        self.spent_bytes += count
        if self.spent_bytes > self.bytes:
            raise DataError(
                f"{archive} unpacks to more than {self.bytes // MEGABYTE:,} MB, {self.times} times what it is packed: "
                "no images do that. It is taken for a bomb, and nothing of it is kept."
            )

    def room(self, needed: int, folder: Path, archive: Path) -> None:
        """Raises as `write` before anything is written, and StorageError where the disk has not as much."""
        if self.spent_bytes + needed > self.bytes:
            self.write(needed, archive)
        refuse_full(needed, folder, str(archive))


def refuse_full(needed: int, folder: Path, what: str) -> None:
    """StorageError if the disk of an existing folder cannot hold so many bytes more."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(
            f"{what} needs {needed / MEGABYTE:,.0f} MB and {folder} has {free / MEGABYTE:,.0f} MB left. "
            "Nothing was changed; make room, or choose another disk with --to."
        )


@dataclass
class Names:
    """The names that an archive has given so far: none may lead out of the folder, none may hide another."""

    archive: Path
    seen: dict[str, tuple[str, bool]] = field(default_factory=dict)  # as equals see it -> (as written, is a folder)

    def take(self, name: str, folder: bool = False) -> PurePosixPath:
        """The path below the folder that a member is unpacked to. Raises DataError for one that is refused."""
        self.look(name)
        path = PurePosixPath(*(part for part in name.split("/") if part not in ("", ".")))
        for parent in path.parents[-2::-1]:
            self._note(parent, True)
        self._note(path, folder)
        return path

    def look(self, name: str) -> None:
        """Raise DataError for a name that is refused by itself."""
        if reason := wrong_name(name):
            raise DataError(f"{self.archive} holds {name[:100]!r}: {reason}. {REFUSED}")

    def _note(self, path: PurePosixPath, folder: bool) -> None:
        if path == PurePosixPath("."):
            return
        key = unicodedata.normalize("NFC", str(path)).casefold()
        before = self.seen.setdefault(key, (str(path), folder))
        if before[0] != str(path):
            raise DataError(
                f"{self.archive} holds both {before[0]!r} and {str(path)!r}, which are one on some file systems. "
                f"{REFUSED}"
            )
        if before[1] != folder or (not folder and key in self._files):
            raise DataError(f"{self.archive} holds {str(path)!r} twice. {REFUSED}")
        if not folder:
            self._files.add(key)

    _files: set[str] = field(default_factory=set)


REFUSED = "Nothing of it is kept. If you trust it, unpack it yourself and give the folder: --from FOLDER."


def wrong_name(name: str) -> str | None:
    """Why a member's name is refused; None: it is not."""
    parts = name.split("/")
    checks = {
        "a name with control characters": bool(CONTROL.search(name)),
        "a name with backslashes": "\\" in name,
        "an absolute path": name.startswith("/") or bool(DRIVE.match(name)),
        "a path that leads out of the folder": ".." in parts,
        "an empty name": not any(part not in ("", ".") for part in parts) and name not in (".", "./"),
        "a name that is too long": any(len(part.encode(errors="replace")) > LONGEST for part in parts),
        "folders within folders without end": len(parts) > DEEPEST,
    }
    return next((reason for reason, found in checks.items() if found), None)
