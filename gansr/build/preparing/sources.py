"""From files, folders and addresses to folders of images: downloads, and archives within archives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from gansr.data.catalogue.layout import find, images_below, is_hidden, is_image
from gansr.data.catalogue.record import DataSet, File
from gansr.data.fetching.archives import is_archive, unpack
from gansr.data.fetching.budget import Budget
from gansr.data.fetching.download import Expected, Patience, digest, download, refuse_other
from gansr.errors import DataError, OptionsError

DEPTH = 2  # archives within archives
FILES_BESIDES = 20  # files of an archive for each image that is looked for: LR, masks, other parts


@dataclass(frozen=True)
class Gathered:
    """Folders with what there is, and where it came from, for the manifest."""

    folders: tuple[Path, ...]
    origins: tuple[dict[str, Any], ...]


def fetch(files: Sequence[File], folder: Path, console: Console, patience: Patience = Patience()) -> list[Path]:  # noqa: B008
    """Download files into a folder, one after another; those that are there are checked only."""
    folder.mkdir(exist_ok=True)
    found = []
    with bar(console) as progress:
        for file in files:
            assert file.url is not None, "only those with an address"
            task = progress.add_task(file.name, total=file.size)

            def told(done: int, total: int | None, task: Any = task) -> None:
                progress.update(task, completed=done, total=total)

            target = folder / file.name
            download(file.url, target, _expected(file), told, patience)
            size = target.stat().st_size
            progress.update(task, completed=size, total=size)
            if file.checksum is None:
                console.print(f"{file.name}: its checksum is not known, so it was taken as it came.", markup=False)
            found.append(target)
    return found


def gather(record: DataSet, parts: Sequence[str], sources: Sequence[Path], work: Path, console: Console) -> Gathered:
    """Unpack what is packed, below `work`; a folder without all images of the parts is searched for archives as well.

    Raises:
        OptionsError: a source that does not exist.
        DataError: an archive that is refused, or is not the file that the catalogue knows by this name.
    """
    budget = Budget(files=max(Budget.files, FILES_BESIDES * (record.images or 0)))
    folders, origins = [], []
    with bar(console) as progress:
        task = progress.add_task("unpacking", total=None)

        def told(count: int) -> None:
            progress.advance(task, count)

        for source in sources:
            if not source.exists():
                raise OptionsError(f"--from {source}: there is no such file or folder.")
            origins.append(_origin(record, source))
            complete = source.is_dir() and not find(record, images_below([source]), parts).faults
            folders += [source] if complete else _opened(source, work, budget, told)
        if budget.spent_bytes == 0:
            progress.remove_task(task)
    return Gathered(tuple(folders), tuple(origins))


def bar(console: Console) -> Progress:
    """A progress bar of bytes."""
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    return Progress(TextColumn("{task.description}", markup=False), *columns, console=console)


def _opened(source: Path, work: Path, budget: Budget, told: Callable[[int], None], depth: int = 0) -> list[Path]:
    """A folder, or an archive unpacked; and the archives that lie in it."""
    folder = source
    if source.is_file():
        if depth == DEPTH:
            raise DataError(f"{source} lies in an archive within an archive: unpack it yourself and give the folder.")
        folder = _unpacked(source, work, budget, told)
    archives = sorted(file for file in folder.rglob("*") if file.is_file() and _is_packed(file.relative_to(folder)))
    found = [folder]
    for archive in archives:
        found += _opened(archive, work, budget, told, depth + 1)
        if archive.is_relative_to(work):
            archive.unlink()
    return found


def _unpacked(archive: Path, work: Path, budget: Budget, told: Callable[[int], None]) -> Path:
    """A folder of its own, with the archive's name, for globs ask for that as well."""
    place = work / str(sum(1 for _ in work.iterdir()))
    folder = place / archive.name.split(".")[0]
    folder.mkdir(parents=True)
    unpack(archive, folder, budget, lambda path: is_image(path) or _is_packed(path), told)
    return folder


def _is_packed(path: Path | str) -> bool:
    return is_archive(str(path)) and not is_hidden(str(path))


def _origin(record: DataSet, source: Path) -> dict[str, Any]:
    if source.is_dir():
        return {"folder": str(source.absolute())}
    known = next((file for file in record.files if file.name == source.name), None)
    if known is not None:
        refuse_other(source, _expected(known), f"{source} goes by the name of a file of the catalogue, but")
    url = {"url": known.url} if known and known.url else {}
    return {"file": source.name, "bytes": source.stat().st_size, "sha256": digest(source)} | url


def _expected(file: File) -> Expected:
    return Expected(file.size, file.sha256, file.md5)


def to_download(record: DataSet, part: str | None = None) -> tuple[File, ...]:
    """The files to download for a set, or for one part of it.

    Raises:
        OptionsError: no program may or can fetch it; the message says where people can.
    """
    files = record.downloads(part)
    if record.form is None and files:
        return files
    raise OptionsError(
        f"{record.title} cannot be downloaded by a program. {record.form or 'No address of it is known'}. Then: "
        f"gansr data prepare {record.name} --from FILE_OR_FOLDER. (Terms: {record.terms}.)"
    )
