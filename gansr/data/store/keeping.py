"""Looking after a cache: is what it holds right, and what may go?"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gansr.data.store.disk.journal import NAME, Contents, read_journal
from gansr.data.store.disk.locks import if_free, nobody_reads
from gansr.data.store.disk.writing import Writer
from gansr.data.store.pack import SHARED, Standing, lock_of, standing_packs
from gansr.data.store.recovery import damaged
from gansr.data.store.survey import survey
from gansr.errors import DataError, StorageError, choices_hint


@dataclass(frozen=True)
class Verdict:
    """What was found of a pack.

    Args:
        name: of the pack
        images: how many it has
        damaged: names of images whose bytes are others than were written, or gone
        changed: names of files that are others than when they were decoded
        gone: names of files that are no longer there
        busy: it is being written just now, and was not looked at
    """

    name: str
    images: int
    damaged: Sequence[str] = ()
    changed: Sequence[str] = ()
    gone: Sequence[str] = ()
    busy: bool = False

    @property
    def sound(self) -> bool:
        """Is there nothing to be said?"""
        return not (self.damaged or self.changed or self.gone or self.busy)


def named_packs(cache: Path, names: Sequence[str]) -> list[Standing]:
    """The packs of a cache with these names, or all. Raises StorageError for a name that no pack has."""
    found = {one.name: one for one in standing_packs(cache)}
    if strange := [name for name in names if name not in found]:
        raise StorageError(f"{cache} holds no pack '{strange[0]}'. {choices_hint(strange[0], found)}")
    return [found[name] for name in names] if names else list(found.values())


def verify(pack: Standing) -> Verdict:
    """Compare a pack with the checksums of what was written, and with the files that it was made of.

    Damaged images are removed from it, so that the next run decodes them once more. Raises StorageError for a pack that
    may not be changed.
    """
    with if_free(lock_of(pack.folder.parent, pack.name)) as free:
        contents = read_journal(pack.folder / NAME) if free else pack.contents
        if not free:
            return Verdict(pack.name, len(contents.entries), busy=True)
        found = [entry.file for entry in damaged(pack.folder, contents.entries.values())]
        verdict = Verdict(pack.name, len(contents.entries), found, *_compared(pack, contents))
        if found:
            with Writer(pack.folder, contents) as writer:
                for name in found:
                    writer.say("dropped", name)
        return verdict


def remove(pack: Standing) -> None:
    """Remove a pack. Raises StorageError while a process writes or reads it, or if the disk refuses."""
    try:
        with _unused(pack):
            (pack.folder / NAME).unlink()  # first: without it, what is left is no pack
            shutil.rmtree(pack.folder)
    except OSError as error:
        raise StorageError(f"{pack.folder} could not be removed: {error.strerror}.") from error


def _compared(pack: Standing, contents: Contents) -> tuple[list[str], list[str]]:
    """Names of files that changed, and of those that are gone."""
    there = {pack.root / name: name for name in contents.entries if (pack.root / name).exists()}
    try:
        found = survey(there, contents, pack.root)
    except DataError as error:
        raise error.at(f"verify {pack.name}") from error
    return [there[file] for file in found.changed], found.gone


@contextmanager
def _unused(pack: Standing) -> Iterator[None]:
    with if_free(lock_of(pack.folder.parent, pack.name)) as free:
        if not free:
            raise StorageError(f"{pack.name}: a process fills or verifies it just now; remove it when that has ended.")
        with nobody_reads(pack.folder / SHARED) as unread:
            if not unread:
                raise StorageError(f"{pack.name}: a run reads from it just now; remove it when that has ended.")
            yield
