"""Sets that `gansr data prepare` made, by name in options: a name becomes the folder, so nobody below knows of names.

What is not prepared stays as it is: whoever opens the images says what to do (`build/preparing/named.py`), and
`gansr check`, which opens none, needs none.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gansr.errors import OptionsError

VARIABLE = "GANSR_DATA"
WORD = re.compile(r"^[a-z0-9]+(/[a-z0-9_]+)?$")
HR, LR = "HR", "LR"
KINDS = {"bicubic": "LR", "bd": "LRBD", "dn": "LRDN"}
"""Ways in which LR was made of HR, and what their folders begin with."""
MADE = re.compile(r"^(LR|LRBD|LRDN)x(\d+)$")
Tree = dict[str, Any]


def root() -> Path:
    """The folder of prepared sets: `$GANSR_DATA`, or gansr/datasets where the user's data are kept."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "gansr" / "datasets"


def is_name(value: Any) -> bool:
    """Whether a value may be a set's name: a plain word, or `set/part`, and no folder that exists."""
    return isinstance(value, str) and WORD.match(value) is not None and not is_there(value)


def is_there(path: str) -> bool:
    """Whether a file or a folder has that name; true where one may not look, for then it is no set's name."""
    try:
        return Path(path).exists()
    except OSError:
        return True


def part_folder(name: str, training: bool, where: str) -> Path | None:
    """The folder of a prepared part; None where there is none of that name.

    Of a set with several parts the one for training is meant, or the one that is not.

    Raises:
        OptionsError: several parts could be meant.
    """
    folder = root() / name
    if "/" in name:
        return folder if _is_part(folder) else None
    parts = sorted(part for part in folder.iterdir() if _is_part(part)) if folder.is_dir() else []
    meant = [part for part in parts if part.name.startswith("train") == training] or parts
    if len(meant) > 1:
        choices = ", ".join(f"{name}/{part.name}" for part in meant)
        raise OptionsError(f"{where}: {name} has several parts; say which: {choices}.")
    return meant[0] if meant else None


def resolve(tree: Tree, where: str) -> Tree:
    """The tree with folders in the place of names, in `data.train` and `data.validation`.

    Raises:
        OptionsError: several parts could be meant, or LR of a kind that was not prepared.
    """
    data = tree.get("data")
    if not isinstance(data, dict):
        return tree
    changed = dict(data)
    if isinstance(data.get("train"), dict):
        changed["train"] = _train(data["train"], tree.get("scale"), where)
    if isinstance(data.get("validation"), str):
        raise OptionsError(
            f"{where}: data.validation: expected a list of names as gansr data list has them, such as "
            f"[{data['validation']}], or a mapping NAME: {{hr: FOLDER}}; found {data['validation']!r}."
        )
    if isinstance(data.get("validation"), list | dict):
        changed["validation"] = _validation(data["validation"], tree.get("scale"), where)
    return tree | {"data": changed}


def _train(train: Tree, scale: Any, where: str) -> Tree:
    found = dict(train)
    if _is_kind(train.get("lr")) and is_name(train.get("hr")):
        part = part_folder(train["hr"], True, f"{where}: data.train.hr")
        if part is not None:
            scales = train.get("scales") or [scale]
            lr = {one: _lr(part, train["lr"], one, f"{where}: data.train.lr") for one in scales}
            found["lr"] = lr if train.get("scales") else lr[scale]
    for key, folder in (("hr", HR), ("real_lr", LR)):
        if key in train:
            found[key] = _each(train[key], folder, True, f"{where}: data.train.{key}")
    if isinstance(train.get("pairs"), dict) and "hr" in train["pairs"]:
        pairs = train["pairs"]
        part = part_folder(pairs["hr"], True, f"{where}: data.train.pairs.hr") if is_name(pairs["hr"]) else None
        if part is not None:
            lr = _lr(part, "bicubic", scale, f"{where}: data.train.pairs.lr") if "lr" not in pairs else pairs["lr"]
            found["pairs"] = pairs | {"hr": str(part / HR), "lr": lr}
    return found


def _validation(sets: list[Any] | Tree, scale: Any, where: str) -> Tree:
    found: Tree = {}
    if isinstance(sets, list):
        for name in sets:
            if not isinstance(name, str):
                raise OptionsError(
                    f"{where}: data.validation: expected a list of names as gansr data list has them, or a mapping "
                    f"NAME: {{hr: FOLDER}}; found {name!r} in the list."
                )
            found[name.replace("/", "_")] = _one({"hr": name}, scale, f"{where}: data.validation")
        return found
    for name, one in sets.items():
        found[name] = _one(one, scale, f"{where}: data.validation.{name}") if isinstance(one, dict) else one
    return found


def _one(one: Tree, scale: Any, where: str) -> Tree:
    part = part_folder(one["hr"], False, where) if is_name(one.get("hr")) else None
    if part is None:
        return one
    if not (part / HR).is_dir():
        raise OptionsError(f"{where}: {one['hr']} has no HR to compare with; gansr evaluate can do without.")
    found = one | {"hr": str(part / HR)}
    kind, scale = one.get("lr") or "bicubic", one.get("scale") or scale
    if _is_kind(one.get("lr")) or (one.get("lr") is None and (part / f"{LR}x{scale}").is_dir()):
        found["lr"] = _lr(part, kind, scale, f"{where}.lr")
    return found


def _lr(part: Path, kind: str, scale: Any, where: str) -> str:
    folder = part / f"{KINDS[kind]}x{scale}"
    if not folder.is_dir():
        there = sorted(other.name for other in part.glob(f"{LR}*"))
        raise OptionsError(
            f"{where}: {part} has no {folder.name} (there is: {', '.join(there) or 'none'}). Prepare it: gansr data "
            f"prepare {part.parent.name}/{part.name} --force {_asking(there, kind, scale)} ..."
        )
    return str(folder)


def _asking(there: Sequence[str], kind: str, scale: Any) -> str:
    """The options that make LR of one more kind or scale, and again what is there, for --force replaces all of it."""
    known = [match for name in there if (match := MADE.match(name))]
    scales = sorted({int(one[2]) for one in known} | ({scale} if isinstance(scale, int) else set()))
    kinds = [one for one in KINDS if one == kind or any(match[1] == KINDS[one] for match in known)]
    return f"--scales {','.join(map(str, scales))} --lr {','.join(kinds)}"


def _each(value: Any, folder: str, training: bool, where: str) -> Any:
    """A name, or `{folder: NAME, ...}`, or several of either."""
    if isinstance(value, list):
        return [_each(one, folder, training, where) for one in value]
    if isinstance(value, dict) and "folder" in value:
        return value | {"folder": _each(value["folder"], folder, training, where)}
    part = part_folder(value, training, where) if isinstance(value, str) and is_name(value) else None
    if part is None:
        return value
    if not (part / folder).is_dir():
        there: Sequence[str] = sorted(other.name for other in part.iterdir() if other.is_dir())
        raise OptionsError(f"{where}: {value} has no {folder}; it has {', '.join(there)}.")
    return str(part / folder)


def _is_kind(value: Any) -> bool:
    return isinstance(value, str) and value in KINDS


def _is_part(folder: Path) -> bool:
    return not folder.name.startswith(".") and ((folder / HR).is_dir() or (folder / LR).is_dir())
