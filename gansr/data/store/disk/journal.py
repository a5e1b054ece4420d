"""A pack's index: lines that are only ever appended, each with a checksum of its own.

A line about an image is written when the image's bytes are in their shard, so a process that is killed leaves at most
bytes that no line knows, and a line that is torn. Whether the disk itself has the bytes is another matter: a machine
that loses power may keep lines and lose the bytes before them. So images of shards of which no line says `synced` are
checked before use.
"""

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from gansr.data.store.disk.strips import Shape

NAME = "index.jsonl"

Signature = tuple[int, int, int, int]
"""Size, time of change, time of the last change of the file's entry (both in ns), number of the file."""


class Entry(NamedTuple):
    """One image of a pack."""

    file: str  # relative to the pack's root, with slashes
    signature: Signature | None  # of the file when it was read; None: too young then to tell from a later change
    content: str  # hash of the file's bytes
    shape: Shape
    shard: int
    offset: int  # in the shard
    checksum: int  # CRC-32 of the bytes in the shard

    @property
    def size(self) -> int:
        """Its bytes in the shard."""
        return self.shape[0] * self.shape[1] * self.shape[2]


@dataclass
class Contents:
    """What a journal says.

    Args:
        header: what the pack is of
        entries: file -> its newest entry
        unsure: files whose bytes must be checked before use
        shards: numbers of all shards that any line names
        length: bytes of the journal that are whole lines
        damaged: whole lines whose checksum is wrong
    """

    header: dict[str, Any] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    shards: set[int] = field(default_factory=set)
    length: int = 0
    damaged: int = 0

    def take(self, kind: str, value: Any) -> None:
        """Let one more line be said."""
        match kind:
            case "pack":
                self.header = value
            case "image":
                file, signature, content, shape, shard, offset, checksum = value
                self.entries[file] = Entry(
                    file, tuple(signature) if signature else None, content, tuple(shape), shard, offset, checksum
                )
                self.unsure.add(file)
                self.shards.add(shard)
            case "signature":
                file, signature = value
                if file in self.entries:
                    self.entries[file] = self.entries[file]._replace(signature=tuple(signature))
            case "dropped":
                self.entries.pop(value, None)
                self.unsure.discard(value)
            case "synced":
                self.unsure = {file for file in self.unsure if self.entries[file].shard != value}


def read_journal(path: Path) -> Contents:
    """What a pack's journal says; nothing where there is none.

    The last line may be torn, or may be just being written. Where lines in the middle are damaged, no other line is
    believed without a look at the bytes.

    Raises:
        OSError: it is there and cannot be read.
    """
    contents = Contents()
    if not path.exists():
        return contents
    for line in BytesIO(path.read_bytes()):  # bytes.splitlines would end lines at damage that looks like \r
        if not line.endswith(b"\n"):
            break
        contents.length += len(line)
        said = _parsed(line)
        if said is None:
            contents.damaged += 1
        else:
            contents.take(*said)
    if contents.damaged:
        contents.unsure = set(contents.entries)
    return contents


def line(kind: str, value: Any) -> bytes:
    """A line of a journal: "pack", "image", "signature", "dropped" or "synced", and what it says."""
    text = json.dumps([kind, value], separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def lines(entries: Iterable[Entry]) -> bytes:
    """The lines of several images."""
    return b"".join(line("image", entry) for entry in entries)


def _parsed(whole: bytes) -> tuple[str, Any] | None:
    checksum, _, text = whole.rstrip(b"\n").partition(b" ")
    if b"%08x" % zlib.crc32(text) != checksum:
        return None
    kind, value = json.loads(text)
    return kind, value
