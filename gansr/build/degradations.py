"""Rows of options -> what makes LR of HR on the device."""

from collections import ChainMap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from gansr.build.networks import load_look
from gansr.data.degradations import OPERATIONS
from gansr.data.degradations.canvas import Operation
from gansr.data.degradations.pipeline import Degradation, Pipeline, one_of, sometimes
from gansr.data.degradations.presets import PRESETS
from gansr.errors import OptionsError, choices_hint
from gansr.options.component import build
from gansr.options.explain import explain
from gansr.options.images import DegradationRow
from gansr.options.schema import Options

WHERE = "data.train.degradation"


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
    _try(made, options.crop(scale))
    return made


def margin(options: Options, scale: int) -> int:
    """HR pixels around the crop that are degraded with it, in proportion at each scale."""
    return options.data.train.margin // options.scale * scale


def pipeline(asked: str | DegradationRow | Sequence[DegradationRow], scale: int) -> Operation:
    """A preset by name, a row, or rows one after another."""
    if isinstance(asked, DegradationRow):
        asked = [asked]
    if isinstance(asked, str):
        if asked not in PRESETS:
            raise OptionsError(f"{WHERE}: there is no preset '{asked}'. {choices_hint(asked, PRESETS)}")
        asked = [_row(row, f"preset {asked}") for row in PRESETS[asked]]
    return _in_a_row(asked, scale, WHERE)


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


def _in_a_row(rows: Sequence[DegradationRow], scale: int, where: str) -> Operation:
    return Pipeline(tuple(_operation(row, scale, f"{where}.{number}") for number, row in enumerate(rows)))


def _operation(row: DegradationRow, scale: int, where: str) -> Operation:
    if row.type != "one_of":
        made = build(row, OPERATIONS, where, scale=scale, load_network=load_look)
        return sometimes(made, row.when)
    branches = row.arguments.get("branches")
    weights = row.arguments.get("weights") or [1.0] * len(branches or [])
    if strange := row.arguments.keys() - {"branches", "weights"}:
        raise OptionsError(f"{where} (type one_of): there is no key '{min(strange)}'. Choices: branches, weights.")
    if not branches or not all(isinstance(branch, list) for branch in branches):
        raise OptionsError(f"{where} (type one_of): branches: expected lists of operations, such as [[...], [...]].")
    if len(weights) != len(branches) or min(weights) < 0 or not sum(weights):
        raise OptionsError(f"{where} (type one_of): weights: expected {len(branches)} numbers of 0 or more, not all 0.")
    ways = [
        _in_a_row([_row(one, where) for one in branch], scale, f"{where}.branches.{number}")
        for number, branch in enumerate(branches)
    ]
    return sometimes(one_of(ways, weights), row.when)


def _row(found: Any, where: str) -> DegradationRow:
    try:
        return DegradationRow.model_validate(found)
    except ValidationError as error:
        raise OptionsError(explain(error, DegradationRow, where)) from None


def _try(made: Degradation, crop: int) -> None:
    """One window without values: what does not fit is found before training."""
    side = crop + 2 * made.margin
    try:
        small = made(torch.empty(1, 3, side, side, device="meta"), 0)
    except (RuntimeError, AssertionError) as error:
        raise OptionsError(f"{WHERE}: it does not suit windows of {side} px (crop and margin): {error}") from None
    if small.shape[-1] != crop // made.scale:
        raise OptionsError(
            f"{WHERE}: it ends at another size than that of LR. Let its last change of size be resize_to_scale, "
            f"decimate or matlab_bicubic."
        )
