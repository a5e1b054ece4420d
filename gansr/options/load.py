"""An options file and overrides -> frozen, typed options, one for each stage; and back to a file."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from gansr.errors import OptionsError, choices_hint
from gansr.options.explain import explain
from gansr.options.pipeline_file import SUFFIXES, read_pipeline
from gansr.options.prepared_sets import resolve
from gansr.options.reader import read
from gansr.options.schema import RECIPE_OPTIONS, Options
from gansr.options.stages import expand
from gansr.options.unpaired.refusals import refuse_real_lr

GAME = ("discriminator", "discriminators", "penalties")
"""Sections that only a game has."""


def load(path: Path, overrides: Sequence[str] = ()) -> tuple[Options, ...]:
    """The stages of the run that `path` describes; a file without `stages:` has one.

    Raises:
        OptionsError: anything that is misspelt, missing, doubled, or of the wrong type.
    """
    tree = read(path)
    return tuple(validate(stage, _where(path, stage)) for stage in expand(tree, overrides, str(path)))


def validate(tree: dict[str, Any], where: str) -> Options:
    """One stage's tree -> options of the class that its `recipe:` names."""
    if "recipe" not in tree:
        raise OptionsError(f"{where}: recipe: is missing. {choices_hint('', RECIPE_OPTIONS)}")
    recipe = str(tree["recipe"])
    if recipe not in RECIPE_OPTIONS:
        raise OptionsError(f"{where}: recipe: there is no '{recipe}'. {choices_hint(recipe, RECIPE_OPTIONS)}")
    if recipe == "paired" and (game := [key for key in GAME if key in tree]):
        raise OptionsError(f"{where}: {game[0]}: recipe paired plays no game; use paired_gan, or remove it.")
    tree, model = resolve(_with_pipeline(_spelled_out(tree, where), where), where), RECIPE_OPTIONS[recipe]
    try:  # through JSON: there, strict still takes a list for a tuple and a text for a path
        options = model.model_validate_json(json.dumps(tree, default=str), strict=True)
        if not model.unpaired:
            refuse_real_lr(options.data.train, recipe, [name for name, one in RECIPE_OPTIONS.items() if one.unpaired])
    except ValidationError as error:
        raise OptionsError(explain(error, model, where)) from None
    except ValueError as error:
        raise OptionsError(f"{where}: {error}.") from None
    return options


def dump(options: Options) -> str:
    """The resolved options as YAML, every default spelled out: a run is reproduced from it."""
    return yaml.safe_dump(options.model_dump(mode="json", by_alias=True), sort_keys=False, allow_unicode=True)


def changes(old: dict[str, Any], new: dict[str, Any], path: str = "") -> list[str]:
    """What differs between two resolved option trees, as `key: old -> new`."""
    found: list[str] = []
    for key in dict.fromkeys([*old, *new]):
        before, after, here = old.get(key), new.get(key), f"{path}{key}"
        if isinstance(before, dict) and isinstance(after, dict):
            found += changes(before, after, f"{here}.")
        elif before != after:
            found.append(f"{here}: {before} -> {after}")
    return found


def _spelled_out(tree: dict[str, Any], where: str) -> dict[str, Any]:
    """`train.halve_at` becomes the schedule it is short for, so that saved options say it once."""
    train = tree.get("train")
    if not isinstance(train, dict) or train.get("halve_at") is None:
        return tree
    if "schedule" in train:
        raise OptionsError(f"{where}: train: give either halve_at or schedule, not both.")
    rest = {key: value for key, value in train.items() if key != "halve_at"}
    return tree | {"train": rest | {"schedule": {"type": "halving", "at": train["halve_at"]}}}


def _with_pipeline(tree: dict[str, Any], where: str) -> dict[str, Any]:
    """`data.train.degradation: fitted.yml` becomes the rows in that file, so that saved options need it no more."""
    data = tree.get("data")
    train = data.get("train") if isinstance(data, dict) else None
    if not (isinstance(data, dict) and isinstance(train, dict)):
        return tree
    scales, spelled_out = train.get("scales") or [tree.get("scale")], dict(train)
    if isinstance(train.get("mild"), dict):
        spelled_out["mild"] = dict(train["mild"])
    for key, one in (("degradation", spelled_out), ("mild.degradation", spelled_out.get("mild"))):
        asked = one.get("degradation") if isinstance(one, dict) else None
        if not isinstance(one, dict) or not isinstance(asked, str) or not asked.endswith(SUFFIXES):
            continue
        if scales != [tree.get("scale")]:
            raise OptionsError(f"{where}: data.train.{key}: {asked} is made for one scale, and this run has {scales}.")
        try:
            rows = read_pipeline(Path(asked), scales[0]).degradation
        except OptionsError as error:
            raise OptionsError(f"{where}: data.train.{key}: {error}") from None
        one["degradation"] = [row.model_dump(by_alias=True) for row in rows]
    return tree | {"data": data | {"train": spelled_out}}


def _where(path: Path, tree: dict[str, Any]) -> str:
    return f"{path} (stage {tree['stage']})" if "stage" in tree else str(path)
