"""domain_audit.md, what a run without pairs said of its images, as HTML."""

import re
from pathlib import Path

from gansr.data.files.images import read_image
from gansr.report.markup import Content, Markup, joined, notes, table, tag
from gansr.report.pictures.encode import data_uri

NAME = "domain_audit"


def audit_of(folder: Path) -> Markup | None:
    """Its sentences, its table and its picture; None where there was no audit.

    Raises:
        DataError: the picture cannot be read.
    """
    page, picture = folder / f"{NAME}.md", folder / f"{NAME}.png"
    if not page.exists():
        return None
    lines = page.read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    title = next((line.removeprefix("# ") for line in lines if line.startswith("# ")), NAME)
    found: list[Content] = [tag("h4", title)]
    found.append(notes(_bold(line.removeprefix("* ")) for line in lines if line.startswith("* ")))
    if len(rows) > 2:
        found.append(table(rows[0], rows[2:]))
    if picture.exists():
        found.append(
            tag("img", src=data_uri(read_image(picture)), alt="radial power spectra of both sides", class_="audit")
        )
    return joined(found)


def _bold(text: str) -> Markup:
    """`**so**` in bold, the rest as it is."""
    pieces = re.split(r"\*\*(.+?)\*\*", text)
    return joined(tag("strong", piece) if number % 2 else piece for number, piece in enumerate(pieces))
