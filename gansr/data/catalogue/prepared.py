"""Prepared parts of sets: `ROOT/set/part/` with HR, LRx2, LRx3 ... and a manifest."""

from dataclasses import dataclass
from pathlib import Path

from gansr.data.catalogue import manifest
from gansr.data.catalogue.record import HR, LR, DataSet
from gansr.errors import DataError


@dataclass(frozen=True)
class PreparedPart:
    """A part that is there, what a quick look found wrong with it, and what it lacked from the beginning."""

    name: str
    folder: Path
    images: int
    lr: tuple[str, ...]  # folders with LR
    faults: tuple[str, ...]
    lacks: tuple[str, ...] = ()


def prepared_parts(record: DataSet, root: Path) -> list[PreparedPart]:
    """The parts of a set that were prepared below a root, in the record's order."""
    folders = [(part.name, root / record.name / part.name) for part in record.parts]
    return [_look(name, folder) for name, folder in folders if folder.is_dir()]


def _look(name: str, folder: Path) -> PreparedPart:
    try:
        found = manifest.read(folder)
    except DataError as error:
        return PreparedPart(name, folder, 0, (), (str(error),))
    tops = [path.split("/", 1)[0] for path in found["files"]]
    main = HR if HR in tops else LR
    small = tuple(sorted({top for top in tops if top != HR}))
    faults, lacks = tuple(manifest.quick_faults(folder, found)), tuple(found.get("faults", ()))
    return PreparedPart(name, folder, tops.count(main), small, faults, lacks)
