"""What a check found, for a terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gansr.build.checking.outcome import Outcome
from gansr.data.check.findings import KINDS, Finding
from gansr.data.check.whole import Statistics

COLOURS = {"error": "bold red", "warning": "yellow", "note": "cyan"}
COPIES = frozenset({"duplicate", "near_duplicate", "leak"})
SHOWN = 3
ROLES = {"hr": "HR", "lr": "LR", "test": "test"}


def say(outcome: Outcome, console: Console) -> None:
    """Statistics, findings and the verdict."""
    console.print(_statistics(outcome))
    if outcome.findings:
        console.print(_findings(outcome))
    count = sum(outcome.files.values())
    console.print(
        f"{count} files in {outcome.seconds:.1f} s, {outcome.seconds / max(count, 1):.3f} s each.", highlight=False
    )
    console.print(Text(outcome.verdict(), "bold green" if outcome.may_start else "bold red"))


def rows(statistics: Statistics) -> list[tuple[str, str]]:
    """Names and values, as texts."""
    least, median, greatest = (f"{width}x{height}" for height, width in statistics.sides)
    return [
        ("images", f"{statistics.images}"),
        ("smallest", least),
        ("median", median),
        ("largest", greatest),
        ("megapixels", f"{statistics.megapixels:.1f}"),
        ("formats", _counts(statistics.formats)),
        ("kinds of pixels", _counts(statistics.modes)),
        ("channels", ", ".join(f"{count} with {channels}" for channels, count in statistics.channels.items())),
        ("mean of R, G, B", ", ".join(f"{one:.1f}" for one in statistics.means)),
        ("standard deviation", ", ".join(f"{one:.1f}" for one in statistics.deviations)),
        ("files", _megabytes(statistics.file_bytes)),
        ("decoded (raw cache)", _megabytes(statistics.raw_bytes)),
    ]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.2f} GB"


def _statistics(outcome: Outcome) -> Table:
    table = Table("", *(ROLES[role] for role in outcome.statistics), box=None, title_justify="left")
    columns = [rows(one) for one in outcome.statistics.values()]
    for cells in zip(*columns, strict=True):
        table.add_row(cells[0][0], *(Text(value) for _, value in cells))
    return table


def _findings(outcome: Outcome) -> Table:
    table = Table("", "what", "found", "where", "what to do", expand=False)
    for severity, kind, findings in outcome.groups():
        about = KINDS[kind]
        table.add_row(
            Text(severity, COLOURS[severity]),
            Text(about.title),
            Text(str(len(findings)), justify="right"),
            Text("\n".join(examples(findings))),
            Text(about.advice),
        )
    return table


def examples(findings: Sequence[Finding], most: int = SHOWN) -> list[str]:
    """A line for each of the first ones, and how many more there are."""
    lines = [described(one) for one in findings[:most]]
    return [*lines, f"and {len(findings) - most} more"] if len(findings) > most else lines


def described(finding: Finding) -> str:
    """Names of files, and what is said of them."""
    between = " = " if finding.kind in COPIES else " and "
    named = between.join(names(finding.files[:3]))
    more = f" and {len(finding.files) - 3} more" if len(finding.files) > 3 else ""
    return printable(f"{named}{more}: {finding.said}" if finding.said and named else named or finding.said)


def printable(text: str) -> str:
    """Names that are no UTF-8 can neither be printed nor written."""
    return text.encode("utf-8", "replace").decode()


def names(files: Sequence[Path]) -> list[str]:
    """Files within their folders, which are told apart by as much of their paths as it takes: many are called HR."""
    folders = {file.parent for file in files}
    most, above = max((len(file.parts) for file in files), default=0), 2
    while above < most and len({folder.parts[1 - above :] for folder in folders}) < len(folders):
        above += 1
    return ["/".join(file.parts[-above:]).replace("//", "/") for file in files]
