"""Decoding what a pack lacks: by many threads, and one that writes."""

import os
import shutil
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gansr.data.store.disk.journal import Signature
from gansr.data.store.disk.writing import CHOICES, Prepared, Writer, prepared
from gansr.data.store.pack import Pack
from gansr.data.store.signature import content_of, lasting, signature
from gansr.data.store.survey import READERS, Survey
from gansr.data.store.turns import Turn
from gansr.data.store.variants import Variant
from gansr.data.store.watcher import Watcher
from gansr.errors import DataError, StorageError

TRIES = 3  # at a file that changes while it is read
SPARE = 2**26  # bytes of the disk that are left to others
NAMED = 3  # files in a message


@dataclass(frozen=True)
class Made:
    """An image that was decoded, and what its file was then."""

    signature: Signature | None
    content: str
    image: Prepared


def note(pack: Pack, writer: Writer, found: Survey, files: Mapping[Path, str], watcher: Watcher) -> None:
    """Put down what a survey found of images that the pack has: the bytes of those that changed are of no use now.

    Arguments are those of `fill`. Raises StorageError as it does.
    """
    for name in (*found.gone, *(files[file] for file in found.changed)):
        writer.say("dropped", name)
    for name, now in found.signatures.items():
        writer.say("signature", (name, now))
    changed, gone = [file.name for file in found.changed], [Path(name).name for name in found.gone]
    if changed:
        watcher.say(f"{pack.root}: changed since the raw cache was made, hence decoded once more: {_named(changed)}.")
    if gone:
        watcher.say(f"{pack.root}: no longer there, hence removed from the raw cache: {_named(gone)}.")


def fill(
    pack: Pack,
    writer: Writer,
    lacking: Sequence[Path],
    files: Mapping[Path, str],
    watcher: Watcher,
    threads: int | None = None,
) -> None:
    """Decode what a pack lacks. Its lock is held.

    An image that cannot be read does not keep the others from being decoded. Not more images are in memory than
    twice as many as there are threads.

    Args:
        pack: which
        writer: to it
        lacking: files to decode
        files: file -> its name in the pack, of all
        watcher: is told what is done, and how large it will be
        threads: that decode; omitted: as many as there are processors for this process

    Raises:
        DataError: images cannot be read.
        StorageError: the disk is too small, or takes no more; what was written remains.
    """
    if not lacking:
        return
    _refuse_small_disk(pack, lacking, watcher)
    broken: list[DataError] = []
    turn, title = Turn(pack.folder, len(lacking)), _title(pack)
    images = _made(pack.variant, lacking, threads or processors())
    with turn, watcher.progress(title, len(lacking)) as done, closing(images):
        for file, made in images:
            if isinstance(made, DataError):
                broken.append(made)
            else:
                writer.add(files[file], made.signature, made.content, made.image)
            turn.advance()
            done()
    writer.sync()
    if broken:
        raise _broken(broken, len(files))


def processors() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def make(variant: Variant, file: Path) -> Made:
    """Decode a file as it is at one moment: one that changes meanwhile is read again.

    Raises:
        DataError: it cannot be read, or goes on changing.
    """
    for attempt in range(TRIES):
        time.sleep(0.2 * attempt)
        try:
            before = signature(file)
            kept = lasting(before)
            content, image = content_of(file), prepared(variant.make(file))
            if signature(file) == before:
                return Made(kept, content, image)
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror}.") from error
    raise DataError(f"{file} is being written to: it changed each of {TRIES} times while it was read.")


def _made(
    variant: Variant, files: Sequence[Path], threads: int
) -> Generator[tuple[Path, Made | DataError], None, None]:
    """Decoded images as they get ready, in no order; or why one could not be."""
    waiting: dict[Future[Made], Path] = {}
    coming = iter(files)
    with ThreadPoolExecutor(threads) as pool:
        try:
            while True:
                while len(waiting) < 2 * threads and (file := next(coming, None)) is not None:
                    waiting[pool.submit(make, variant, file)] = file
                if not waiting:
                    return
                for ready in wait(waiting, return_when=FIRST_COMPLETED).done:
                    yield waiting.pop(ready), _result(ready)
        finally:
            pool.shutdown(cancel_futures=True)


def _result(ready: "Future[Made]") -> Made | DataError:
    error = ready.exception()
    return error if isinstance(error, DataError) else ready.result()


def _refuse_small_disk(pack: Pack, files: Sequence[Path], watcher: Watcher) -> None:
    """Say how large the pack will be. Raises StorageError where the disk has not as much room."""
    with ThreadPoolExecutor(READERS) as pool:
        needed = sum(pool.map(lambda file: _bytes(pack.variant, file), files))
    free = shutil.disk_usage(pack.folder).free
    if needed + SPARE > free:
        raise StorageError(
            f"{pack.cache}: the raw cache of {_title(pack)} needs {readable(needed)} for {len(files)} images, and the "
            f"disk has {readable(free)} left. Make room and run the same command again. {CHOICES}"
        )
    watcher.say(
        f"{_title(pack)}: decoding {len(files)} images, {readable(needed)}, into {pack.folder}; later runs read them "
        "from there."
    )


def _bytes(variant: Variant, file: Path) -> int:
    try:
        height, width, channels = variant.shape(file)
    except DataError:
        return 0  # is said when it is decoded, with all others that cannot be
    return height * width * channels


def _title(pack: Pack) -> str:
    where = "/".join(pack.root.parts[-2:]).lstrip("/")
    return where if pack.variant.plain else f"{where}, {pack.variant.name}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _broken(errors: Sequence[DataError], count: int) -> DataError:
    if len(errors) == 1:
        return errors[0]
    return DataError(
        f"{len(errors)} of {count} images cannot be used: {' '.join(map(str, errors[:NAMED]))}"
        f"{' ...' if len(errors) > NAMED else ''} The others are in the raw cache."
    )


def readable(size: int) -> str:
    """A number of bytes for people: 6.6 GB."""
    for factor, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size} bytes"
