"""Tar archives, packed or not, which anybody may have made: read once, from front to back."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, cast

from gansr.data.fetching.budget import MEGABYTE, REFUSED, Budget, Names, Unpacked
from gansr.data.fetching.pieces import write_pieces
from gansr.errors import DataError

OPENERS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
}
"""By the first bytes of the file."""
LONGEST_HEADER = MEGABYTE  # a real one has a few kilobytes; tarfile reads each at once
BROKEN = (tarfile.TarError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, EOFError, OSError, ValueError)


def unpack_tar(archive: Path, target: Path, budget: Budget, wanted: Callable[[str], bool], told: Unpacked) -> None:
    """Unpack the members whose names are wanted. Raises DataError for an archive that is broken or refused."""
    try:
        with _Forward.open(archive, budget) as stream, _opened(stream) as opened:
            names = Names(archive)
            while (member := opened.next()) is not None:
                path = str(names.take(member.name, member.isdir()))
                _refuse_kind(member, archive)
                if member.isdir():
                    continue
                budget.file(archive)
                if wanted(path):
                    source = opened.extractfile(member)
                    assert source is not None, "a plain file"
                    budget.room(member.size, target, archive)
                    write_pieces(source, target / path, archive, budget, told)
            if stream.last.strip(b"\0"):  # tarfile takes a damaged header for the end
                raise tarfile.ReadError(f"the header behind byte {stream.tell() - len(stream.last):,} is no header")
    except BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the disk, not of the archive
            raise
        raise DataError(f"{archive} is no tar archive, or a damaged one: {error}.") from error


def _opened(stream: "_Forward") -> tarfile.TarFile:
    return tarfile.open(fileobj=cast(IO[bytes], stream), mode="r:")


def _refuse_kind(member: tarfile.TarInfo, archive: Path) -> None:
    if member.issym() or member.islnk():
        raise DataError(f"{archive} holds a link, {member.name!r} to {member.linkname!r}. {REFUSED}")
    if member.issparse() or not (member.isreg() or member.isdir()):
        raise DataError(f"{archive} holds a device or the like, {member.name!r}. {REFUSED}")


class _Forward:
    """A stream that goes forward only, counts what it unpacks, and gives no more than a header's worth at once."""

    def __init__(self, stream: IO[bytes], archive: Path, most: int):
        self.stream, self.archive, self.most, self.place, self.last = stream, archive, most, 0, b""

    @classmethod
    def open(cls, archive: Path, budget: Budget) -> "_Forward":
        with archive.open("rb") as file:
            first = file.read(8)
        opener = next((opener for magic, opener in OPENERS.items() if first.startswith(magic)), None)
        # What is skipped is unpacked all the same, so it counts as well: twice the budget of what is written.
        most = 2 * max(budget.bytes, archive.stat().st_size)
        return cls(archive.open("rb") if opener is None else opener(archive), archive, most)

    def __enter__(self) -> "_Forward":
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()

    def read(self, size: int) -> bytes:
        if size > LONGEST_HEADER:
            raise DataError(f"{self.archive}: one of its headers has {size / MEGABYTE:,.0f} MB. {REFUSED}")
        self.last = piece = self.stream.read(size)
        self.place += len(piece)
        if self.place > self.most:
            raise DataError(
                f"{self.archive} unpacks to more than {self.most // MEGABYTE:,} MB: it is taken for a bomb. {REFUSED}"
            )
        return piece

    def tell(self) -> int:
        return self.place

    def seek(self, place: int) -> int:
        while self.place < place and self.read(min(place - self.place, LONGEST_HEADER)):
            pass
        if self.place != place:
            raise tarfile.ReadError("it ends in the middle of a member")
        return place
