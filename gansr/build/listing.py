"""`gansr list` and `gansr schema`: the tables, and the options file as a JSON schema."""

import inspect
from collections.abc import Callable
from typing import Any

from gansr.build.parts import TABLES
from gansr.errors import OptionsError, choices_hint
from gansr.options.component import arguments_of
from gansr.options.schema import RECIPE_OPTIONS

# What a constructor is given by the builder, never by the options.
GIVEN = {
    "generators": {"scale"},
    "metrics": {"scale"},
    "optimizers": {"lr"},
    "schedules": {"steps"},
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
        if table != "recipes":
            row["arguments"] = _defaults(make, table)
        found.append(row)
    return found


def _defaults(make: Callable[..., Any], table: str) -> dict[str, Any]:
    fields = arguments_of(make, frozenset(GIVEN.get(table, ()))).model_fields
    return {
        name: "(required)" if one.is_required() else one.get_default(call_default_factory=True)
        for name, one in fields.items()
    }


def schema() -> dict[str, Any]:
    """The JSON schema of an options file, the arguments of networks, losses and metrics included."""
    definitions: dict[str, Any] = {}
    recipes = [_recipe_schema(name, model, definitions) for name, model in RECIPE_OPTIONS.items()]
    whole: dict[str, Any] = {"$ref": "#/$defs/Run"}
    definitions["Run"] = {"anyOf": recipes}
    # Within `stages:` anything may be missing, since the rest of the file fills it in.
    definitions["Stages"] = {
        "type": "array",
        "items": {"type": "object"},
        "description": "overrides, in turn",
    }
    for recipe in recipes:
        recipe["properties"]["stages"] = {"$ref": "#/$defs/Stages"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gansr options",
        **whole,
        "$defs": definitions,
    }


def _recipe_schema(name: str, model: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    plain = model.model_json_schema()
    definitions |= {key: value for key, value in plain.pop("$defs").items() if key not in definitions}
    definitions |= {key: _choices(table) for key, table in COMPONENTS.items()}
    properties = plain["properties"]
    properties["generator"] = {"$ref": "#/$defs/Generator"}
    if "discriminator" in properties:
        properties["discriminator"] = {"$ref": "#/$defs/Discriminator"}
    properties["losses"] = {
        "type": "object",
        "properties": {"adversarial": {"$ref": "#/$defs/Objective"}},
        "additionalProperties": {"$ref": "#/$defs/Loss"},
    }
    definitions["TrainOptions"]["properties"] |= {
        "optimizer": {"$ref": "#/$defs/Optimizer"},
        "schedule": {"$ref": "#/$defs/Schedule"},
    }
    metrics = {"type": "object", "additionalProperties": {"$ref": "#/$defs/Metric"}}
    definitions["ValidationOptions"]["properties"]["metrics"] = metrics
    return plain


COMPONENTS = {
    "Generator": "generators",
    "Discriminator": "discriminators",
    "Loss": "losses",
    "Objective": "objectives",
    "Metric": "metrics",
    "Optimizer": "optimizers",
    "Schedule": "schedules",
}
EXTRA: dict[str, dict[str, Any]] = {
    "generators": {"weights": {"type": ["string", "null"]}, "strict": {"type": "boolean"}},
    "losses": {"weight": {"type": "number", "minimum": 0}},
}
EXTRA |= {"discriminators": EXTRA["generators"], "objectives": EXTRA["losses"]}


def _choices(table: str) -> dict[str, Any]:
    """One branch for each row of the table, and one for a user's own class."""
    branches = [_row_schema(name, make, table) for name, make in TABLES[table].items()]
    own = {"type": "object", "properties": {"type": {"type": "string", "pattern": ":"}}, "required": ["type"]}
    return {"anyOf": [*branches, own]}


def _row_schema(name: str, make: Callable[..., Any], table: str) -> dict[str, Any]:
    one = arguments_of(make, frozenset(GIVEN.get(table, ()))).model_json_schema()
    one["properties"] = {"type": {"const": name}} | EXTRA.get(table, {}) | one.get("properties", {})
    one["required"] = ["type", *one.get("required", [])]
    one["description"] = (inspect.getdoc(make) or "").split("\n", 1)[0]
    return one
