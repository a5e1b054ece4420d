"""Making a pack smaller: images that were replaced leave bytes behind that nobody needs."""

import shutil
import zlib

import numpy as np

from gansr.data.store.disk.journal import NAME, Contents, Entry
from gansr.data.store.disk.locks import nobody_reads
from gansr.data.store.disk.shards import Shards, shard_path
from gansr.data.store.disk.writing import SHARD_BYTES, Prepared, Writer
from gansr.data.store.filling import SPARE, readable
from gansr.data.store.pack import SHARED, Pack, held_bytes
from gansr.data.store.watcher import Watcher
from gansr.errors import DataError, StorageError

LEAST = 2**24  # dead bytes that are worth the trouble


def compact(pack: Pack, contents: Contents, watcher: Watcher, shard_bytes: int = SHARD_BYTES) -> Contents:
    """Write a pack anew where more than half of it belongs to no image; what it then holds. Its lock is held.

    Not while somebody reads it, nor where the disk has too little room: then another time.
    """
    live, held = sum(entry.size for entry in contents.entries.values()), held_bytes(pack.folder)
    if held - live <= max(live, LEAST) or live + SPARE > shutil.disk_usage(pack.folder).free:
        return contents
    with nobody_reads(pack.folder / SHARED) as free:
        if not free:
            return contents
        watcher.say(f"{pack.name}: {readable(held - live)} of the raw cache are of no use any more and are removed.")
        return _written_anew(pack, contents, watcher, shard_bytes)


def _written_anew(pack: Pack, contents: Contents, watcher: Watcher, shard_bytes: int) -> Contents:
    name, shards = "index.compact", Shards(pack.folder)
    (pack.folder / name).unlink(missing_ok=True)
    fresh = Contents(shards=set(contents.shards))  # so that numbers go on
    try:
        with Writer(pack.folder, fresh, shard_bytes, name) as writer:
            writer.say("pack", pack.header)
            for entry in contents.entries.values():
                pixels = _read(shards, entry)
                if pixels is not None:
                    writer.add(entry.file, entry.signature, entry.content, pixels)
            writer.sync()
    except StorageError as error:
        for number in fresh.shards - contents.shards:
            shard_path(pack.folder, number).unlink(missing_ok=True)
        watcher.say(f"{error} The pack stays as it is.")
        return contents
    if lost := len(contents.entries) - len(fresh.entries):
        watcher.say(f"{pack.name}: {lost} images of the raw cache are damaged; they are decoded once more.")
    (pack.folder / name).replace(pack.folder / NAME)
    fresh.shards -= contents.shards
    for number in contents.shards:
        shard_path(pack.folder, number).unlink(missing_ok=True)
    return fresh


def _read(shards: Shards, entry: Entry) -> Prepared | None:
    """An image's bytes; None for damaged ones, which are to be decoded once more."""
    pixels = np.empty(entry.size, np.uint8)
    try:
        shards.read(entry.shard, entry.offset, pixels)
    except DataError:
        return None
    return Prepared(entry.shape, [pixels], entry.checksum) if zlib.crc32(pixels.data) == entry.checksum else None
