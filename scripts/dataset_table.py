"""Writes the table of docs/datasets.md from the catalogue.

usage: python scripts/dataset_table.py
"""

from pathlib import Path

from gansr.build.preparing.table import markdown

PAGE = Path(__file__).parent.parent / "docs" / "datasets.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->"


def page(old: str) -> str:
    """The page with today's table between its two marks."""
    head, begin, rest = old.partition(BEGIN)
    _, end, tail = rest.partition(END)
    assert begin and end, f"{PAGE} has no marks"
    return head + begin + markdown() + end + tail


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
