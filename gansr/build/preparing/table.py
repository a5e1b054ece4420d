"""What `gansr data list` shows, to people, to programs and on a page of the guide."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gansr.data.catalogue import CATALOGUE
from gansr.data.catalogue.prepared import PreparedPart, prepared_parts
from gansr.data.catalogue.record import DataSet, File, Part

MEGABYTE = 10**6  # as disks and pages count


def row(record: DataSet, root: Path) -> dict[str, Any]:
    """All that the catalogue knows of a set, and which of its parts are prepared, for programs."""
    return {
        "name": record.name,
        "title": record.title,
        "parts": {part.name: part.images for part in record.parts},
        "resolution": record.resolution,
        "purpose": record.purpose,
        "content": record.content,
        "terms": record.terms,
        "page": record.page,
        "paper": record.paper,
        "form": record.form,
        "files": [
            {"name": file.name, "url": file.url, "bytes": file.size, "sha256": file.sha256, "md5": file.md5}
            for file in record.files
        ],
        "prepared": {
            part.name: {
                "folder": str(part.folder),
                "images": part.images,
                "lr": list(part.lr),
                "faults": list(part.faults),
                "lacks": list(part.lacks),
            }
            for part in prepared_parts(record, root)
        },
    }


def list_table(root: Path, catalogue: Mapping[str, DataSet] = CATALOGUE) -> RenderableType:
    """The whole catalogue, a row for each set."""
    table = Table(title="Data sets", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("name", no_wrap=True)
    table.add_column("images, resolution, purpose; terms; home page", overflow="fold")
    table.add_column("from", max_width=12)
    table.add_column("prepared", max_width=12)
    for record in catalogue.values():
        there = ", ".join(map(_short, prepared_parts(record, root)))
        about = f"images: {images(record)}; {record.resolution}; {record.purpose}\n{record.terms}\n{record.page}"
        table.add_row(*map(Text, (record.name, about, way(record), there or "-")))
    end = f"Prepared sets are looked for in {root} (GANSR_DATA). One set: gansr data list NAME."
    return Group(table, Text(end))


def details(record: DataSet, root: Path) -> RenderableType:
    """One set at length."""
    table = Table("", "", title=record.title, title_justify="left", box=box.SIMPLE, show_header=False)
    table.columns[1].overflow = "fold"
    for name, text in _details(record, root):
        table.add_row(Text(name, "bold"), Text(text))
    return table


def _details(record: DataSet, root: Path) -> Iterator[tuple[str, str]]:
    yield "content", record.content
    yield "parts", "; ".join(f"{record.name}/{part.name}: {_count(part)} images" for part in record.parts)
    yield from (("resolution", record.resolution), ("purpose", record.purpose), ("terms", record.terms))
    yield from (("home page", record.page), ("paper", record.paper))
    for file in record.files:
        yield "file", f"{file.url or file.name}: {_size(file)}, {file.checksum or 'checksum unknown'}"
    if record.form:
        yield "no download", record.form
    there = prepared_parts(record, root)
    for part in there:
        small = f", {', '.join(part.lr)}" if part.lr else ""
        yield "prepared", f"{part.folder}: {part.images:,} images{small}"
        yield from (("incomplete", fault) for fault in part.lacks)
        yield from (("changed", fault) for fault in part.faults)
    if not there:
        yield "prepared", f"not in {root}"


def images(record: DataSet) -> str:
    """How many images each part has."""
    if len(record.parts) == 1:
        return _count(record.parts[0])
    if record.images is None:
        return f"not verified; parts {', '.join(part.name for part in record.parts)}"
    return ", ".join(f"{part.name} {_count(part)}" for part in record.parts)


def way(record: DataSet) -> str:
    """How the set can be had."""
    if record.form:
        return "by hand"
    known = all(file.checksum for file in record.downloads())
    return "--download" if known else "--download (checksum unknown)"


def markdown(records: Iterable[DataSet] = CATALOGUE.values()) -> str:
    """The table of the guide, docs/datasets.md."""
    lines = [
        "| name | set | images | resolution | purpose | content | terms | from |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in records:
        title = f"[{one.title}]({one.page})"
        cells = (f"`{one.name}`", title, images(one), one.resolution, one.purpose, one.content, one.terms, way(one))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _short(part: PreparedPart) -> str:
    if part.faults:
        return f"{part.name} CHANGED"
    return f"{part.name} PARTIAL" if part.lacks else part.name


def _count(part: Part) -> str:
    return "not verified" if part.images is None else f"{part.images:,}"


def _size(file: File) -> str:
    return "size unknown" if file.size is None else f"{file.size / MEGABYTE:,.0f} MB"
