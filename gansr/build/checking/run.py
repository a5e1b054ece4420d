"""`gansr data check`: reads every image once, in parallel, and says what is wrong with a folder."""

import dataclasses
import os
import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gansr.build.checking.files import as_json, page, refuse_other_endings, write_json
from gansr.build.checking.outcome import Outcome
from gansr.build.checking.table import say
from gansr.build.preparing.named import refuse_name
from gansr.build.report import told, write_page
from gansr.data.check.files.names import odd_names, other_files
from gansr.data.check.findings import Finding, ordered
from gansr.data.check.pairs.partners import find_partners
from gansr.data.check.whole import Seen, Unit, of_role, see, statistics, together
from gansr.data.files.folders import find_images
from gansr.errors import OptionsError
from gansr.options.prepared_sets import HR, LR, is_name, part_folder

WHERE = "gansr data check"
THREADS = 16


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    Args:
        folders: of HR, or names of prepared sets
        lr: of their LR, the n-th for the n-th
        scale: of both
        test: folders, or names of prepared sets, that must have nothing in common with them
        crop: side of the HR crops that will be cut
        html: a page to write, if any
        json: a file for programs, if any
    """

    folders: Sequence[Path]
    lr: Sequence[Path] = ()
    scale: int = 4
    test: Sequence[Path] = ()
    crop: int = 128
    html: Path | None = None
    json: Path | None = None


def run(request: Request, console: Console) -> bool:
    """Check, tell, and write what was asked for. Returns whether training may start.

    Raises:
        UserError: a folder is missing or has no images, a set is not prepared, or a page cannot be written.
    """
    refuse_other_endings(request.html, request.json)
    if request.lr and len(request.lr) != len(request.folders):
        raise OptionsError(
            f"{WHERE}: {len(request.lr)} folder(s) of LR for {len(request.folders)} of HR; expected one --lr for each, "
            "in the same order."
        )
    request = dataclasses.replace(
        request,
        folders=[_named(folder, True, WHERE) for folder in request.folders],
        test=[_named(folder, False, f"{WHERE} --test") for folder in request.test],
    )
    outcome = check(request, console)
    tell(outcome, request, console)
    return outcome.may_start


def _named(folder: Path, training: bool, where: str) -> Path:
    """The images of a prepared set, if that is its name; else the folder as it is."""
    name = folder.as_posix()
    part = part_folder(name, training, where) if is_name(name) else None
    if part is None:
        refuse_name(name, where)
        return folder
    return part / (HR if (part / HR).is_dir() else LR)


def tell(outcome: Outcome, request: Request, console: Console) -> None:
    """Print a table, and write what was asked for.

    Raises:
        StorageError: it cannot be written.
    """
    say(outcome, console)
    if request.json:
        write_json(request.json, as_json(outcome))
        console.print(f"Wrote {request.json}.", markup=False, soft_wrap=True)
    if request.html:
        html = page(outcome)
        write_page(request.html, html)
        told(console, request.html, html, f"{len(outcome.findings)} finding(s)")


def check(request: Request, console: Console) -> Outcome:
    """Everything that is found.

    Raises:
        DataError: a folder is missing or has no images.
    """
    begun = time.monotonic()
    units, findings = _units(request)
    seen = _seen(units, request, console)
    folders = (request.lr[0], request.folders[0]) if request.lr else None
    findings += together(seen, request.scale, folders)
    by_role = {role: statistics(of_role(seen, role)) for role in ("hr", "lr", "test")}
    return Outcome(
        tuple(ordered(findings)),
        {role: found for role, found in by_role.items() if found},
        tuple(map(str, request.folders)),
        tuple(map(str, request.lr)),
        tuple(map(str, request.test)),
        request.scale,
        request.crop,
        time.monotonic() - begun,
        _count(units),
    )


def _units(request: Request) -> tuple[list[Unit], list[Finding]]:
    units, findings = [], []
    for number, folder in enumerate(request.folders):
        hr = find_images([folder], WHERE)
        findings += [*odd_names(folder, hr), *other_files(folder)]
        if not request.lr:
            units += [Unit("hr", file) for file in hr]
            continue
        lr_folder = request.lr[number]
        lr = find_images([lr_folder], f"{WHERE} --lr")
        findings += [*odd_names(lr_folder, lr), *other_files(lr_folder)]
        partners = find_partners(folder, hr, lr_folder, lr, request.scale)
        findings += partners.findings
        paired_hr, paired_lr = {one for _, one in partners.pairs}, {one for one, _ in partners.pairs}
        units += [Unit("hr", one, other) for other, one in partners.pairs]
        units += [Unit("hr", one) for one in hr if one not in paired_hr]
        units += [Unit("lr", one) for one in lr if one not in paired_lr]
    units += [Unit("test", file) for folder in request.test for file in find_images([folder], f"{WHERE} --test")]
    return units, findings


def _count(units: Sequence[Unit]) -> dict[str, int]:
    files = [*(one.role for one in units), *("lr" for one in units if one.lr)]
    return {role: files.count(role) for role in ("hr", "lr", "test") if role in files}


def _seen(units: Sequence[Unit], request: Request, console: Console) -> list[Seen]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        return list(
            progress.track(seen_in_order(units, request.scale, request.crop), len(units), description="looking")
        )


def seen_in_order(units: Sequence[Unit], scale: int, crop: int) -> Iterator[Seen]:
    """Look at units in threads: decoding and arithmetic leave the interpreter free, so all cores are busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # each of ours computes for itself
    try:
        with warnings.catch_warnings(), ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # is a finding
            warnings.filterwarnings("ignore", module="PIL")  # so are broken metadata, where they matter
            yield from pool.map(lambda unit: see(unit, scale, crop), units)
    finally:
        torch.set_num_threads(threads)
