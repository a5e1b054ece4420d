"""A component and its arguments: `{type: rrdbnet, blocks: 23}` in YAML.

The constructor's signature is the schema: a misspelt argument, a wrong type or a missing value is
refused before anything is built, and a newcomer to a table writes no schema.
"""

import importlib
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from gansr.errors import OptionsError, UserError, choices_hint
from gansr.options.explain import explain

Table = Mapping[str, Callable[..., Any]]


class Strict(BaseModel):
    """Unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Component(BaseModel):
    """A row of a table, by name, and the arguments for its constructor."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)
    type: str

    @property
    def arguments(self) -> dict[str, Any]:
        """What the options say beyond the fields that every component of this kind has."""
        return dict(self.model_extra or {})


def check(component: Component, table: Table, where: str, **context: Any) -> dict[str, Any]:
    """The component's complete arguments, typed, defaults filled in; `context` is known without the options.

    Raises:
        OptionsError: no such type, an unknown or missing argument, or a value of the wrong type.
    """
    make = lookup(table, component.type, where)
    schema = arguments_of(make, given=context)
    try:
        checked = schema.model_validate_json(json.dumps(component.arguments), strict=True)
    except ValidationError as error:
        kept = [name for name in type(component).model_fields if name != "type"]
        raise OptionsError(explain(error, schema, f"{where} (type {component.type})", kept)) from None
    return {name: getattr(checked, name) for name in schema.model_fields}


def build(component: Component, table: Table, where: str, **context: Any) -> Any:
    """Construct `component` from `table`; the constructor gets those parts of `context` that it asks for."""
    arguments = check(component, table, where, **context)
    make = lookup(table, component.type, where)
    asked = inspect.signature(make).parameters
    try:
        return make(**arguments, **{name: value for name, value in context.items() if name in asked})
    except UserError as error:
        said = type(error)(str(error).removeprefix(f"{component.type}: "))  # `where` names it
        raise said.at(f"{where} (type {component.type})") from None


def lookup(table: Table, name: str, where: str) -> Callable[..., Any]:
    """The row called `name`, or a user's own class as `package.module:Class`."""
    if name in table:
        return table[name]
    if ":" not in name:
        hint = choices_hint(name, table)
        raise OptionsError(f"{where}: there is no type '{name}'. {hint} Your own: package.module:Class.")
    module, _, attribute = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise OptionsError(f"{where}: type '{name}' cannot be imported: {error}.") from None
    if not callable(found):
        raise OptionsError(f"{where}: type '{name}' is neither a class nor a function.")
    return found


def arguments_of(make: Callable[..., Any], given: Mapping[str, Any] | frozenset[str]) -> type[BaseModel]:
    """A pydantic model of the constructor's signature, without the arguments in `given`."""
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(make).parameters.items()
        if name not in given and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }
    fields: dict[str, Any] = {
        name: (
            Any if parameter.annotation is parameter.empty else parameter.annotation,
            ... if parameter.default is parameter.empty else parameter.default,
        )
        for name, parameter in parameters.items()
    }
    config = ConfigDict(extra="forbid", protected_namespaces=(), allow_inf_nan=False)
    return create_model(make.__name__, __config__=config, **fields)
