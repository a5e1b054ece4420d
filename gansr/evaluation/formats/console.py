"""Tables for people at a terminal."""

from rich.table import Table
from rich.text import Text

from gansr.evaluation.table import Cell, Grid


def rich_table(grid: Grid) -> Table:
    """The best of each column and set is bold; ranges and p are dim; protocols stand beneath."""
    table = Table(title=Text(grid.title), caption=Text("\n".join(grid.notes)), caption_justify="left")
    for number, heading in enumerate(grid.headings):
        table.add_column(Text(heading), justify="left" if number < grid.words else "right", overflow="fold")
    for block in grid.blocks:
        for row in block:
            table.add_row(*map(_text, row))
        table.add_section()
    return table


def _text(cell: Cell) -> Text:
    text = Text().append(cell.text, style="bold" if cell.best else None)
    return text.append(f"\n{cell.small}", style="dim") if cell.small else text
