"""Tables as GitHub's Markdown has them."""

import re
from collections.abc import Iterable, Sequence

from gansr.evaluation.table import Cell, Grid


def markdown(grids: Sequence[Grid], command: str) -> str:
    """The command that made them, then each table under its title, its notes as a list."""
    return "\n".join([*_code(command), *(line for grid in grids for line in ("", *_table(grid)))]) + "\n"


def _code(command: str) -> list[str]:
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", command)), default=0))
    return [f"{fence}bash", command, fence]


def _table(grid: Grid) -> list[str]:
    return [
        f"**{escaped(grid.title)}**",
        "",
        _line(map(escaped, grid.headings)),
        _line("---" if number < grid.words else "---:" for number in range(len(grid.headings))),
        *(_line(map(_cell, row)) for block in grid.blocks for row in block),
        "",
        *(f"- {escaped(note)}" for note in grid.notes),
    ]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    text = f"**{escaped(cell.text)}**" if cell.best else escaped(cell.text)
    return f"{text} ({escaped(cell.small)})" if cell.small else text


def escaped(text: str) -> str:
    """Text that shows as it is, also in a cell: whatever Markdown or HTML could take for its own is escaped."""
    return re.sub(r"([\\`*_\[\]<|~&$#])", r"\\\1", " ".join(text.split()))
