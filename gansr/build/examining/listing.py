"""`gansr list` and `gansr schema`: the tables, and the options file as a JSON schema."""

import inspect
import json
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from gansr.build.making.parts import TABLES
from gansr.errors import OptionsError, choices_hint
from gansr.options.component import arguments_of
from gansr.options.schema import RECIPE_OPTIONS

# What a constructor is given by the builder, never by the options.
GIVEN = {
    "generators": {"scale"},
    "losses": {"scale", "lenses", "load_network"},
    "degrader_losses": {"scale", "lenses", "load_network"},
    "degraders": {"scale"},
    "maps": {"scale", "lenses", "load_network"},
    "metrics": {"scale"},
    "degradations": {"scale", "load_network"},
    "batch_augmentations": {"batch", "lr_is_bicubic"},
    "optimizers": {"lr"},
    "schedules": {"steps"},
    "trackers": {"title", "folder", "session"},
}


def rows(table: str) -> list[dict[str, Any]]:
    """The table's rows: name, what it is, and its arguments with their defaults.

    Raises:
        OptionsError: there is no such table.
    """
    if table not in TABLES:
        raise OptionsError(f"gansr list: there is no table '{table}'. {choices_hint(table, TABLES)}")
    found = []
    for name, make in TABLES[table].items():
        lines = (inspect.getdoc(make) or "").splitlines()
        row: dict[str, Any] = {"name": name, "description": lines[0] if lines else ""}
        arguments = None if table == "recipes" else _arguments(make, table)
        if arguments is not None:
            row["arguments"] = {
                name: "(required)" if one.is_required() else one.get_default(call_default_factory=True)
                for name, one in arguments.model_fields.items()
            }
        found.append(row)
    return found


def _arguments(make: Callable[..., Any], table: str) -> type[BaseModel] | None:
    """What the options may give a row; None where it comes from a library that is not installed."""
    try:
        return arguments_of(make, frozenset(GIVEN.get(table, ())))
    except OptionsError:
        return None


def schema() -> dict[str, Any]:
    """The JSON schema of an options file, the arguments of networks, losses and metrics included.

    It helps an editor to complete and to mark what is misspelt. That nothing is missing is for `check` to say: a file
    with stages is complete only in each of them.
    """
    definitions: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for model in RECIPE_OPTIONS.values():
        one = model.model_json_schema()
        definitions |= one["$defs"]
        properties |= {name: _known(name, found) for name, found in one["properties"].items()}
    for name in ("Component", *REPLACED):
        definitions.pop(name)
    for definition in definitions.values():
        definition.pop("required", None)
    definitions |= {name: _choices(table) for name, table in COMPONENTS.items()}
    definitions["TrainOptions"]["properties"] |= {"optimizer": _ref("Optimizer"), "schedule": _ref("Schedule")}
    definitions["ValidationOptions"]["properties"]["metrics"] = _mapping("Metric")
    names = [{"enum": list(TABLES["trackers"])}, {"type": "string", "pattern": ":"}]
    definitions["LogOptions"]["properties"]["trackers"]["items"] = {"anyOf": [_ref("Tracker"), *names]}
    definitions["DataOptions"]["properties"]["validation"] = {
        "anyOf": [_mapping("SetOptions"), {"type": "array", "items": {"type": "string"}}]
    }
    properties |= {
        "recipe": {"enum": list(RECIPE_OPTIONS)},
    }
    properties.pop("stage")
    stage = {"type": "object", "properties": properties, "additionalProperties": False}
    stages = {"type": "array", "items": stage, "description": "changes to the rest of the file, one run after another"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gansr options",
        **stage,
        "properties": properties | {"stages": stages},
        "required": ["name"],
        "$defs": definitions,
    }


def _known(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """A property with the rows of its table in the place of the class that knows no arguments."""
    if name.endswith("losses"):
        row = "DegraderLoss" if name == "degrader_losses" else "Loss"
        return _mapping(row) | {"properties": {"adversarial": _ref("Objective")}}
    for options, rows in REPLACED.items():
        if f'"#/$defs/{options}"' in json.dumps(found):
            return _mapping(rows) if "additionalProperties" in found else _ref(rows)
    return found


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _mapping(name: str) -> dict[str, Any]:
    """Names of the user's choice -> definitions, or null, with which a stage removes one."""
    return {"type": "object", "additionalProperties": {"anyOf": [_ref(name), {"type": "null"}]}}


COMPONENTS = {
    "Generator": "generators",
    "Discriminator": "discriminators",
    "Degrader": "degraders",
    "DegraderLoss": "degrader_losses",
    "Loss": "losses",
    "Objective": "objectives",
    "Penalty": "penalties",
    "Augmentation": "augmentations",
    "View": "views",
    "Map": "maps",
    "Metric": "metrics",
    "Optimizer": "optimizers",
    "Schedule": "schedules",
    "Tracker": "trackers",
}
REPLACED = {
    "GeneratorOptions": "Generator",
    "DiscriminatorOptions": "Discriminator",
    "DegraderOptions": "Degrader",
    "MakerOptions": "Degrader",
    "LossOptions": "Loss",
    "PenaltyOptions": "Penalty",
    "MetricOptions": "Metric",
}
"""Definitions that know no arguments, and which of COMPONENTS takes their place."""


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _ref(name)}


WEIGHT = {"anyOf": [{"type": "number", "minimum": 0}, _ref("RampOptions")]}
NETWORK = {"weights": {"type": ["string", "null"]}, "strict": {"type": "boolean"}}
EVERY = {"type": "integer", "minimum": 1}
LOOKS = {"through": _list_of("View")}
LOSS = (
    LOOKS
    | {"weight": WEIGHT, "target": {"type": "string"}, "of": {"type": "string"}}
    | {"where": {"anyOf": [_ref("Map"), {"type": "null"}]}}
)
EXTRA: dict[str, dict[str, Any]] = {
    "generators": NETWORK | {"colour": {"enum": ["rgb", "y"]}, "cleaner": _ref("Generator")},
    "discriminators": NETWORK
    | LOOKS
    | {
        "augment": _list_of("Augmentation"),
        "scales": {"type": "integer", "minimum": 1},
        "share": {"type": "number", "exclusiveMinimum": 0},
    },
    "degraders": NETWORK
    | {
        "lr": {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "null"}]},
        "steps": {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]},
    },
    "losses": LOSS,
    "degrader_losses": LOSS,
    "objectives": {"weight": WEIGHT},
    "penalties": {"weight": {"type": "number", "minimum": 0}, "every": EVERY},
    "metrics": {"every": {"anyOf": [EVERY, {"type": "null"}]}},
}
"""Keys that rows of a table have beside their own arguments."""


def _choices(table: str) -> dict[str, Any]:
    """One branch for each row of the table, one for a user's own class, and what a stage may say: changes, or null."""
    branches = [_row_schema(name, make, table) for name, make in TABLES[table].items()]
    own = {"type": "object", "properties": {"type": {"type": "string", "pattern": ":"}}, "required": ["type"]}
    changes = {"type": "object", "not": {"required": ["type"]}}
    return {"anyOf": [*branches, own, changes, {"type": "null"}]}


def _row_schema(name: str, make: Callable[..., Any], table: str) -> dict[str, Any]:
    arguments = _arguments(make, table)
    one: dict[str, Any] = {"type": "object"} if arguments is None else arguments.model_json_schema()
    one["properties"] = {"type": {"const": name}} | EXTRA.get(table, {}) | one.get("properties", {})
    one["required"] = ["type", *one.get("required", [])]
    one["description"] = (inspect.getdoc(make) or "").split("\n", 1)[0]
    return one
