"""pydantic's findings in the words of someone who wrote a YAML file."""

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from gansr.errors import choices_hint

WANTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "a text (put it in quotes)",
    "path_type": "a path",
    "tuple_type": "a list, such as [1, 2]",
    "list_type": "a list, such as [1, 2]",
    "dict_type": "a mapping, such as {key: value}",
    "model_type": "a mapping, such as {key: value}",
    "model_attributes_type": "a mapping, such as {key: value}",
    "none_required": "nothing",
}

WORDS = {"str", "int", "float", "bool", "path", "none"}
"""Plain types, as pydantic names branches after them."""


def explain(error: ValidationError, model: type[BaseModel], where: str, others: Sequence[str] = ()) -> str:
    """One paragraph: every finding with its key, what was found and what was expected.

    `others` are keys that may stand beside those of `model`.
    """
    found: dict[str, list[str]] = {}
    for detail in error.errors():
        path = [part for part in detail["loc"] if not _is_branch(part)]
        found.setdefault(".".join(map(str, path)), []).append(_finding(detail, model, path, others))
    sentences = [f"{key}: {' or '.join(dict.fromkeys(texts))}" if key else texts[0] for key, texts in found.items()]
    return f"{where}: " + "; ".join(sentences) + ("" if sentences[-1].endswith(".") else ".")


def _finding(detail: Any, model: type[BaseModel], path: Sequence[int | str], others: Sequence[str]) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        choices = [*_keys(model, path[:-1]), *(others if len(path) == 1 else ())]
        return f"there is no such key. {choices_hint(str(path[-1]), choices)}".rstrip(".")
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if wanted := _wanted(kind, detail.get("ctx", {})):
        return f"expected {wanted}, found {detail['input']!r}"
    return f"{detail['msg'][0].lower()}{detail['msg'][1:]}, found {detail['input']!r}"


def _wanted(kind: str, context: Mapping[str, Any]) -> str | None:
    match kind:
        case "literal_error":
            return context["expected"]
        case "too_long":
            return f"at most {context['max_length']} of them"
        case "too_short":
            return f"at least {context['min_length']} of them"
    return WANTED.get(kind)


def _keys(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    """The keys that the mapping at `path` may hold."""
    here: list[Any] = [model]
    for part in path:
        here = [inner for one in here for inner in _within(one, part)]
    fields = next((one.model_fields for one in here if _has_keys(one)), {})
    return [field.alias or name for name, field in fields.items()]


def _within(annotation: Any, part: int | str) -> list[Any]:
    """What may stand at a key, or at a number, of what has this type."""
    if _has_keys(annotation):
        return _branches(annotation.model_fields[str(part)].annotation) if part in annotation.model_fields else []
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (list, tuple):
        return _branches(inner[0]) if isinstance(part, int) else []
    return _branches(inner[1]) if origin is dict else []


def _branches(annotation: Any) -> list[Any]:
    """The types of a union, and those that `Annotated` says more about."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _branches(inner[0])
    if origin in (Union, types.UnionType):
        return [one for branch in inner for one in _branches(branch)]
    return [annotation]


def _has_keys(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _is_branch(part: int | str) -> bool:
    """pydantic names the branch of a union it tried (`function-...`, `tuple[...]`); a YAML key it is not."""
    return isinstance(part, str) and ("[" in part or "-" in part or part.endswith(("Options", "Row")) or part in WORDS)
