"""Tables for papers: LaTeX with booktabs, and nothing else."""

import re
from collections.abc import Sequence

from gansr.evaluation.table import Cell, Grid

SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "[": "{[}",  # after \\ it would begin an argument
    "]": "{]}",
    "*": "{*}",  # and this would be part of \\
    "--": "-{}-",  # else a dash
    "`": r"\textasciigrave{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "×": r"$\times$",
    "–": "--",
} | {sign: f"\\{sign}" for sign in "&%$#_{}"}
ANY = re.compile("|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True)))


def latex(grids: Sequence[Grid], command: str) -> str:
    r"""One `table` for each grid, to be put in by \input; the command that made them is a comment above.

    Letters beyond ASCII in names are left: pdfLaTeX knows those of Latin scripts, XeLaTeX and LuaLaTeX all.
    """
    head = [r"% In the preamble: \usepackage{booktabs}", f"% {' '.join(command.split())}"]
    return "\n".join([*head, *(line for grid in grids for line in _table(grid))]) + "\n"


def _table(grid: Grid) -> list[str]:
    numbers = len(grid.headings) - grid.words
    rows: list[str] = []
    for block in grid.blocks:
        rows += [r"\midrule", *(_line([_cell(cell) for cell in row]) for row in block)]
    caption = " ".join(f"{escaped(note.rstrip('.'))}." for note in (grid.title, *grid.notes))
    return [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{caption}}}",
        rf"\begin{{tabular}}{{{'l' * grid.words}{'r' * numbers}}}",
        r"\toprule",
        _line([escaped(heading) for heading in grid.headings]),
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]


def _line(cells: list[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _cell(cell: Cell) -> str:
    text = rf"\textbf{{{escaped(cell.text)}}}" if cell.best else escaped(cell.text)
    return rf"{text} {{\scriptsize {escaped(cell.small)}}}" if cell.small else text


def escaped(text: str) -> str:
    """Text that shows as it is: no sign in it is LaTeX's."""
    return ANY.sub(lambda found: SIGNS[found[0]], " ".join(text.split()))
