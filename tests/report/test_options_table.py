from pathlib import Path
from typing import Any

from gansr.report.options_table import flat, options_table
from gansr.report.reading.log import Log
from gansr.report.reading.runs import Part


def part(label: str, options: dict[str, Any] | None) -> Part:
    return Part(label, label, Path(label), Log(), options, 0, 0)


def test_sections_become_dotted_keys() -> None:
    tree = {"train": {"steps": 3, "clip": None, "rates": {}}, "hr": ["a", "b"], "flips": True, "rows": [{"type": "l1"}]}
    assert flat(tree) == {
        "train.steps": "3",
        "train.clip": "null",
        "train.rates": "{}",
        "hr": "[a, b]",
        "flips": "true",
        "rows": "[{type: l1}]",
    }


def test_only_what_differs_is_shown_at_first() -> None:
    one, other = {"name": "a", "lr": 1, "seed": 0}, {"name": "b", "lr": 2, "seed": 0, "clip": 1}
    first, _, whole = options_table([part("A", one), part("B", other)]).html.partition("<details>")
    assert "<code>lr</code></th><td>1</td><td>2</td>" in first
    assert "<code>clip</code></th><td>—</td><td>1</td>" in first
    assert "<code>seed</code>" not in first and "<code>name</code>" not in first
    assert "<code>seed</code></th><td>0</td><td>0</td>" in whole and "All 4 options" in whole


def test_equal_and_missing_options_are_said() -> None:
    assert "All have the same options" in options_table([part("A", {"lr": 1}), part("B", {"lr": 1})]).html
    assert "No options.yml was found" in options_table([part("A", None)]).html
