"""Tables for people at a terminal."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from gansr.evaluation.table import Cell, Grid

FRAME = 3  # a column's line and the space at both sides
LONG_NAME = 32  # names that are longer may be folded


def rich_tables(grid: Grid, width: int) -> Iterator[Table]:
    """The best of each column and set is bold; ranges and p are dim; notes stand beneath.

    Numbers are never broken: columns that do not fit in `width` characters stand in further tables below.
    """
    groups = list(_groups(grid, width))
    for place, columns in enumerate(groups):
        title = grid.title if place == 0 else f"{grid.title}, continued"
        notes = Text("\n".join(grid.notes)) if place == len(groups) - 1 else None
        table = Table(title=Text(title), caption=notes, caption_justify="left")
        for number in columns:
            words = number < grid.words
            heading = Text(grid.headings[number])
            table.add_column(heading, justify="left" if words else "right", overflow="fold", no_wrap=not words)
        for block in grid.blocks:
            for row in block:
                table.add_row(*(_text(row[number]) for number in columns))
            table.add_section()
        yield table


def _groups(grid: Grid, width: int) -> Iterator[list[int]]:
    """Numbers of the columns of each table: the head and as many others as fit, one at least."""
    needed = [_width(grid, number) for number in range(len(grid.headings))]
    head = list(range(grid.head))
    fixed = 1 + sum(min(needed[number], LONG_NAME) + FRAME for number in head)
    columns, used = list(head), fixed
    for number in range(grid.head, len(needed)):
        if len(columns) > len(head) and used + needed[number] + FRAME > width:
            yield columns
            columns, used = list(head), fixed
        columns.append(number)
        used += needed[number] + FRAME
    yield columns


def _width(grid: Grid, number: int) -> int:
    cells = [row[number] for block in grid.blocks for row in block]
    return max(
        len(text) for text in (grid.headings[number], *(part for cell in cells for part in (cell.text, cell.small)))
    )


def _text(cell: Cell) -> Text:
    text = Text().append(cell.text, style="bold" if cell.best else None)
    return text.append(f"\n{cell.small}", style="dim") if cell.small else text
