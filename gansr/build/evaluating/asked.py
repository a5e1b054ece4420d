"""What `gansr evaluate` is asked: sets and metrics, from the texts of the command line."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansr.build.preparing.named import set_folders
from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.errors import OptionsError
from gansr.evaluation.measuring import AnyMetric
from gansr.metrics import METRICS
from gansr.options.component import Component, build, lookup
from gansr.options.reader import parse

COMPARING = ("psnr", "ssim", "ms_ssim")
"""Metrics that `--colour` and `--border` are for."""


@dataclass(frozen=True)
class Protocol:
    """What the command line says of how images are compared; None: as each metric has it by itself."""

    name: str | None = None
    colour: str | None = None
    border: int | None = None


def component(text: str, where: str = "--metric") -> Component:
    """A name, or `{type: name, argument: value}`."""
    value = parse(text, where)
    if isinstance(value, str):
        value = {"type": value}
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise OptionsError(f"{where}: expected a name or '{{type: name, argument: value}}', found {text!r}.")
    return Component.model_validate(value)


def metrics(texts: Sequence[str], protocol: Protocol, scale: int) -> dict[str, AnyMetric]:
    """Metrics of images of one scale, by name.

    Raises:
        OptionsError: two of one name, arguments that do not fit, or a protocol that is for none of them.
    """
    asked = [component(text) for text in texts]
    refuse_doubled("--metric", [one.type for one in asked])
    shared: dict[str, Any] = {"colour": protocol.colour, "border": protocol.border}
    for name, value in shared.items():
        if value is not None and not {one.type for one in asked} & set(COMPARING):
            raise OptionsError(f"--{name}: it is for {', '.join(COMPARING)}, and none of these is asked for.")
    if protocol.name is not None and not any(map(_takes_protocol, asked)):
        raise OptionsError(
            f"--protocol {protocol.name}: none of the metrics knows protocols by name: "
            f"{', '.join(one.type for one in asked)}."
        )
    return {one.type: _metric(one, protocol, shared, scale) for one in asked}


def _metric(asked: Component, protocol: Protocol, shared: dict[str, Any], scale: int) -> AnyMetric:
    given: dict[str, Any] = {}
    if asked.type in COMPARING:
        given |= {name: value for name, value in shared.items() if value is not None}
    if protocol.name is not None and _takes_protocol(asked):
        given["protocol"] = protocol.name
    whole = Component.model_validate({"type": asked.type, **given, **asked.arguments})
    return build(whole, METRICS, "--metric", scale=scale)


def _takes_protocol(asked: Component) -> bool:
    return "protocol" in inspect.signature(lookup(METRICS, asked.type, "--metric")).parameters


def refuse_doubled(option: str, names: Sequence[str]) -> None:
    """`OptionsError` for a name that is there twice."""
    for name in names:
        if names.count(name) > 1:
            raise OptionsError(f"{option}: there are several '{name}', and only one can be in the table.")


def open_sets(texts: Sequence[str], scale: int, exact: bool = False) -> list[EvaluationSet]:
    """The sets of `--on`, for one scale; `exact`: LR that is made of HR is not rounded.

    Raises:
        OptionsError: a text that is none of NAME=HR_DIR, NAME=HR_DIR:LR_DIR, NAME=:LR_DIR and a prepared set's name,
            two of one name, or LR files where LR shall be exact.
        DataError: a folder that is missing or empty, or images that do not fit together.
    """
    refuse_doubled("--on", [text.partition("=")[0] for text in texts])
    return [_open(text, scale, exact) for text in texts]


def _open(text: str, scale: int, exact: bool) -> EvaluationSet:
    name, equals, folders = text.partition("=")
    where = f"--on {name}"
    if equals and (not name or not folders.strip(":")):
        raise OptionsError(
            f"--on {text}: expected NAME=HR_DIR or NAME=HR_DIR:LR_DIR; NAME=:LR_DIR has no ground truth."
        )
    if equals:
        hr, lr = (None, Path(folders[1:])) if folders.startswith(":") else _split(folders)
    else:
        hr, lr = set_folders(text, scale, f"--on {text}", exact)
        name = text.replace("/", "_")
    if exact and lr is not None:
        raise OptionsError(f"--exact-lr: the LR of {where} are files, in 8 bits; expected NAME=HR_DIR, or not this.")
    if hr is None:
        assert lr is not None, "one of them is there"
        return EvaluationSet.without_truth(name, lr, scale, where)
    return EvaluationSet.open(name, hr, lr, scale, where, exact)


def _split(folders: str) -> tuple[Path, Path | None]:
    """HR_DIR[:LR_DIR]; a folder whose own name holds a colon is taken as it is."""
    if Path(folders).exists() or ":" not in folders:
        return Path(folders), None
    hr, _, lr = folders.rpartition(":")
    return Path(hr), Path(lr)
