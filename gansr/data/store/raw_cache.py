"""Images as raw bytes on the disk, decoded once: what training reads from."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from gansr.data.store.compacting import compact
from gansr.data.store.disk.journal import Contents, Entry
from gansr.data.store.disk.locks import Reading, alone
from gansr.data.store.disk.shards import Shards
from gansr.data.store.disk.writing import SHARD_BYTES, Writer, refused
from gansr.data.store.filling import fill, note
from gansr.data.store.pack import SHARED, Pack
from gansr.data.store.recovery import recovered
from gansr.data.store.survey import survey
from gansr.data.store.turns import whose_turn
from gansr.data.store.variants import PIXELS, Variant
from gansr.data.store.watcher import Silent, Watcher

FEW = 16  # folders outside the roots that have packs of their own, each of which takes files that are held open


class OpenPack:
    """The images of one pack, by the names that it has for them."""

    def __init__(self, pack: Pack, entries: Mapping[str, Entry]):
        self.entries = dict(entries)
        self.reading = Reading(pack.folder / SHARED)
        self.shards = Shards(pack.folder)


class RawCache:
    """An `ImageSource` that decodes nothing: windows are read from packs, only the bytes that they need.

    A file that is changed or removed while this is open stays what it was when it was opened.
    """

    def __init__(self, packs: Sequence[tuple[OpenPack, Mapping[Path, str]]]):
        self.places = {file: (pack.shards, pack.entries[name]) for pack, files in packs for file, name in files.items()}
        self.packs = [pack for pack, _ in packs]  # whose locks live as long

    def contents(self) -> Iterator[tuple[Path, str]]:
        """Every file, and the hash of what it held when it was decoded."""
        return ((file, entry.content) for file, (_, entry) in self.places.items())

    def shape(self, file: Path) -> tuple[int, int, int]:
        """As `ImageSource` has it."""
        return self.places[file][1].shape

    def window(self, file: Path, top: int, left: int, height: int, width: int) -> np.ndarray:
        """As `ImageSource` has it. Raises DataError for a pack that was removed or cut off meanwhile."""
        shards, entry = self.places[file]
        return shards.window(entry.shard, entry.offset, entry.shape, (top, left, height, width))


def open_cache(
    cache: Path,
    files: Sequence[Path],
    roots: Sequence[Path],
    variant: Variant = PIXELS,
    watcher: Watcher | None = None,
    threads: int | None = None,
    shard_bytes: int = SHARD_BYTES,
) -> RawCache:
    """Images from the raw cache; those that it lacks, or that have changed, are decoded first.

    Any number of processes may do this at the same time: the first decodes, the others wait for it.

    Args:
        cache: folder of all packs
        files: images
        roots: their folders, each with a pack of its own; a file in none of them belongs to its own folder's, or where
            such folders are many, to that of the folder that holds them all
        variant: what is kept of an image
        watcher: is told what is done
        threads: that decode; omitted: as many as there are processors
        shard_bytes: length at which a file of the cache is ended

    Raises:
        DataError: an image cannot be read.
        StorageError: the cache cannot be written, or has too little room.
    """
    packs = []
    for root, names in _by_root(files, roots).items():
        pack = Pack(cache, root.resolve(), variant)
        packs.append((_opened(pack, names, watcher or Silent(), threads, shard_bytes), names))
    return RawCache(packs)


def _by_root(files: Sequence[Path], roots: Sequence[Path]) -> dict[Path, dict[Path, str]]:
    """Root -> its files, each with its name there."""
    found: dict[Path, dict[Path, str]] = defaultdict(dict)
    outside: list[Path] = []
    beginnings = [(root, os.path.join(root, "")) for root in roots]  # noqa: PTH118, with a slash at the end
    for file in files:
        text = str(file)
        for root, beginning in beginnings:
            if text.startswith(beginning):  # Path.relative_to takes 20 us, which 100,000 files notice
                found[root][file] = text[len(beginning) :].replace(os.sep, "/")
                break
        else:
            root = next((one for one in roots if file.is_relative_to(one)), None)  # as when a root is "."
            if root is None:
                outside.append(file)
            else:
                found[root][file] = file.relative_to(root).as_posix()
    for root, file in zip(_tops(outside), outside, strict=True):
        found[root][file] = file.relative_to(root).as_posix()
    return found


def _tops(outside: Sequence[Path]) -> list[Path]:
    """For each file that is in no root, the folder whose pack it belongs to: its own, or where these are many, one."""
    folders = {file.parent for file in outside}
    if len(folders) <= FEW:
        return [file.parent for file in outside]
    top = Path(os.path.commonpath(folders))
    return [top] * len(outside)


def _opened(pack: Pack, files: Mapping[Path, str], watcher: Watcher, threads: int | None, shard_bytes: int) -> OpenPack:
    try:
        pack.lock.parent.mkdir(parents=True, exist_ok=True)
        with alone(pack.lock, lambda: watcher.wait(f"Waiting for {pack.name}: {whose_turn(pack.folder)}.")):
            contents = _brought_up_to_date(pack, files, watcher, threads, shard_bytes)
            pack.touch()
            return OpenPack(pack, {name: contents.entries[name] for name in files.values()})
    except OSError as error:
        raise refused(pack.folder, error) from error


def _brought_up_to_date(
    pack: Pack, files: Mapping[Path, str], watcher: Watcher, threads: int | None, shard_bytes: int
) -> Contents:
    contents = recovered(pack, watcher)
    found = survey(files, contents, pack.root)
    with Writer(pack.folder, contents, shard_bytes) as writer:
        note(pack, writer, found, files, watcher)
    contents = compact(pack, contents, watcher, shard_bytes)  # before more is written: there may be little room
    lacking = [file for file, name in files.items() if name not in contents.entries]
    with Writer(pack.folder, contents, shard_bytes) as writer:
        fill(pack, writer, lacking, files, watcher, threads)
    return contents
