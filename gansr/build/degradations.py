"""Rows of options -> what makes LR of HR on the device."""

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import torch
from pydantic import ValidationError
from torch import nn

from gansr.build.networks import load_look
from gansr.data.degradations import OPERATIONS
from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.pipeline import Degradation, Per, Pipeline, named, one_of, shuffled, sometimes
from gansr.data.degradations.presets import PRESETS
from gansr.errors import OptionsError, choices_hint
from gansr.options.component import build
from gansr.options.explain import explain
from gansr.options.images import DegradationRow
from gansr.options.schema import Options

Given = Mapping[str, Any]  # what makers of operations may ask for beside their options
WHERE = "data.train.degradation"
MANY, TRIAL = 24, 16  # samples of a trial, and the side of their LR


def degradation(options: Options, scale: int) -> Degradation | None:
    """How LR is made at a scale, where the options say so.

    Raises:
        OptionsError: an unknown preset or operation, an argument that does not fit, or a pipeline that does not end at
            the LR size.
    """
    asked = options.data.train.degradation
    if asked is None:
        return None
    made = Degradation(pipeline(asked, scale), scale, margin(options, scale))
    # Networks keep sizes, and their files may be what an earlier stage will write.
    trial = pipeline(asked, scale, load_network=lambda _: nn.Identity())
    _try(trial, scale, options.crop(scale) + 2 * made.margin)
    return made


def margin(options: Options, scale: int) -> int:
    """HR pixels around the crop that are degraded with it, in proportion at each scale."""
    return options.data.train.margin // options.scale * scale


def pipeline(
    asked: str | DegradationRow | Sequence[DegradationRow],
    scale: int,
    load_network: Callable[[str], nn.Module] = load_look,
) -> Operation:
    """A preset by name, a row, or rows one after another; `load_network` reads the networks that they ask for."""
    if isinstance(asked, DegradationRow):
        asked = [asked]
    if isinstance(asked, str):
        if asked not in PRESETS:
            raise OptionsError(f"{WHERE}: there is no preset '{asked}'. {choices_hint(asked, PRESETS)}")
        asked = [_row(row, f"preset {asked}") for row in PRESETS[asked](scale)]
    return _in_a_row(asked, {"scale": scale, "load_network": load_network}, WHERE)


def networks(asked: Any, where: str = WHERE) -> dict[str, Path]:
    """Files of the networks that rows ask for, those of branches too, by where that is said."""
    if isinstance(asked, DegradationRow):
        asked = asked.model_dump()
    if isinstance(asked, dict):
        file = {f"{where}.weights": Path(str(asked["weights"]))} if asked.get("type") == "learned" else {}
        inner = [networks(one, f"{where}.{key}") for key, one in asked.items()]
        return dict(ChainMap(file, *inner))
    if isinstance(asked, list | tuple):
        return dict(ChainMap(*(networks(one, f"{where}.{number}") for number, one in enumerate(asked))))
    return {}


def _in_a_row(rows: Sequence[DegradationRow], given: Given, where: str) -> Operation:
    return Pipeline(tuple(_operation(row, given, f"{where}.{number}") for number, row in enumerate(rows)))


def _operation(row: DegradationRow, given: Given, where: str) -> Operation:
    make = COMBINATIONS.get(row.type)
    if make is not None:
        return sometimes(make(row, given, f"{where} (type {row.type})"), row.when)
    made = named(build(row, OPERATIONS, where, **given), row.type)
    return sometimes(made, row.when)


def _one_of(row: DegradationRow, given: Given, where: str) -> Operation:
    branches = _list(row, "branches", ("branches", "weights"), where)
    if not branches or not all(isinstance(branch, list) for branch in branches):
        raise OptionsError(f"{where}: branches: expected lists of operations, such as [[...], [...]].")
    weights = row.arguments.get("weights") or [1.0] * len(branches)
    if len(weights) != len(branches) or min(weights) < 0 or not sum(weights):
        raise OptionsError(f"{where}: weights: expected {len(branches)} numbers of 0 or more, not all 0.")
    ways = [
        _in_a_row([_row(one, where) for one in branch], given, f"{where}.branches.{number}")
        for number, branch in enumerate(branches)
    ]
    return one_of(ways, weights)


def _shuffled(row: DegradationRow, given: Given, where: str) -> Operation:
    rows = _list(row, "operations", ("operations", "keep_order", "per"), where)
    if not rows or not all(isinstance(one, dict) for one in rows):
        raise OptionsError(f"{where}: operations: expected a list of operations, such as [{{type: jpeg}}, ...].")
    keep, per = row.arguments.get("keep_order", []), row.arguments.get("per", "sample")
    if not isinstance(keep, list) or len(set(keep)) != len(keep) or not set(keep) <= set(range(len(rows))):
        raise OptionsError(f"{where}: keep_order: expected places of operations from 0 to {len(rows) - 1}, as [2, 3].")
    if per not in get_args(Per):
        raise OptionsError(f"{where}: per: expected sample or batch.")
    made = [_operation(_row(one, where), given, f"{where}.operations.{number}") for number, one in enumerate(rows)]
    # Rows that are alike are one operation, which goes through more samples at once.
    return shuffled([made[rows.index(one)] for one in rows], keep, per)


COMBINATIONS = {"one_of": _one_of, "shuffled": _shuffled}


def _list(row: DegradationRow, name: str, keys: tuple[str, ...], where: str) -> list[Any]:
    """A list of what is combined, where there is one; signatures cannot check it."""
    if strange := row.arguments.keys() - set(keys):
        raise OptionsError(f"{where}: there is no key '{min(strange)}'. {choices_hint(min(strange), keys)}")
    found = row.arguments.get(name)
    return found if isinstance(found, list) else []


def _row(found: Any, where: str) -> DegradationRow:
    try:
        return DegradationRow.model_validate(found)
    except ValidationError as error:
        raise OptionsError(explain(error, DegradationRow, where)) from None


def _try(trial: Operation, scale: int, window: int) -> None:
    """Small windows, so many that each goes other ways: what does not fit is found before training."""
    side = min(window, TRIAL * scale)
    image = torch.zeros(1, 3, side, side).expand(MANY, -1, -1, -1)
    try:
        small = trial(Canvas.of(image), Draws(MANY, 0, in_turn=True))
    except (RuntimeError, AssertionError) as error:
        raise OptionsError(f"{WHERE}: it does not suit windows of {side} px (crop and margin): {error}") from None
    sizes = [small.image.shape[-2:], *zip(small.height.tolist(), small.width.tolist(), strict=True)]
    if set(sizes) != {(side // scale,) * 2}:
        raise OptionsError(
            f"{WHERE}: it ends at another size than that of LR, at least for some samples. Let its last change of size "
            f"be resize_to_scale, decimate or matlab_bicubic."
        )
