"""Stages and overrides: how one file describes several runs, each starting from the last one's weights."""

import copy
from collections.abc import Iterable
from typing import Any

from gansr.errors import OptionsError, choices_hint
from gansr.options.reader import parse

Tree = dict[str, Any]

# Mappings whose entries a stage or an override may remove with null.
PARTS = (
    (),
    ("losses",),
    ("degrader_losses",),
    ("inner_losses",),
    ("discriminators",),
    ("penalties",),
    ("data", "validation"),
    ("validation", "metrics"),
    ("checkpoints", "best"),
)


def expand(tree: Tree, overrides: Iterable[str], where: str) -> list[Tree]:
    """The file's tree and `section.key=value` overrides -> one complete tree for each stage.

    A stage is a list of changes to the rest of the file. An override wins over both: it is put into the
    common part, and into every stage that sets the same key; or, where only stages have the section, into
    those. `stages.NAME.key=value` changes one stage.
    """
    tree = copy.deepcopy(tree)
    stages = _stages(tree, where)
    for override in overrides:
        path, value = _parse(override)
        if path[0] == "stages":
            put(_stage(stages, path), path[2:], value, override)
            continue
        if _holds(tree, path[:-1]) or not any(_holds(stage, path[:-1]) for stage in stages):
            put(tree, path, copy.deepcopy(value), override)
            users = [stage for stage in stages if _holds(stage, path)]
        else:  # a part that only some stages have, as the discriminator
            users = [stage for stage in stages if _holds(stage, path[:-1])]
        for stage in users:
            if path != ["name"]:  # a stage's name is its own
                put(stage, path, copy.deepcopy(value), override)
    if not stages:
        return [without_removed(tree)]
    names = [stage.pop("name") for stage in stages]
    return [
        {**without_removed(merge(tree, stage)), "stage": f"{number}_{name}"}
        for number, (name, stage) in enumerate(zip(names, stages, strict=True), 1)
    ]


def merge(base: Any, change: Any) -> Any:
    """`change` over `base`: mappings join key by key; a component of another `type:` replaces the old one."""
    if not (isinstance(base, dict) and isinstance(change, dict)):
        return copy.deepcopy(change)
    if "type" in change and change["type"] != base.get("type", change["type"]):
        return copy.deepcopy(change)
    return copy.deepcopy(base) | {key: merge(base.get(key), value) for key, value in change.items()}


def without_removed(tree: Tree) -> Tree:
    """Drop the parts that were set to null. Elsewhere null is a value: `train.ema: null` means no average."""

    def dropped(here: Tree, path: tuple[str, ...]) -> Tree:
        if not path:
            return {key: value for key, value in here.items() if value is not None}
        inner = here.get(path[0])
        return here | {path[0]: dropped(inner, path[1:])} if isinstance(inner, dict) else here

    for path in PARTS:
        tree = dropped(tree, path)
    return tree


def put(tree: Tree, path: list[str], value: Any, override: str) -> None:
    """Set the value at `path`, making mappings on the way."""
    for key in path[:-1]:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            raise OptionsError(f"override '{override}': '{key}' is a value, not a section with keys of its own.")
    tree[path[-1]] = value


def _parse(override: str) -> tuple[list[str], Any]:
    key, equals, text = override.partition("=")
    path = key.split(".")
    if not equals or not all(path):
        raise OptionsError(f"override '{override}': expected section.key=value, for example train.steps=1000.")
    return path, parse(text, f"override '{override}'")


def _stages(tree: Tree, where: str) -> list[Tree]:
    """The list under `stages:`, every one with a name (its recipe, when the file gives none)."""
    stages = tree.pop("stages", [])
    if not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        raise OptionsError(f"{where}: stages: expected a list of mappings, found {stages!r}.")
    for stage in stages:
        stage["name"] = str(stage.get("name", stage.get("recipe", tree.get("recipe", "stage"))))
    names = [stage["name"] for stage in stages]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise OptionsError(f"{where}: stages: give each its own `name:`; there are several '{doubled.pop()}'.")
    return stages


def _stage(stages: list[Tree], path: list[str]) -> Tree:
    """The stage that `stages.NAME.key` (or `stages.1.key`) speaks of."""
    names = {stage["name"]: stage for stage in stages}
    names |= {str(number): stage for number, stage in enumerate(stages, 1)}
    asked = path[1] if len(path) > 1 else ""
    if len(path) < 3 or asked not in names:
        raise OptionsError(f"override '{'.'.join(path)}': no such stage. {choices_hint(asked, names)}")
    return names[asked]


def _holds(tree: Any, path: list[str]) -> bool:
    for key in path:
        if not isinstance(tree, dict) or key not in tree:
            return False
        tree = tree[key]
    return True
