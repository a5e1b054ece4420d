"""What a run without pairs says of its images before the first step, and writes into its folder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from gansr.data.files.images import write_image
from gansr.data.sets.training_set import TrainingSet
from gansr.data.unpaired import words
from gansr.data.unpaired.audit import Audit, audit
from gansr.data.unpaired.sides import UnpairedFiles
from gansr.errors import StorageError
from gansr.training.files import replace_text

NAME = "domain_audit"  # .md, and .png beside it


def tell_domains(images: TrainingSet, folder: Path, say: Callable[[str], None]) -> np.ndarray | None:
    """Measure both sides of unpaired images, say in words what was found, and write a table and a picture.

    Returns the picture, for TensorBoard; None for images of other kinds, and where there is nothing to measure.

    Raises:
        DataError: an image cannot be read.
        StorageError: the disk is full.
    """
    if not isinstance(images, UnpairedFiles):
        return None
    found = audit(images.hr.files, images.real_lr.files, images.hr.cutter.scale)
    title = (
        f"domain audit: {len(found.real_lr.looks)} of {found.real_lr.count} real LR photos, "
        f"{len(found.hr.looks)} of {found.hr.count} HR photos brought down by bicubic"
    )
    say(title)
    facts, warnings = words.facts(found), words.warnings(found)
    for line in [*facts, *(f"watch out: {line}" for line in warnings)]:
        say(f"  {line}.")
    picture = found.picture()
    try:
        replace_text(folder / f"{NAME}.md", _page(title, found, facts, warnings))
    except OSError as error:
        raise StorageError(f"{folder / NAME}.md: the domain audit cannot be saved: {error.strerror}.") from None
    if picture is not None:
        write_image(folder / f"{NAME}.png", picture)
    return picture


def _page(title: str, found: Audit, facts: list[str], warnings: list[str]) -> str:
    """Markdown."""
    lines = [f"# {title[0].upper()}{title[1:]}", ""]
    lines += ["| statistic | HR, bicubic LR | real LR |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in words.table(found)]
    lines += ["", *(f"* {fact}." for fact in facts), *(f"* **Watch out:** {line}." for line in warnings)]
    if found.measurable:
        lines += ["", f"![radial power spectra]({NAME}.png)"]
    return "\n".join(lines) + "\n"
