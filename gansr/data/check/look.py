"""One image: read once, and everything about it found out."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from gansr.data.calibration.compression import quality_of_file
from gansr.data.check.copies.fingerprint import Fingerprint, fingerprint
from gansr.data.check.files.decoding import decode
from gansr.data.check.files.opening import Header, header
from gansr.data.check.findings import Finding
from gansr.data.check.pixels.exposure import colourless, exposure
from gansr.data.check.pixels.quality import quality
from gansr.data.files.images import to_rgb

Role = Literal["hr", "lr", "test"]


@dataclass(frozen=True)
class Facts:
    """What statistics and comparisons need of an image.

    Args:
        file: where it is
        header: what the file says
        size: height and width, upright
        channels: 1 or 3
        grey: whether it shows no colours, whatever its channels
        means: of R, G and B, (3,), levels
        squares: means of their squares, (3,)
        print: what it is recognised by
    """

    file: Path
    header: Header
    size: tuple[int, int]
    channels: int
    grey: bool
    means: np.ndarray
    squares: np.ndarray
    print: Fingerprint


@dataclass(frozen=True)
class Look:
    """An image, looked at.

    Args:
        file: where it is
        facts: None if it could not be decoded
        findings: about it alone
    """

    file: Path
    facts: Facts | None
    findings: tuple[Finding, ...]


def look_at(file: Path, role: Role, crop: int) -> tuple[Look, np.ndarray | None]:
    """Everything about a file, and its pixels, uint8 (H, W, C), if it has any.

    Args:
        file: an image, or what should be one
        role: of LR nobody asks whether it is sharp; of test images nobody asks whether they are good
        crop: side of the crops that are cut from HR, pixels
    """
    found, findings = header(file)
    if found is None:
        return Look(file, None, tuple(findings)), None
    image, more = decode(file, found)
    findings += more
    if image is None:
        return Look(file, None, tuple(findings)), None
    if role != "test":
        findings += [replace(one, files=(file,)) for one in _pixels(image, file, role, crop)]
    grey = image.shape[2] == 1 or colourless(image)
    channels = (0, 1, 2) if image.shape[2] == 3 else (0, 0, 0)
    thin = [image[::2, ::2, one].astype(np.float32) for one in channels]  # a quarter of the pixels tells
    facts = Facts(
        file,
        found,
        (image.shape[0], image.shape[1]),
        image.shape[2],
        grey,
        np.array([one.mean(dtype=np.float64) for one in thin]),
        np.array([(one**2).mean(dtype=np.float64) for one in thin]),
        fingerprint(image),
    )
    return Look(file, facts, tuple(findings)), image


def _pixels(image: np.ndarray, file: Path, role: Role, crop: int) -> list[Finding]:
    found = []
    if role == "hr" and min(image.shape[:2]) < crop:
        found.append(Finding("too_small", (), f"{image.shape[1]}x{image.shape[0]}, and the crop is {crop}x{crop}"))
    seen = exposure(image)
    blank = [one for one in seen if one.kind == "blank"]
    if role == "lr":  # it is what its HR makes it
        seen = blank
    elif not blank:
        seen += quality(to_rgb(image), quality_of_file(file))
    return found + seen
