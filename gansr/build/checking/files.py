"""The page and the file for programs that a check writes."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gansr.build.checking.outcome import Outcome
from gansr.build.checking.table import ROLES, described, printable, rows
from gansr.build.report import made_by
from gansr.data.check.findings import KINDS, Finding
from gansr.data.files.images import read_image, to_rgb
from gansr.errors import DataError, OptionsError, StorageError
from gansr.report.check_page import Group, Shown, check_page
from gansr.training.files import replace_text

MOST = 12  # findings of a kind with pictures
SIDE = 200  # pixels of a picture
CLOSE = frozenset({"shift", "kernel", "channels", "colour", "real_pair", "turned"})
"""Pairs of which a detail tells more than the whole."""
DETAILS = frozenset({"enlarged", "low_detail", "compressed", "noisy"})
"""Images that are to be seen whole and in detail."""


def refuse_other_endings(html: Path | None, json_file: Path | None) -> None:
    """Before minutes of looking.

    Raises:
        OptionsError: a page is no .html file, or the other no .json.
    """
    for path, option, endings in ((html, "--html", (".html", ".htm")), (json_file, "--json", (".json",))):
        if path is not None and path.suffix.lower() not in endings:
            raise OptionsError(f"{option} {path}: expected a file that ends in {endings[0]}.")


def as_json(outcome: Outcome) -> dict[str, Any]:
    """All of it, for programs."""
    return {
        "may_start": outcome.may_start,
        "hr": list(outcome.hr),
        "lr": list(outcome.lr),
        "test": list(outcome.test),
        "scale": outcome.scale,
        "crop": outcome.crop,
        "seconds": round(outcome.seconds, 3),
        "files": dict(outcome.files),
        "statistics": {role: dataclasses.asdict(one) for role, one in outcome.statistics.items()},
        "findings": [
            {
                "severity": one.severity,
                "kind": one.kind,
                "files": [str(file) for file in one.files],
                "said": one.said,
                "value": one.value,
                "advice": KINDS[one.kind].advice,
            }
            for one in outcome.findings
        ],
    }


def write_json(path: Path, tree: dict[str, Any]) -> None:
    """Write it whole, or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    try:
        replace_text(path, json.dumps(tree, indent=1) + "\n")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}.") from None


def page(outcome: Outcome) -> str:
    """The HTML."""
    groups = [
        Group(
            severity,
            KINDS[kind].title,
            KINDS[kind].advice,
            len(findings),
            [Shown(described(one), _pictures(one, outcome.scale)) for one in findings[:MOST]],
            [described(one) for one in findings[MOST:]],
        )
        for severity, kind, findings in outcome.groups()
    ]
    facts = {ROLES[role]: rows(one) for role, one in outcome.statistics.items()}
    folders = [
        *(("HR", folder) for folder in outcome.hr),
        *((f"LR, x{outcome.scale}", folder) for folder in outcome.lr),
        *(("test", folder) for folder in outcome.test),
    ]
    said = f"{outcome.verdict()} {sum(outcome.files.values())} files in {outcome.seconds:.1f} s."
    return check_page(said, outcome.may_start, folders, facts, groups, made_by())


def _pictures(finding: Finding, scale: int) -> list[tuple[str, np.ndarray]]:
    """(label, uint8 (H, W, 3)) of what can be shown."""
    images = [(printable(file.name), image) for file in finding.files[:4] if (image := _read(file)) is not None]
    if finding.kind in CLOSE and len(images) == 2:
        (lr_name, lr), (hr_name, hr) = images
        return [(f"LR: {lr_name}", _close(lr, 64)), (f"HR: {hr_name}", _close(hr, 64 * scale))]
    pictures = [(name, _whole(image)) for name, image in images]
    if finding.kind in DETAILS:
        pictures += [("its middle", _close(image, SIDE // 2)) for _, image in images]
    return pictures


def _read(file: Path) -> np.ndarray | None:
    try:
        return to_rgb(read_image(file))
    except DataError:
        return None  # what cannot be read is what was found


def _whole(image: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(image)
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(picture)


def _close(image: np.ndarray, side: int) -> np.ndarray:
    """The middle, `side` pixels of it, as large as the page shows pictures: pixels stay squares where they grow."""
    height, width = image.shape[:2]
    side = min(side, height, width)
    top, left = (height - side) // 2, (width - side) // 2
    part = Image.fromarray(np.ascontiguousarray(image[top : top + side, left : left + side]))
    how = Image.Resampling.NEAREST if side < SIDE else Image.Resampling.BICUBIC
    return np.asarray(part.resize((SIDE, SIDE), how))
