"""What is said of a run's images before the first step: how many, from where, and what is done to the odd ones."""

from collections.abc import Sequence
from pathlib import Path

from gansr.data.files.reading.kinds import TREATMENTS, kinds_of
from gansr.data.files.roots import Found, files_of, named_twice
from gansr.errors import DataError


def say_images(found: Sequence[Found], where: str) -> list[str]:
    """Lines about the images of an option's roots: the first names the option, further ones are indented.

    Only headers are read. Raises DataError for a file that is damaged.
    """
    lines = [said_of_files(files_of(found), where)]
    if len(found) > 1 or any(one.left_out for one in found):
        lines += [f"  {_said_of_root(one, found)}" for one in found]
    for one in found:
        lines += [f"  watch out: no image of {one.root} fits the pattern '{pattern}'" for pattern in one.idle]
    if twice := named_twice(found):
        lines.append(
            f"  watch out: {len(twice)} images are found twice, and come twice as often: {twice[0]}{_dots(twice)}"
        )
    return lines


def said_of_files(files: Sequence[Path], where: str) -> str:
    """How many images and pixels these are, and what is done to the odd ones."""
    kinds = kinds_of(files)
    pixels = sum(kind.height * kind.width for kind in kinds)
    counts = [(sum(map(one.of, kinds)), one) for one in TREATMENTS]
    odd = [f"{count} {one.kind} ({one.briefly})" for count, one in counts if count]
    known = f"{where}: {len(files)} images, {pixels / 1e6:.{0 if pixels >= 1e8 else 2}f} million pixels"
    return "; ".join([known, ", ".join(odd)]) if odd else known


def said_of_pairs(pairs: Sequence[tuple[Path, Path]], where: str) -> list[str]:
    """Watch out where colours of an image are converted and those of its LR are not, or otherwise; mostly no line."""
    sides = [
        [kind.profile if kind.converted else None for kind in kinds_of(files)] for files in zip(*pairs, strict=True)
    ]
    unlike = [pair for pair, *profiles in zip(pairs, *sides, strict=True) if profiles[0] != profiles[1]]
    if not unlike:
        return []
    lr, hr = unlike[0]
    return [
        f"{where}: watch out: {len(unlike)} pairs have different colour profiles, such as {hr} and {lr}. Each is "
        "converted to sRGB by its own. If LR was made by a program that does not look at profiles, take HR's out"
    ]


def refuse_unreadable(files: Sequence[Path], where: str) -> None:
    """Raise DataError for files whose header says that `read_image` cannot read them."""
    floats = [file for file, kind in zip(files, kinds_of(files), strict=True) if kind.mode == "F"]
    if floats:
        raise DataError(
            f"{where}: {len(floats)} of {len(files)} images have floating-point pixels: {floats[0]}{_dots(floats)}. "
            "Expected integers of 8 or 16 bits: what is white in such a file, nobody knows."
        )


def _said_of_root(one: Found, found: Sequence[Found]) -> str:
    loads = [len(other.files) * other.root.weight for other in found]
    share = len(one.files) * one.root.weight / sum(loads)
    left_out = f", without {one.left_out} that patterns leave out" if one.left_out else ""
    weight = f", weight {one.root.weight:g}" if one.root.weight != 1 else ""
    return f"{one.root}: {len(one.files)} images{left_out}{weight}" + (
        f", {share:.1%} of samples" if len(found) > 1 else ""
    )


def _dots(several: Sequence[Path]) -> str:
    return ", ..." if len(several) > 1 else ""
