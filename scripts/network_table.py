"""Measures every generator and writes the tables of docs/networks.md.

usage: python scripts/network_table.py [NAME ...] [--keep-times]

With names only these rows are measured anew. Times are those of the processor it runs on, with one thread;
--keep-times leaves them as the page has them.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))

from networks import measures
from networks.catalogue import CATALOGUE, Entry

PAGE = Path(__file__).parent.parent / "docs" / "networks.md"
HEADER = (
    "| network | `type` | parameters (published) | multiply-adds | sees, LR px | s/megapixel | least side |\n"
    "|---|---|---|---|---|---|---|\n"
)
PACE = 5  # the column of times


def row(entry: Entry, pace: str | None = None) -> str:
    """One line of a table; the time as the page has it, or None to measure."""
    first, channels = entry.scales[0], entry.channels
    work = [f"x{scale} {amount(measures.multiply_adds(entry.maker(scale), scale, channels))}" for scale in entry.scales]
    reach = measures.receptive_field(entry.maker(first, narrow=True), first, channels)
    cells = [
        entry.title,
        f"`{entry.type}`",
        parameters(entry),
        ", ".join(work),
        "all" if reach is None else str(reach),
        pace or significant(measures.seconds_per_megapixel(entry.maker(first), first, channels), 2),
        str(measures.least_side(entry.maker(first, narrow=True), channels)),
    ]
    return f"| {' | '.join(cells)} |\n"


def parameters(entry: Entry) -> str:
    """Ours at each scale, and the published number beside it."""
    found = {scale: f"{measures.parameters(entry.maker(scale)):,}" for scale in entry.scales}
    counts = {
        scale: f"{count} ({entry.count(scale)})" if entry.count(scale) else count for scale, count in found.items()
    }
    return ", ".join(f"x{scale} {count}" for scale, count in counts.items())


def significant(number: float, digits: int) -> str:
    """A number at so many significant digits, without an exponent: 1.4, 20, 640."""
    return f"{float(f'{number:.{digits}g}'):.10g}"


def amount(number: float) -> str:
    """Multiply-adds in G, T or P."""
    size, unit = next((size, unit) for size, unit in ((1e15, "P"), (1e12, "T"), (0, "G")) if number >= size)
    return f"{significant(number / (size or 1e9), 3)} {unit}"


def tables(old: str, names: set[str], keep_times: bool) -> Iterator[str]:
    """A table for each family; rows that are not asked for stay as they are."""
    for family, entries in CATALOGUE.items():
        yield f"\n### {family}\n\n{HEADER}"
        for entry in entries:
            before = re.search(rf"^\| {re.escape(entry.title)} \|.*\n", old, re.MULTILINE)
            if before and names and not names & {entry.type, entry.title}:
                yield before[0]
            else:
                print(entry.title, file=sys.stderr, flush=True)
                yield row(entry, before[0].split(" | ")[PACE] if before and keep_times else None)


def main() -> None:
    """Rewrite the page between its two marks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--keep-times", action="store_true")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    page = PAGE.read_text("utf-8")
    head, begin, rest = page.partition("<!-- tables -->\n")
    old, end, tail = rest.partition("\n<!-- end of tables -->")
    new = "".join(tables(old, set(asked.names), asked.keep_times))
    PAGE.write_text(head + begin + new + end + tail, "utf-8")


if __name__ == "__main__":
    main()
