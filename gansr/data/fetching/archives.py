"""Archives of any kind that sets come in."""

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from gansr.data.fetching.budget import Budget, Unpacked
from gansr.data.fetching.tars import unpack_tar
from gansr.data.fetching.zips import unpack_zip
from gansr.errors import DataError

ZIPS = (".zip",)
TARS = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
OTHERS = (".rar", ".7z", ".zst", ".gz", ".bz2", ".xz")
"""Kinds that only other programs unpack."""


def is_archive(name: str) -> bool:
    """Whether a file of this name can be unpacked here."""
    return name.lower().endswith((*ZIPS, *TARS))


def unpack(
    archive: Path,
    target: Path,
    budget: Budget,
    wanted: Callable[[str], bool] = lambda path: True,
    told: Unpacked = lambda count: None,
) -> None:
    """Unpack into an existing, empty folder the members whose paths are `wanted`.

    Links, devices, paths that lead elsewhere, names that hide each other, encrypted members, headers that lie and
    archives that unpack to more than the `budget` allows are refused as a whole, whether wanted or not.

    Args:
        archive: Zip or tar, by its contents where its name says neither.
        target: The folder; what it holds after an error is to be thrown away.
        budget: How much may come out.
        wanted: Member's path -> whether to unpack it.
        told: Is called with each number of bytes that was written.

    Raises:
        DataError: it is refused, broken, or of a kind that only other programs unpack.
        StorageError: the disk cannot hold it.
    """
    name = archive.name.lower()
    budget.allow(archive)
    if name.endswith(ZIPS) or (not name.endswith(TARS) and zipfile.is_zipfile(archive)):
        unpack_zip(archive, target, budget, wanted, told)
    elif name.endswith(TARS) or (not name.endswith(OTHERS) and tarfile.is_tarfile(archive)):
        unpack_tar(archive, target, budget, wanted, told)
    else:
        raise DataError(
            f"{archive} is no archive that can be unpacked here ({', '.join((*ZIPS, *TARS))}): unpack it with another "
            "program and give the folder: --from FOLDER."
        )
