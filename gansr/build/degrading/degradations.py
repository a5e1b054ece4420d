"""Rows of options -> what makes LR of HR on the device."""

import json
import math
from collections import ChainMap
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

import torch
from pydantic import ValidationError
from torch import nn

from gansr.build.degrading import ramps
from gansr.build.making.networks import load_look
from gansr.data.degradations import OPERATIONS
from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.checks import check_sum
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.pipeline import Degradation, Per, Pipeline, named, one_of, shuffled, sometimes
from gansr.data.degradations.presets import PRESETS
from gansr.errors import OptionsError, choices_hint
from gansr.options.component import build
from gansr.options.explain import explain
from gansr.options.images import DegradationRow
from gansr.options.schema import Options

Asked = str | DegradationRow | Sequence[DegradationRow]
LoadNetwork = Callable[[str], nn.Module]
Make = Callable[[DegradationRow, str], Operation]

WHERE, MILD = "data.train.degradation", "data.train.mild.degradation"
READERS = {"kernel_bank", "noise_bank", "noise_patches"}
MANY, TRIAL = 24, 16  # samples of a trial, and the side of their LR


def degradation(options: Options, scale: int) -> Degradation | None:
    """How LR is made at a scale when all ramps have ended, where the options say so.

    Raises:
        OptionsError: as `curriculum`.
    """
    if options.data.train.degradation is None:
        return None
    return curriculum(options.data.train.degradation, options, scale).last


def curriculum(asked: Asked, options: Options, scale: int, where: str = WHERE) -> "Curriculum":
    """How LR is made at a scale, at each step; tried at all steps at which something could become wrong.

    Raises:
        OptionsError: an unknown preset or operation, an argument that does not fit, ends of a ramp that are not alike,
            or a pipeline that does not end at the LR size.
    """
    around = margin(options, scale)
    window = options.crop(scale) + 2 * around
    # Networks keep sizes, and their files may be what an earlier stage will write.
    trial = Curriculum(asked, scale, around, where, load_network=lambda _: nn.Identity(), room=window)
    for step in ramps.telling(trial.bends):
        try:
            _try(trial(step), window, where)
        except OptionsError as error:
            raise OptionsError(f"{error} So it is at step {step}, by a ramp.") if step else error from None
    return Curriculum(asked, scale, around, where)


class Curriculum:
    """Steps taken -> the degradation of the next step: a pure function, for which only changed operations are made.

    Args:
        asked: a preset, or rows; any number in them may be a ramp
        scale: of the super-resolution
        margin: as in `Degradation`
        where: key of the options, for messages
        load_network: reads the networks that rows ask for
        room: each operation is tried when made, and may have no kernel larger than so many pixels; None: it is not
    """

    def __init__(
        self,
        asked: Asked,
        scale: int,
        margin: int,
        where: str = WHERE,
        load_network: LoadNetwork = load_look,
        room: int | None = None,
    ):
        rows = _preset(asked, scale, where) if isinstance(asked, str) else asked
        rows = [rows] if isinstance(rows, DegradationRow) else rows
        if not rows:
            raise OptionsError(f"{where}: there is no operation in it. For plain bicubic LR leave it out.")
        self.tree = [row.model_dump(mode="json", by_alias=True) for row in rows]
        self.scale, self.margin, self.where = scale, margin, where
        self.bends = ramps.bends(self.tree, where)
        _refuse_changing_files(self.tree, where)
        self.make = _maker(scale, load_network, room)
        self.latest: tuple[Any, Degradation] | None = None

    def __call__(self, step: int) -> Degradation:
        """Raises OptionsError for a value that an operation refuses."""
        tree = ramps.at(self.tree, step) if self.bends else self.tree
        if self.latest is None or tree != self.latest[0]:
            made = _in_a_row(_rows(tree, self.where), self.make, self.where)
            self.latest = tree, Degradation(made, self.scale, self.margin)
        return self.latest[1]

    @property
    def last(self) -> Degradation:
        """When all ramps have ended."""
        return self(max(self.bends, default=0))


def margin(options: Options, scale: int) -> int:
    """HR pixels around the crop that are degraded with it, in proportion at each scale."""
    return options.data.train.margin // options.scale * scale


def pipeline(asked: Asked, scale: int, where: str = WHERE) -> Operation:
    """A preset by name, a row, or rows one after another; what changes is as at the end."""
    return Curriculum(asked, scale, 0, where).last.pipeline


def networks(asked: Any, where: str = WHERE) -> dict[str, Path]:
    """Files of the networks that rows ask for, those of branches too, by where that is said."""
    if isinstance(asked, DegradationRow):
        asked = asked.model_dump(by_alias=True)
    if isinstance(asked, dict):
        file = {f"{where}.weights": Path(str(asked["weights"]))} if asked.get("type") == "learned" else {}
        inner = [networks(one, f"{where}.{key}") for key, one in asked.items()]
        return dict(ChainMap(file, *inner))
    if isinstance(asked, list | tuple):
        return dict(ChainMap(*(networks(one, f"{where}.{number}") for number, one in enumerate(asked))))
    return {}


def _preset(name: str, scale: int, where: str) -> list[DegradationRow]:
    if name not in PRESETS:
        raise OptionsError(f"{where}: there is no preset '{name}'. {choices_hint(name, PRESETS)}")
    return [_row(row, f"preset {name}") for row in PRESETS[name](scale)]


def _maker(scale: int, load_network: LoadNetwork, room: int | None) -> Make:
    """Rows -> operations; one that was made lately is not made again."""

    @lru_cache(maxsize=64)
    def made(kind: str, arguments: str, where: str) -> Operation:
        row = DegradationRow.model_validate({"type": kind, **json.loads(arguments)})
        operation = named(build(row, OPERATIONS, where, scale=scale, load_network=load_network), kind)
        if room is not None:
            _try_alone(operation, room, f"{where} (type {kind})")
        return operation

    return lambda row, where: made(row.type, json.dumps(row.arguments), where)


def _in_a_row(rows: Sequence[DegradationRow], make: Make, where: str) -> Operation:
    return Pipeline(tuple(_operation(row, make, f"{where}.{number}") for number, row in enumerate(rows)))


def _operation(row: DegradationRow, make: Make, where: str) -> Operation:
    assert isinstance(row.when, float), "rows of one step have no ramps"
    combine = COMBINATIONS.get(row.type)
    made = combine(row, make, f"{where} (type {row.type})") if combine else make(row, where)
    return sometimes(made, row.when)


def _one_of(row: DegradationRow, make: Make, where: str) -> Operation:
    branches = _list(row, "branches", ("branches", "weights"), where)
    if not branches or not all(isinstance(branch, list) for branch in branches):
        raise OptionsError(f"{where}: branches: expected lists of operations, such as [[...], [...]].")
    weights = row.arguments.get("weights", [1.0] * len(branches))
    if not _are_weights(weights, len(branches)):
        raise OptionsError(
            f"{where}: weights: expected {len(branches)} numbers of 0 or more, not all 0; found {weights}."
        )
    check_sum(f"{where}: weights", weights)
    ways = [
        _in_a_row(_rows(branch, f"{where}.branches.{number}"), make, f"{where}.branches.{number}")
        for number, branch in enumerate(branches)
    ]
    return one_of(ways, weights)


def _shuffled(row: DegradationRow, make: Make, where: str) -> Operation:
    rows = _list(row, "operations", ("operations", "keep_order", "per"), where)
    if not rows or not all(isinstance(one, dict) for one in rows):
        raise OptionsError(f"{where}: operations: expected a list of operations, such as [{{type: jpeg}}, ...].")
    keep, per = row.arguments.get("keep_order", []), row.arguments.get("per", "sample")
    if not _are_places(keep, len(rows)):
        raise OptionsError(f"{where}: keep_order: expected places of operations from 0 to {len(rows) - 1}, as [2, 3].")
    if per not in get_args(Per):
        raise OptionsError(f"{where}: per: expected sample or batch, found {per}.")
    checked = _rows(rows, f"{where}.operations")
    made = [_operation(one, make, f"{where}.operations.{number}") for number, one in enumerate(checked)]
    # Rows that are alike are one operation, which goes through more samples at once.
    return shuffled([made[rows.index(one)] for one in rows], keep, per)


def _are_weights(found: Any, count: int) -> bool:
    if not isinstance(found, list) or len(found) != count or not all(ramps.is_number(one) for one in found):
        return False
    return min(found) >= 0 and 0 < sum(found) < math.inf


def _are_places(found: Any, count: int) -> bool:
    """Different whole numbers below `count`."""
    if not isinstance(found, list) or not all(type(one) is int for one in found):
        return False
    return len(set(found)) == len(found) and set(found) <= set(range(count))


COMBINATIONS = {"one_of": _one_of, "shuffled": _shuffled}


def _list(row: DegradationRow, name: str, keys: tuple[str, ...], where: str) -> list[Any]:
    """A list of what is combined, where there is one; signatures cannot check it."""
    if strange := row.arguments.keys() - set(keys):
        raise OptionsError(f"{where}: there is no key '{min(strange)}'. {choices_hint(min(strange), keys)}")
    found = row.arguments.get(name)
    return found if isinstance(found, list) else []


def _rows(found: Sequence[Any], where: str) -> list[DegradationRow]:
    return [_row(one, f"{where}.{number}") for number, one in enumerate(found)]


def _row(found: Any, where: str) -> DegradationRow:
    try:
        return DegradationRow.model_validate(found)
    except ValidationError as error:
        raise OptionsError(explain(error, DegradationRow, where)) from None


def _refuse_changing_files(tree: Any, where: str) -> None:
    """What reads files reads them when it is made, which would be at every step."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(value, dict) and value.get("type") in READERS:
            rest = {name: one for name, one in value.items() if name != "when"}
            if ramps.has_ramp(rest):
                raise OptionsError(
                    f"{where}.{key} (type {value['type']}): it reads files, once, so only its `when` may be a ramp."
                )
        if isinstance(value, dict | list):
            _refuse_changing_files(value, f"{where}.{key}")


def _try_alone(operation: Operation, room: int, where: str) -> None:
    small = replace(Canvas.of(torch.zeros(2, 3, TRIAL, TRIAL)), room=room)
    try:
        operation(small, Draws(2, 0, in_turn=True))  # it happens to one of them at least, if it ever does
    except OptionsError as error:
        raise error.at(where) from None


def _try(made: Degradation, window: int, where: str) -> None:
    """Small windows, so many that each goes other ways: what does not fit is found before training."""
    side = min(window, TRIAL * made.scale)
    image = torch.zeros(1, 3, side, side).expand(MANY, -1, -1, -1)
    try:
        small = made.pipeline(Canvas.of(image), Draws(MANY, 0, in_turn=True))
    except (RuntimeError, AssertionError) as error:
        raise OptionsError(f"{where}: it does not suit windows of {side} px (crop and margin): {error}") from None
    sizes = [small.image.shape[-2:], *zip(small.height.tolist(), small.width.tolist(), strict=True)]
    if set(sizes) != {(side // made.scale,) * 2}:
        raise OptionsError(
            f"{where}: it ends at another size than that of LR, at least for some samples. Let its last change of size "
            f"be resize_to_scale, decimate or matlab_bicubic."
        )
