"""`gansr cache`: a table of packs, what is wrong with them, and their removal."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gansr.build.caching.place import cache_folder
from gansr.data.store.filling import readable
from gansr.data.store.keeping import Verdict, named_packs, remove, verify
from gansr.data.store.pack import Standing, standing_packs
from gansr.errors import OptionsError

NAMED = 5  # images in a line


def show(folder: Path | None, console: Console) -> None:
    """Print a table of all packs."""
    cache = cache_folder(folder)
    packs = standing_packs(cache)
    if not packs:
        console.print(f"{cache}: the raw cache holds nothing.", markup=False)
        return
    total = readable(sum(one.held for one in packs))
    table = Table("name, and images of", title=f"{cache}: {total}", highlight=False)
    for title in ("images", "size", "no use", "state", "last used"):
        table.add_column(title, overflow="fold", no_wrap=title != "state")
    for one in packs:
        missing = "" if one.root.exists() else " (no longer there)"
        name = Text(f"{one.name}\n  {one.contents.header['variant']} of {one.root}{missing}", overflow="fold")
        counts = str(len(one.contents.entries)), readable(one.held), readable(one.dead) if one.dead else ""
        table.add_row(name, *counts, _state(one), _ago(one.days))
    console.print(table)


def verify_packs(folder: Path | None, names: Sequence[str], console: Console) -> bool:
    """Print what is found of each pack; is all well?

    Raises:
        StorageError: there is no pack of a name.
    """
    sound, packs = True, named_packs(cache_folder(folder), names)
    for one in packs:
        verdict = verify(one)
        sound = sound and verdict.sound
        console.print(f"{one.name}: {_said(verdict)}", markup=False)
    if not packs:
        console.print(f"{cache_folder(folder)}: the raw cache holds nothing.", markup=False)
    return sound


def remove_packs(
    folder: Path | None, names: Sequence[str], everything: bool, unused: int | None, console: Console
) -> None:
    """Remove packs by name, all, or those that no run has used for days.

    Raises:
        OptionsError: none of the three was asked for, or more than one.
        StorageError: there is no pack of a name, or it is in use; those before it are removed.
    """
    if sum((bool(names), everything, unused is not None)) != 1:
        raise OptionsError(
            "gansr cache rm: give either names of packs (see `gansr cache ls`), or --all, or --unused DAYS."
        )
    packs = named_packs(cache_folder(folder), names)
    if unused is not None:
        packs = [one for one in packs if one.days >= unused]
    for one in packs:
        remove(one)
        console.print(f"Removed {one.name}: {readable(one.held)}.", markup=False)
    if not packs:
        console.print("Nothing to remove.", markup=False)


def _state(pack: Standing) -> str:
    if not pack.current:
        return "of another version: rm"
    return "in order" if pack.whole else "interrupted, or being filled"


def _ago(days: float) -> str:
    return "today" if days < 1 else "yesterday" if days < 2 else f"{int(days)} days ago"


def _said(verdict: Verdict) -> str:
    if verdict.busy:
        return "another process fills it just now, so it was not looked at."
    parts = [
        f"{len(found)} {what}: {', '.join(found[:NAMED])}{', ...' if len(found) > NAMED else ''}."
        for found, what in (
            (verdict.damaged, "damaged, removed from the cache and decoded again by the next run"),
            (verdict.changed, "changed since, decoded again by the next run"),
            (verdict.gone, "no longer there, forgotten by the next run"),
        )
        if found
    ]
    return " ".join(parts) or f"all {verdict.images} images are as they were written, and so are their files."
