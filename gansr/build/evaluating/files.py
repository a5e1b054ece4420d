"""Where `gansr evaluate` writes what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gansr.errors import OptionsError
from gansr.evaluation.compared import Contrast, Entry, statistics_of
from gansr.evaluation.formats.latex import latex
from gansr.evaluation.formats.markdown import markdown
from gansr.evaluation.formats.rows import csv_text
from gansr.evaluation.scores import write_json, write_text
from gansr.evaluation.table import Grid


@dataclass(frozen=True)
class Files:
    """A file for each format, or None."""

    json: Path | None = None
    csv: Path | None = None
    latex: Path | None = None
    markdown: Path | None = None

    def __post_init__(self) -> None:
        asked = {name: path for name, path in vars(self).items() if path is not None}
        for name, path in asked.items():
            if path.is_dir():
                raise OptionsError(f"--{name}: {path} is a folder; expected a file.")
            if list(asked.values()).count(path) > 1:
                raise OptionsError(f"--{name}: {path} is given for several formats; expected a file for each.")


@dataclass(frozen=True)
class Found:
    """All that was found out."""

    entries: Sequence[Entry]
    contrasts: Sequence[Contrast]
    grids: Sequence[Grid]
    how: Mapping[str, Mapping[str, Any]]  # entry -> what else its part of the JSON says of how it was made
    command: str
    seed: int

    def document(self) -> dict[str, Any]:
        """Every number, by weights."""
        return {
            entry.name: {
                "scale": entry.scale,
                **entry.scores.json(),
                **statistics_of(entry, self.contrasts, self.seed),
                **self.how[entry.name],
                "command": self.command,
            }
            for entry in self.entries
        }


def write(found: Found, files: Files) -> None:
    """Write each file that was asked for.

    Raises:
        StorageError: one could not be written; those before it are.
    """
    if files.json is not None:
        write_json(found.document(), files.json)
    if files.csv is not None:
        write_text(csv_text(found.entries, found.seed), files.csv)
    if files.latex is not None:
        write_text(latex(found.grids, found.command), files.latex)
    if files.markdown is not None:
        write_text(markdown(found.grids, found.command), files.markdown)
