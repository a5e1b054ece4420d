"""Tar files of images, read from their beginning to their end: the format of WebDataset."""

import lzma
import re
import tarfile
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from gansr.data.files.images import EXTENSIONS
from gansr.errors import DataError, OptionsError

BROKEN = (OSError, tarfile.TarError, EOFError, ValueError, zlib.error, lzma.LZMAError)
"""What webdataset and tarfile raise on shards that are missing, cut short, or no tar files."""

META = re.compile(r"__[^/]*__($|/)")  # names of members that webdataset leaves out

IMPORTING = threading.Lock()  # modules of webdataset import each other: two threads at once find them half made


class Encoded(NamedTuple):
    """A sample as its shard holds it."""

    name: str  # SHARD/SAMPLE, for messages
    hr: bytes
    lr: bytes | None
    suffixes: tuple[str, str]  # of the files of HR and LR


@dataclass(frozen=True)
class Members:
    """Which members of a shard belong to a sample: those with one name up to the first dot.

    Args:
        hr: what stands between that dot and the image's ending, as `hr` in 0001.hr.png; empty: nothing, as in 0001.png
        lr: the same of its LR; None: there is none
    """

    hr: str = ""
    lr: str | None = None

    def pick(self, sample: dict[str, Any], shard: str) -> Encoded:
        """The images of one of webdataset's samples. Raises DataError for one that is missing, or there twice."""
        name = f"{shard}/{sample['__key__']}"
        images: dict[str, list[str]] = {}
        for key in sample:
            part, dot, ending = key.rpartition(".")
            if not key.startswith("__") and f".{ending}" in EXTENSIONS:
                images.setdefault(part if dot else "", []).append(key)
        keys = [_one(images, part.lower(), name) for part in (self.hr, self.lr) if part is not None]
        suffixes = [f".{key.rpartition('.')[2]}" for key in keys]
        lr = sample[keys[1]] if self.lr is not None else None
        return Encoded(name, sample[keys[0]], lr, (suffixes[0], suffixes[-1]))


def expanded(shards: Sequence[str]) -> list[str]:
    """Paths and URLs with {00..63} in them -> all of them. Raises OptionsError for the same one twice, braces
    that are no range, or variables that are not set.
    """
    library = webdataset()
    try:
        found = [url for some in shards for url in library.expand(some)]
    except (ValueError, AssertionError) as error:  # the latter for ${NAME} of which there is no WDS_NAME
        raise OptionsError(f"data.train.streaming.shards: {', '.join(shards)}: {str(error).rstrip('.')}.") from None
    if len(set(found)) < len(found):
        raise OptionsError("data.train.streaming.shards: one of them is named twice; expected each once.")
    return found


def read_shard(shard: str, members: Members) -> Iterator[Encoded]:
    """The samples of a shard in its order; a path, or whatever URL webdataset opens.

    Raises DataError for a shard that cannot be read, or ends too early, and for samples without the images that
    `members` names.
    """
    library = webdataset()
    try:
        with closing(library.open(shard)) as stream:
            files = library.files([{"url": shard, "stream": stream}])
            for sample in library.group(files):
                yield members.pick(sample, _short(shard))
    except BROKEN as error:
        raise DataError(f"data.train.streaming: {shard} cannot be read: {_reason(error)}.") from error


def count_samples(shard: Path) -> int:
    """How many samples a tar file holds, from the headers of its members. Raises DataError as `read_shard`."""
    library = webdataset()
    names = []
    try:
        with tarfile.open(shard) as tar:
            for member in tar:
                if member.isreg() and not META.match(member.name):
                    names.append({"fname": member.name, "data": b"", "__url__": ""})
            assert tar.fileobj is not None
            tar.fileobj.seek(tar.offset)
            if tar.fileobj.read(tarfile.BLOCKSIZE).strip(b"\0"):  # where the library goes as if it were the end
                raise tarfile.ReadError(f"what should be the header of a member is damaged, at byte {tar.offset}")
        return sum(1 for _ in library.group(names))
    except BROKEN as error:
        raise DataError(f"data.train.streaming: {shard} cannot be read: {_reason(error)}.") from error


def is_local(shard: str) -> bool:
    """Is it a file on this machine, whose size and headers can be looked up?"""
    return ":" not in shard.partition("/")[0] or Path(shard).exists()


class Library(NamedTuple):
    """What is used of webdataset."""

    expand: Callable[[str], list[str]]  # {00..63} -> all of them
    open: Callable[[str], Any]  # path or URL -> bytes in a row
    files: Callable[[Iterable[dict[str, Any]]], Iterator[dict[str, Any]]]  # opened shards -> their members
    group: Callable[[Iterable[dict[str, Any]]], Iterator[dict[str, Any]]]  # members -> samples


def webdataset() -> Library:
    """The library. Raises OptionsError where it is not installed."""
    try:
        with IMPORTING:
            from webdataset.gopen import gopen
            from webdataset.shardlists import expand_urls
            from webdataset.tariterators import group_by_keys, tar_file_expander
    except ModuleNotFoundError as error:
        raise OptionsError(
            f"data.train.streaming needs the package {error.name}: pip install 'gansr[streaming]', or name folders in "
            f"data.train.hr."
        ) from None
    return Library(expand_urls, gopen, tar_file_expander, group_by_keys)


def _one(images: dict[str, list[str]], part: str, name: str) -> str:
    found = images.get(part, [])
    if len(found) == 1:
        return found[0]
    expected = f"{part}.png" if part else "png"
    there = ", ".join(key for keys in images.values() for key in keys) or "no image"
    raise DataError(
        f"data.train.streaming: {name}: expected one image with the ending {expected} (or that of another kind), found "
        f"{there}. Which is which, data.train.streaming.hr and lr say."
    )


def _short(shard: str) -> str:
    return PurePosixPath(shard.rpartition("?")[0] or shard).name if "://" in shard else shard


def _reason(error: BaseException) -> str:
    named = error.strerror if isinstance(error, OSError) else None
    return (named or str(error.args[0] if error.args else "") or type(error).__name__).rstrip(".")
