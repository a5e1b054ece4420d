"""What `gansr check` and `gansr list` show to a person."""

from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from gansr.build.examining.check import Examination


def examination_table(found: Examination) -> RenderableType:
    """Parameters, losses and memory of one stage."""
    networks = Table("network", "parameters", title=found.title, title_justify="left", box=box.SIMPLE_HEAD)
    networks.columns[1].justify = "right"
    for name, count in found.parameters.items():
        networks.add_row(name, f"{count:,}")
    losses = Table("loss", "type", "weight", "compared with", box=box.SIMPLE_HEAD)
    for row in found.losses:
        losses.add_row(*row)
    memory = Text(
        f"Memory of one process, estimated: {found.memory / 1024:.2f} GB = {found.weights / 1024:.2f} networks and "
        f"optimizers + {found.frozen / 1024:.2f} frozen feature networks + {found.activations / 1024:.2f} activations"
    )
    return Group(
        networks, losses, memory, *(Text(f"Needed before training: {line}", "yellow") for line in found.missing), ""
    )


def listing_table(name: str, rows: list[dict[str, Any]]) -> Table:
    """One table of components."""
    table = Table("type", "what", title=name, title_justify="left", box=box.SIMPLE_HEAD, show_lines=False)
    for row in rows:
        arguments = ", ".join(f"{key}={value}" for key, value in row.get("arguments", {}).items())
        table.add_row(row["name"], escape(f"{row['description']}\n{arguments}".rstrip()))
    return table
