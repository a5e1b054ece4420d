"""`gansr data prepare`: from an archive, a folder or an address to a set that options files can name."""

import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import torch
from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import Progress

import gansr
from gansr.build.preparing.asked import How, Request, lookup
from gansr.build.preparing.pictures import SAID, entries, make
from gansr.build.preparing.sources import Gathered, fetch, gather, to_download
from gansr.data.catalogue import CATALOGUE, manifest
from gansr.data.catalogue.layout import Found, check_sides, find, images_below
from gansr.data.catalogue.prepared import prepared_parts
from gansr.data.catalogue.record import DataSet, Part
from gansr.data.fetching.download import Patience
from gansr.errors import DataError, OptionsError, StorageError


@dataclass(frozen=True)
class Prepared:
    """A part that is ready, by this command or an earlier one."""

    record: DataSet
    part: str
    folder: Path
    new: bool


def run(
    request: Request,
    console: Console,
    catalogue: Mapping[str, DataSet] = CATALOGUE,
    patience: Patience = Patience(),  # noqa: B008, it is frozen
) -> list[Prepared]:
    """Prepare sets, one after another. A part appears under its name when it is whole.

    Raises:
        OptionsError: a name that is not in the catalogue, a set that no program may fetch, or options that do not fit.
        DataError: archives that are refused, images that are missing or damaged, a download that failed.
        StorageError: the disk refuses, or another process prepares the same set.
    """
    asked = [lookup(name, catalogue) for name in dict.fromkeys(request.names)]
    _refuse_options(request, asked)
    done = []
    for record, part in asked:
        with _alone(request.root, record):
            done += _prepare(record, part, request, console, patience)
            if request.download and not request.keep_downloads:
                shutil.rmtree(_downloads(request, record), ignore_errors=True)  # copies: what stays is no loss
    return done


def _refuse_options(request: Request, asked: Sequence[tuple[DataSet, Part | None]]) -> None:
    if bool(request.sources) == request.download:
        first = asked[0][0]
        raise OptionsError(
            f"Say where {first.title} shall come from, in one way: --download, or --from FILE_OR_FOLDER. "
            f"Its home page is {first.page}."
        )
    if request.sources and len(asked) > 1:
        raise OptionsError("--from gives the files of one set; expected one name with it.")
    for record, part in asked:
        if request.download:
            to_download(record, part.name if part else None)
        own = [one.name for one in ([part] if part else record.parts) if one.has_own_lr]
        if own and (request.how.scales or request.how.mod_crop or request.how.png):
            raise OptionsError(
                f"{record.title} comes with LR of its own, and HR cannot be changed without it: leave --scales, "
                "--mod-crop and --png out."
            )


@contextmanager
def _alone(root: Path, record: DataSet) -> Iterator[None]:
    """Raise StorageError while another process prepares the same set, or where nothing can be written."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".{record.name}.lock", timeout=0):
            yield
    except Timeout:
        raise StorageError(f"{root / record.name}: another process prepares {record.title} at this moment.") from None
    except OSError as error:
        raise StorageError(
            f"{record.title} could not be prepared in {root}: {error.strerror or error}. What was prepared before is "
            "as it was."
        ) from error


def _prepare(
    record: DataSet, part: Part | None, request: Request, console: Console, patience: Patience
) -> list[Prepared]:
    work, home = request.root / f".{record.name}.unfinished", request.root / record.name
    _restore(home)
    shutil.rmtree(work, ignore_errors=True)
    parts = [one for one in record.parts if part in (None, one)]
    ready = [] if request.force else [one for one in parts if _is_ready(record, one, request)]
    missing = [one for one in parts if one not in ready]
    done = [Prepared(record, one.name, home / one.name, False) for one in ready]
    if not missing:
        return done
    console.print(f"{record.title}: {record.terms}. {record.page}", markup=False)
    work.mkdir(parents=True)
    try:
        return done + _make(record, missing, part, request, console, patience, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _make(
    record: DataSet,
    parts: Sequence[Part],
    alone: Part | None,
    request: Request,
    console: Console,
    patience: Patience,
    work: Path,
) -> list[Prepared]:
    sources = request.sources
    if request.download:
        files = to_download(record, alone.name if alone else None)
        sources = tuple(fetch(files, _downloads(request, record), console, patience))
    names = [one.name for one in parts]
    try:
        gathered = gather(record, names, sources, work, console)
    except DataError as error:
        if not request.download:
            raise
        raise DataError(f"{error} {_put_aside(sources)}") from error
    found = find(record, images_below(gathered.folders), names)
    _refuse_faults(record, found, request)
    check_sides(record, found)
    for fault in found.faults:
        console.print(f"{record.title} is not complete: {fault}.", markup=False)
    made = []
    with Progress(console=console) as progress:
        for one in parts:
            if one.name not in found.parts:
                continue
            folder = work / "parts" / one.name
            folder.mkdir(parents=True)
            count = sum(map(len, found.parts[one.name].values()))
            task = progress.add_task(f"{record.name}/{one.name}", total=count)
            make(one, found.parts[one.name], folder, request.how, work, lambda task=task: progress.advance(task))
            written = sorted(file for file in folder.rglob("*") if file.is_file())
            task = progress.add_task("checksums", total=len(written))
            files = entries(folder, written, lambda task=task: progress.advance(task))
            manifest.write(folder, _manifest(record, one, request, gathered, found) | {"files": files})
            made.append(folder)
    home = request.root / record.name
    return [Prepared(record, folder.name, _publish(folder, home), True) for folder in made]


def _put_aside(sources: Sequence[Path]) -> str:
    """Archives whose checksums nobody knows can be wrong: they are not to be taken for good the next time."""
    for source in sources:
        source.replace(source.with_name(f"{source.name}.wrong"))
    return f"What was downloaded was put aside, as .wrong, in {sources[0].parent}."


def _downloads(request: Request, record: DataSet) -> Path:
    """A folder for each set, since the lock of a set is its own."""
    return request.root / f".{record.name}.downloads"


def _refuse_faults(record: DataSet, found: Found, request: Request) -> None:
    if found.too_many:
        raise DataError(
            f"{record.title}: {'. '.join(found.faults)}. These are more images than the set has, so others are among "
            "them; expected a folder or an archive of the set alone."
        )
    if not found.parts or (found.faults and not request.allow_partial):
        choices = ", ".join(f"{record.name}/{part.name}" for part in record.parts)
        alone = f" One part alone goes by its name: {choices}." if len(record.parts) > 1 else ""
        partial = " With --allow-partial what is there is taken." if found.parts else ""
        raise DataError(f"{record.title} is not complete: {'. '.join(found.faults)}.{partial}{alone}")


def _is_ready(record: DataSet, part: Part, request: Request) -> bool:
    """Whether it was prepared before. Raises DataError where it has changed since, or lacks LR that is asked for."""
    there = next((one for one in prepared_parts(record, request.root) if one.name == part.name), None)
    if there is None:
        return False
    if there.faults:
        raise DataError(f"{there.folder} is not as it was prepared: {there.faults[0]}. --force prepares it anew.")
    if there.lacks and not request.allow_partial:
        raise DataError(
            f"{there.folder} was prepared before, of a part of the set: {'. '.join(there.lacks)}. --force prepares it "
            "anew, --allow-partial leaves it."
        )
    lacking = [] if request.how == How() else [name for name in request.how.folders(part) if name not in there.lr]
    said = manifest.read(there.folder)
    other = {"mod_crop": request.how.mod_crop, "png": request.how.png}
    differs = [name for name, value in other.items() if value and said.get(name) != value]
    if lacking or differs:
        raise DataError(
            f"{there.folder} was prepared before, without {' and '.join([*lacking, *differs])}. --force prepares it "
            "anew."
        )
    return True


def _manifest(record: DataSet, part: Part, request: Request, gathered: Gathered, found: Found) -> dict[str, Any]:
    how = request.how
    kinds = {name: SAID[kind] for name, (kind, _) in how.folders(part).items()}
    own = {f"LRx{scale}": "came with the set" for scale in part.lr}
    return {
        "set": record.name,
        "part": part.name,
        "title": record.title,
        "terms": record.terms,
        "page": record.page,
        "paper": record.paper,
        "made": {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "by": f"gansr {gansr.__version__}",
            "command": request.command,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
            "pillow": PIL.__version__,
        },
        "from": list(gathered.origins),
        "lr": kinds | own,
        "mod_crop": how.mod_crop,
        "png": how.png,
        "seed": how.seed if "dn" in how.kinds else None,
        "faults": [fault for fault in found.faults if fault.startswith(f"{part.name}:")],
    }


def _publish(folder: Path, home: Path) -> Path:
    """Give a finished part its name. One of that name is put aside first and removed last."""
    home.mkdir(exist_ok=True)
    target, old = home / folder.name, home / f".{folder.name}.old"
    if target.exists():
        target.rename(old)
    folder.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


def _restore(home: Path) -> None:
    """After a kill between the two names of `_publish`: the old part is there again; a needless one is removed."""
    for old in home.glob(".*.old"):
        target = home / old.name[1 : -len(".old")]
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)


def verify(request: Request, console: Console, catalogue: Mapping[str, DataSet] = CATALOGUE) -> int:
    """Compare prepared parts with their manifests, byte for byte; how many files were compared.

    Raises:
        OptionsError: a name that is not in the catalogue.
        DataError: nothing was prepared, or something is not as it was.
    """
    count = 0
    for name in request.names:
        record, part = lookup(name, catalogue)
        there = [one for one in prepared_parts(record, request.root) if part is None or one.name == part.name]
        if not there:
            raise DataError(f"{record.title} was not prepared in {request.root}.")
        for one in there:
            said = manifest.read(one.folder)
            if faults := manifest.faults(one.folder, said):
                more = f" and {len(faults) - 3:,} more" if len(faults) > 3 else ""
                raise DataError(
                    f"{one.folder} is not as it was prepared: {', '.join(faults[:3])}{more}. Prepare it anew, with "
                    "--force."
                )
            count += len(said["files"])
            console.print(f"{record.name}/{one.name}: {len(said['files']):,} files as they were.", markup=False)
    return count
