"""Zip archives, which anybody may have made: looked at as a whole before a byte is written."""

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from gansr.data.fetching.budget import MEGABYTE, REFUSED, Budget, Names, Unpacked
from gansr.data.fetching.pieces import write_pieces
from gansr.errors import DataError

RATIO = 200  # of a member: deflate can do 1032, a BMP of one colour does it; images of a set do not
SMALL = 4 * MEGABYTE  # members below may shrink as much as they like
ENCRYPTED = 0x1
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
    KeyError,
)


def unpack_zip(archive: Path, target: Path, budget: Budget, wanted: Callable[[str], bool], told: Unpacked) -> None:
    """Unpack the members whose names are wanted. Raises DataError for an archive that is broken or refused."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _examined(opened, archive, budget)
            budget.room(sum(one.file_size for one, path in members if wanted(path)), target, archive)
            for one, path in members:
                if wanted(path):
                    with opened.open(one) as source:
                        count = write_pieces(source, target / path, archive, budget, told)
                    if count != one.file_size:
                        raise DataError(
                            f"{archive}: {path} has {count:,} bytes and the archive says {one.file_size:,}. {REFUSED}"
                        )
    except BROKEN as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the disk, not of the archive
            raise
        raise DataError(f"{archive} is no zip archive, or a damaged one: {error}.") from error


def _examined(opened: zipfile.ZipFile, archive: Path, budget: Budget) -> list[tuple[zipfile.ZipInfo, str]]:
    """Every file with its path. Raises DataError for the first member that is refused."""
    names, found, packed = Names(archive), [], 0
    for one in opened.infolist():
        names.look(one.orig_filename)  # an extra field can have changed the other one
        path = names.take(one.filename, one.is_dir())
        _refuse_kind(one, archive)
        packed += one.compress_size
        if not one.is_dir():
            budget.file(archive)
            found.append((one, str(path)))
    if packed > archive.stat().st_size:
        raise DataError(f"{archive}: its members overlap, as in a zip bomb. {REFUSED}")
    return found


def _refuse_kind(one: zipfile.ZipInfo, archive: Path) -> None:
    kind = stat.S_IFMT(one.external_attr >> 16)
    if one.flag_bits & ENCRYPTED:
        raise DataError(f"{archive} is encrypted: unpack it yourself, with its password, and give the folder.")
    if kind == stat.S_IFLNK:
        raise DataError(f"{archive} holds a link, {one.filename!r}. {REFUSED}")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DataError(f"{archive} holds a device or the like, {one.filename!r}. {REFUSED}")
    if one.file_size > max(SMALL, RATIO * one.compress_size):
        raise DataError(
            f"{archive}: {one.filename!r} unpacks to {one.file_size / MEGABYTE:,.0f} MB from "
            f"{one.compress_size:,} bytes, as in a zip bomb. {REFUSED}"
        )
