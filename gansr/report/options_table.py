"""Options of several parts side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from gansr.report.markup import Content, Markup, folded, joined, table, tag
from gansr.report.reading.runs import Part

NAMES = ("name", "stage", "output")  # differ between any two runs
ABSENT = "—"


def options_table(parts: Sequence[Part]) -> Markup:
    """What differs, and, folded up, everything."""
    told = [part for part in parts if part.options is not None]
    if not told:
        return tag("p", "No options.yml was found.", class_="quiet")
    columns = [flat(part.options or {}) for part in told]
    keys = list(dict.fromkeys(key for column in columns for key in column))
    differing = [key for key in keys if key not in NAMES and len({column.get(key, ABSENT) for column in columns}) > 1]
    head = ["option", *(part.label for part in told)]
    found: list[Content] = []
    if len(told) > 1 and differing:
        found += [tag("h3", "What differs"), _rows(head, differing, columns)]
    elif len(told) > 1:
        found.append(tag("p", "All have the same options.", class_="quiet"))
    found.append(folded(f"All {len(keys)} options", _rows(head, keys, columns)))
    return joined(found)


def flat(tree: Mapping[str, Any], path: str = "") -> dict[str, str]:
    """`{"train": {"steps": 3}}` -> `{"train.steps": "3"}`; texts as YAML shows them."""
    found: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{path}{key}.")
        else:
            found[f"{path}{key}"] = _text(value)
    return found


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_text(one)}' for key, one in value.items())}}}"
    return str(value)


def _rows(head: Sequence[str], keys: Sequence[str], columns: Sequence[Mapping[str, str]]) -> Markup:
    return table(
        head, ([tag("code", key), *(column.get(key, ABSENT) for column in columns)] for key in keys), "options"
    )
