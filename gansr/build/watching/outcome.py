"""A run in a few numbers: what was set, and what came of it, for tables that compare runs."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from gansr.options.schema import Options
from gansr.options.sections import LossOptions, RampOptions

Setting = bool | int | float | str

TRAIN = ("steps", "batch", "accumulate", "lr", "discriminator_lr", "warm_up", "ema", "clip", "precision")
COMPONENTS = ("optimizer", "schedule")


def main_settings(options: Options) -> dict[str, Setting]:
    """What runs usually differ in, by the keys of the options file; what is not set has no place."""
    train = options.train
    networks = {"generator": options.generator, **options.discriminating, **options.making}
    found: dict[str, Any] = {"recipe": options.recipe, "scale": options.scale, "seed": options.seed}
    for name, network in networks.items():
        found[name] = network.type
    found |= {f"generator.{key}": value for key, value in options.generator.arguments.items()}
    for section, rows in options.tables.items():
        found |= {f"{section}.{role}": _weight(row) for role, row in rows.items()}
        found |= {f"{section}.{role}.type": row.type for role, row in rows.items()}
    found["data.train.crop"] = options.data.train.crop
    found |= {f"train.{key}": getattr(train, key) for key in TRAIN}
    found |= {f"train.{key}": getattr(train, key).type for key in COMPONENTS}
    return {key: _plain(value) for key, value in found.items() if value is not None}


def all_settings(options: Options) -> dict[str, Setting]:
    """Every value of the resolved options by its key, `train.lr`; what is not set has no place."""
    return _flat(options.model_dump(mode="json", by_alias=True), "")


def outcome(log: Path, names: Collection[str], best: int) -> dict[str, float]:
    """What a run's log.jsonl says of how it ended.

    Args:
        log: the file
        names: SET/METRIC of each score
        best: the step of the best weights; 0: there is none

    Returns:
        `final/SET/METRIC`, each one's newest score, and `best/SET/METRIC`, those of the best step.
    """
    found: dict[str, float] = {}
    for text in log.read_text("utf-8").splitlines():
        line: Mapping[str, Any] = json.loads(text)
        scores = {name: float(line[name]) for name in names if name in line}
        found |= {f"final/{name}": score for name, score in scores.items()}
        if line["step"] == best:
            found |= {f"best/{name}": score for name, score in scores.items()}
    return found


def _weight(row: LossOptions) -> float:
    """Of a ramp, where it leads to."""
    return row.weight.end if isinstance(row.weight, RampOptions) else row.weight


def _flat(tree: Any, path: str) -> dict[str, Setting]:
    if not isinstance(tree, dict):
        return {} if tree is None else {path: _plain(tree)}
    found: dict[str, Setting] = {}
    for key, value in tree.items():
        found |= _flat(value, f"{path}.{key}" if path else str(key))
    return found


def _plain(value: Any) -> Setting:
    """What tables of runs take: of lists and mappings, their text."""
    return value if isinstance(value, bool | int | float | str) else json.dumps(value, default=str)
