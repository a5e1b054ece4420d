"""Sets by name where images are opened: what is prepared has its folder, what is not is told how it comes to be."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from gansr.data.catalogue import CATALOGUE
from gansr.data.catalogue.record import HR, LR
from gansr.errors import DataError, OptionsError
from gansr.options.prepared_sets import is_name, is_there, part_folder, root
from gansr.options.schema import Options


def refuse_unprepared(options: Options) -> None:
    """Raise DataError for a folder of the options that does not exist and is the name of a set, or nearly so."""
    for where, folder in _folders(options):
        refuse_name(folder.as_posix(), where)


def refuse_name(name: str, where: str) -> None:
    """DataError for the name of a set that is not prepared, or for what is nearly a set's name."""
    if not is_name(name.lower()) or is_there(name):
        return
    one = name.partition("/")[0]
    record = CATALOGUE.get(one)
    if record is None:
        near = difflib.get_close_matches(one.lower(), CATALOGUE, n=1, cutoff=0.75)
        if near:
            raise DataError(f"{where}: there is no folder {name}. Did you mean the data set {near[0]}?")
        return
    begin = f"{where}: {name} is no folder, and the data set {record.title} is not prepared in {root()}."
    if record.form is None and record.downloads():
        raise DataError(f"{begin} Run gansr data prepare {name} --download, or --from FILE_OR_FOLDER.")
    why = record.form or "No address of it is known"
    raise DataError(f"{begin} {why}. Then run gansr data prepare {name} --from FILE_OR_FOLDER.")


def set_folders(name: str, scale: int, where: str, exact: bool = False) -> tuple[Path | None, Path | None]:
    """HR and LR of a prepared set that is evaluated on; LR is None where it is to be made, HR where there is none.

    LR that was made of HR is not used where it shall be `exact`.

    Raises:
        DataError: it is not prepared.
        OptionsError: it is no set's name, or several parts could be meant.
    """
    part = part_folder(name, False, where) if is_name(name) else None
    if part is None:
        refuse_name(name, where)
        raise OptionsError(
            f"{where}: expected NAME=HR_DIR or NAME=HR_DIR:LR_DIR, NAME=:LR_DIR without ground truth, or the name of a "
            "prepared set (gansr data list)."
        )
    if not (part / HR).is_dir():
        return None, part / LR
    lr, record = part / f"{LR}x{scale}", CATALOGUE.get(part.parent.name)
    made = record is None or not any(one.has_own_lr for one in record.parts)
    return part / HR, lr if lr.is_dir() and not (exact and made) else None


def _folders(options: Options) -> Iterator[tuple[str, Path]]:
    train = options.data.train
    yield from (("data.train.hr", folder) for folder in train.hr_folders)
    yield from (("data.train.real_lr", folder) for folder in train.real_lr_folders)
    if train.pairs is not None:
        yield from (("data.train.pairs.hr", folder) for folder in train.pairs.hr_folders)
    yield from ((f"data.validation.{name}", one.hr) for name, one in options.data.validation.items())
