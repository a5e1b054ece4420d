"""Opening a pack for whoever may change it: what an end without warning left behind is set right."""

import os
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from gansr.data.store import turns
from gansr.data.store.disk.journal import NAME, Contents, Entry, line, lines, read_journal
from gansr.data.store.disk.locks import nobody_reads
from gansr.data.store.disk.shards import Shards, shard_path
from gansr.data.store.disk.writing import refused
from gansr.data.store.pack import SHARED, Pack
from gansr.data.store.watcher import Watcher
from gansr.errors import DataError


def recovered(pack: Pack, watcher: Watcher) -> Contents:
    """What the pack holds and may be believed; its folder is made if it is not there.

    Forgets images whose bytes are not there, and those whose bytes are others than were written, which are looked at
    where the journal is not sure of them. The pack's lock is held.

    Raises:
        StorageError: the folder cannot be written.
    """
    journal = pack.folder / NAME
    try:
        pack.folder.mkdir(parents=True, exist_ok=True)
        (pack.folder / turns.NAME).unlink(missing_ok=True)  # of a process that was killed
        contents = read_journal(journal)
        lost = {entry.file for entry in _damaged(pack.folder, contents)}
        if lost:
            watcher.say(
                f"{pack.name}: {len(lost)} images of the raw cache were not written to the end or are damaged; they "
                "are decoded once more."
            )
        if lost or contents.unsure or contents.damaged or contents.header != pack.header:
            contents.entries = {file: entry for file, entry in contents.entries.items() if file not in lost}
            contents.header = pack.header
            _rewrite(journal, contents)
        _remove_unknown(pack.folder, contents)
    except OSError as error:
        raise refused(pack.folder, error) from error
    return contents


def _rewrite(journal: Path, contents: Contents) -> None:
    """Write a journal anew, whole or not at all: all its entries were looked at. Those of lost images are gone."""
    shards = sorted({entry.shard for entry in contents.entries.values()})
    for shard in shards:
        with shard_path(journal.parent, shard).open("rb") as file:
            os.fsync(file.fileno())
    whole = line("pack", contents.header) + lines(contents.entries.values())
    whole += b"".join(line("synced", shard) for shard in shards)
    unfinished = journal.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        file.write(whole)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(journal)
    contents.length, contents.damaged, contents.unsure = len(whole), 0, set()


def damaged(folder: Path, entries: Iterable[Entry]) -> list[Entry]:
    """Those of a pack's images whose bytes are gone, or others than were written."""
    shards, found = Shards(folder), []
    for entry in entries:
        pixels = np.empty(entry.size, np.uint8)
        try:
            shards.read(entry.shard, entry.offset, pixels)
        except DataError:
            found.append(entry)
            continue
        if zlib.crc32(pixels.data) != entry.checksum:
            found.append(entry)
    return found


def _damaged(folder: Path, contents: Contents) -> list[Entry]:
    """As `damaged`, but looks at bytes only where the journal is not sure of them."""
    lengths = {shard: _length(shard_path(folder, shard)) for shard in contents.shards}
    short = [entry for entry in contents.entries.values() if entry.offset + entry.size > lengths[entry.shard]]
    gone = {entry.file for entry in short}
    unsure = [contents.entries[file] for file in sorted(contents.unsure - gone)]
    return short + damaged(folder, unsure)


def _length(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _remove_unknown(folder: Path, contents: Contents) -> None:
    """Shards that no line names: of a process that was killed before its first line, or while it tidied up."""
    known = {shard_path(folder, shard) for shard in contents.shards}
    unknown = [file for file in folder.glob("shard_*.raw") if file not in known]
    if unknown:
        with nobody_reads(folder / SHARED) as free:
            for file in unknown if free else ():
                file.unlink()
