"""`gansr list` and `gansr schema`: what an editor, a program and a person are told about the tables."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gansr.build.examining.listing import COMPONENTS, rows, schema
from gansr.build.making.parts import TABLES
from gansr.errors import OptionsError

OPTIONS = sorted((Path(__file__).parents[3] / "options").glob("*.yml"))
TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
    "integer": int, "number": (int, float),
}  # fmt: skip


def errors(value: Any, rule: Any, whole: Any, where: str = "") -> list[str]:
    """What a JSON schema validator would say of `value`: as much of the standard as our schema uses."""
    if isinstance(rule, bool):
        return [] if rule else [f"{where}: unknown"]
    if "$ref" in rule:
        return errors(value, whole["$defs"][rule["$ref"].removeprefix("#/$defs/")], whole, where)
    fits = {
        "type": lambda names: is_type(value, names),
        "anyOf": lambda branches: any(not errors(value, branch, whole, where) for branch in branches),
        "not": lambda other: bool(errors(value, other, whole, where)),
        "enum": lambda choices: value in choices,
        "const": lambda choice: value == choice,
        "pattern": lambda pattern: not isinstance(value, str) or re.search(pattern, value),
        "minimum": lambda least: not is_type(value, "number") or value >= least,
        "exclusiveMinimum": lambda bound: not is_type(value, "number") or value > bound,
        "required": lambda keys: not isinstance(value, dict) or set(keys) <= value.keys(),
    }
    found = [f"{where}: {value!r} does not fit {key}" for key in rule if key in fits and not fits[key](rule[key])]
    for index, item in enumerate(value if isinstance(value, list) else ()):
        found += errors(item, rule.get("items", {}), whole, f"{where}[{index}]")
    for key, item in value.items() if isinstance(value, dict) else ():
        inner = rule.get("properties", {}).get(key, rule.get("additionalProperties", True))
        found += errors(item, inner, whole, f"{where}.{key}")
    return found


def is_type(value: Any, names: str | list[str]) -> bool:
    return any(
        isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
        for name in ([names] if isinstance(names, str) else names)
    )


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping in the schema."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(inner)


def test_references_lead_somewhere_and_every_definition_is_used() -> None:
    whole = schema()
    named = {node["$ref"] for node in nodes(whole) if isinstance(node.get("$ref"), str)}
    assert named == {f"#/$defs/{name}" for name in whole["$defs"]}


def test_schema_is_json() -> None:
    assert json.loads(json.dumps(schema())) == schema()


@pytest.mark.parametrize("definition", COMPONENTS)
def test_every_component_is_in_it_with_its_own_arguments(definition: str) -> None:
    branches = {
        branch["properties"]["type"]["const"]: branch
        for branch in schema()["$defs"][definition]["anyOf"]
        if "const" in branch.get("properties", {}).get("type", {})
    }
    assert branches.keys() == TABLES[COMPONENTS[definition]].keys()
    for row in rows(COMPONENTS[definition]):
        branch = branches[row["name"]]
        assert row["arguments"].keys() <= branch["properties"].keys()
        assert branch["additionalProperties"] is False and branch["description"] == row["description"] != ""


@pytest.mark.parametrize("path", OPTIONS, ids=lambda path: path.stem)
def test_our_own_options_fit_the_schema(path: Path) -> None:
    from gansr.options.reader import read

    assert errors(read(path), schema(), schema()) == []


def test_a_small_run_fits_the_schema(tree: Callable[..., Any]) -> None:
    whole = schema()
    for recipe in ("paired", "paired_gan", "learned_kernel_noise"):
        assert errors(tree(recipe), whole, whole) == []
    gan = {"name": "gan", "generator": {"blocks": 2}, "losses": {"pixel": None}, "discriminator": None}
    assert errors(tree() | {"stages": [gan]}, whole, whole) == []
    watched = {"log__trackers": ["wandb", {"type": "mlflow", "experiment": "x"}, "mine.notes:Tracker"]}
    watched |= {"checkpoints__best": {"judge/psnr": 1.0}, "validation__metrics__psnr__every": 100, "train__patience": 9}
    assert errors(tree(**watched), whole, whole) == []
    assert errors(tree(generator={"type": "mine.net:Net", "anything": 1}), whole, whole) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"generatr": {}},
        {"generator__blcks": 1},
        {"generator__type": "msresnet"},
        {"losses__pixel__delta": 0.1},
        {"losses__pixel__weight": -1},
        {"losses__adversarial": {"type": "l1"}},
        {"train__stps": 1},
        {"train__steps": "1"},
        {"train__schedule": {"type": "cosine", "at": [1]}},
        {"data__validation__judge__lq": "x"},
        {"validation__metrics__psnr__color": "y"},
        {"validation__metrics__psnr__every": 0},
        {"checkpoints__best": ["judge/psnr"]},
        {"log__trackers": ["wandbb"]},
        {"log__trackers": [{"type": "wandb", "projekt": "x"}]},
        {"recipe": "pared"},
        {"stages": [{"train": {"stps": 1}}]},
        {"stage": "1_psnr"},
    ],
    ids=str,
)
def test_mistakes_do_not_fit_the_schema(tree: Callable[..., Any], changes: dict[str, Any]) -> None:
    assert errors(tree(**changes), schema(), schema())


@pytest.mark.parametrize("table", TABLES)
def test_rows(table: str) -> None:
    found = rows(table)
    assert [row["name"] for row in found] == list(TABLES[table])
    assert all(row["description"] for row in found)
    if table == "recipes":
        assert not any("arguments" in row for row in found)


def test_arguments_have_their_defaults_and_what_is_given_is_left_out() -> None:
    (rrdbnet,) = (row for row in rows("generators") if row["name"] == "rrdbnet")
    assert rrdbnet["arguments"] | {"features": 64, "blocks": 23, "growth": 32} == rrdbnet["arguments"]
    assert "scale" not in rrdbnet["arguments"]
    (halving,) = (row for row in rows("schedules") if row["name"] == "halving")
    assert halving["arguments"] == {"at": "(required)", "factor": 0.5}


def test_unknown_table() -> None:
    with pytest.raises(OptionsError, match=r"no table 'loses'\. Did you mean 'losses'"):
        rows("loses")


def test_on_the_command_line(gansr: Callable[..., Any]) -> None:
    assert [row["name"] for row in json.loads(gansr("list", "losses", "--json").out)] == list(TABLES["losses"])
    assert json.loads(gansr("list", "all", "--json").out).keys() == TABLES.keys()
    assert json.loads(gansr("schema").out) == schema()
    shown = gansr("list", "all").out
    assert all(name in shown for table in TABLES.values() for name in table)


@pytest.mark.parametrize("path", OPTIONS, ids=lambda path: path.stem)
def test_our_own_options_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 40
    assert isinstance(yaml.safe_load(path.read_text()), dict)
