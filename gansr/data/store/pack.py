"""What a pack is: all images of a folder, made in one way, in a folder of the cache."""

import hashlib
import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansr.data.files.images import READING_VERSION
from gansr.data.store.disk.journal import NAME, Contents, read_journal
from gansr.data.store.variants import Variant

FORMAT = 1
USED = "used"  # a file whose time is when a run last opened the pack
SHARED = "in_use"  # a file that every reader of the pack holds a lock on
LOCKS = "locks"  # a folder beside the packs: a pack's lock outlives the pack


@dataclass(frozen=True)
class Pack:
    """A pack that may or may not be there yet.

    Args:
        cache: folder of all packs
        root: the images' folder, absolute and without links
        variant: how they are made
    """

    cache: Path
    root: Path
    variant: Variant

    @property
    def header(self) -> dict[str, Any]:
        """All that decides whether bytes may be used: packs with another header are other packs."""
        return {
            "format": FORMAT,
            "reading": READING_VERSION,
            "root": os.fspath(self.root),
            "variant": self.variant.name,
        }

    @property
    def name(self) -> str:
        """Of its folder: the root's last two parts and the variant for people, a hash of the header for the rest."""
        words = [*self.root.parts[-2:], *([] if self.variant.plain else self.variant.name.split())]
        readable = re.sub(r"[^\w.-]+", "_", "-".join(words)).strip("_.-")
        readable = readable.encode()[-80:].decode(errors="ignore")  # file systems count bytes, of which most allow 255
        return f"{readable}-{hashlib.sha256(json.dumps(self.header).encode()).hexdigest()[:10]}"

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.cache / self.name

    @property
    def lock(self) -> Path:
        """The file that whoever changes the pack holds locked."""
        return lock_of(self.cache, self.name)

    def touch(self) -> None:
        """Note that it is used now."""
        (self.folder / USED).touch()


def lock_of(cache: Path, name: str) -> Path:
    """The lock of a pack by its name."""
    return cache / LOCKS / f"{name}.lock"


@dataclass(frozen=True)
class Standing:
    """A pack that was found in a cache.

    Args:
        folder: its own
        contents: what its journal says
        held: bytes of all its shards
        used: when a run last opened it, in seconds since 1970
    """

    folder: Path
    contents: Contents
    held: int
    used: float

    @property
    def name(self) -> str:
        """Of its folder."""
        return self.folder.name

    @property
    def root(self) -> Path:
        """Folder of the images."""
        return Path(self.contents.header["root"])

    @property
    def dead(self) -> int:
        """Bytes that belong to no image any more."""
        return max(0, self.held - sum(entry.size for entry in self.contents.entries.values()))

    @property
    def current(self) -> bool:
        """Would this version of gansr use it?"""
        header = self.contents.header
        return (header["format"], header["reading"]) == (FORMAT, READING_VERSION)

    @property
    def whole(self) -> bool:
        """Was it written to the end, and is all of it certainly on the disk?"""
        return not self.contents.unsure and not self.contents.damaged

    @property
    def days(self) -> float:
        """Days since a run last opened it."""
        return max(0.0, time.time() - self.used) / 86400


def standing_packs(cache: Path) -> list[Standing]:
    """Every pack in the folder of a cache, by name; none where there is no such folder."""
    if not cache.is_dir():
        return []
    found = []
    for index in sorted(cache.glob(f"*/{NAME}")):
        contents = read_journal(index)
        if contents.header:
            used = index.with_name(USED)
            when = (used if used.exists() else index).stat().st_mtime
            found.append(Standing(index.parent, contents, held_bytes(index.parent), when))
    return found


def held_bytes(folder: Path) -> int:
    """Bytes of a pack's shards."""
    return sum(shard.stat().st_size for shard in folder.glob("shard_*.raw"))
