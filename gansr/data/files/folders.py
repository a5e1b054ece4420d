"""Folders of images: what is in them, which LR belongs to which HR, and whether their sizes fit."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from gansr.data.files.reading.kinds import kinds_of
from gansr.data.files.roots import Found, Root, find_root
from gansr.data.files.said import refuse_unreadable
from gansr.data.files.walk import names_in
from gansr.errors import DataError

SCALE = re.compile(r"x(\d+)(?:[dm]|w\d)?\.[^.]+$", re.IGNORECASE)
"""The scale that the names of LR files end in."""


def find_images(folders: Sequence[Path], where: str) -> list[Path]:
    """Every image under the folders, one folder after the other, each sorted by relative path.

    Hidden files and folders are skipped, links to folders are followed. `where` names the option in
    messages, for example "data.train.hr". Raises DataError for a folder that is missing, no folder, or
    without images.
    """
    return [folder / name for folder in folders for name in names_in(folder, where)]


def pair_lr(hr: Sequence[Path | Found], lr_folders: Sequence[Path], scale: int, where: str) -> list[tuple[Path, Path]]:
    """(lr, hr) for every HR image: the n-th LR folder holds the LR of the n-th HR folder, or of what a root has.

    The two match by relative path, whatever their extensions; the LR may end in `x4`, `_x4`, `_LR`,
    `_LRBI_x4`, `_LR4` and the like, the HR in `_HR` or `_GT`. LR images without an HR are left out. `where`
    names the options' section in messages, for example "data.train". Raises DataError for HR images without
    an LR, for floating-point pixels, and for sizes that do not fit: HR is `scale` times LR, or up to `scale - 1`
    pixels more at the bottom and on the right.
    """
    if len(hr) != len(lr_folders):
        raise DataError(
            f"{where}.lr has {len(lr_folders)} folders and {where}.hr has {len(hr)}: "
            "expected one LR folder for each HR folder, in the same order."
        )
    found = [one if isinstance(one, Found) else find_root(Root(one), f"{where}.hr") for one in hr]
    pairs = [pair for one, lr in zip(found, lr_folders, strict=True) for pair in _pairs_of_root(one, lr, scale, where)]
    refuse_unreadable([lr for lr, _ in pairs], f"{where}.lr")
    refuse_unreadable([hr for _, hr in pairs], f"{where}.hr")
    _check_pair_sizes(pairs, scale, where)
    return pairs


def names_of(found: Sequence[Found], files: Sequence[Path], where: str) -> dict[Path, Path]:
    """File -> the name that its root gives it, of some of the files that were found.

    `where` names the option whose files go by these names. Raises DataError for two files of the same name.
    """
    all_names = {file: name for one in reversed(found) for file, name in one.names.items()}
    names = {file: all_names[file] for file in files}
    owners: dict[Path, Path] = {}
    for file, name in names.items():
        if owners.setdefault(name.with_suffix(""), file) != file:
            raise DataError(
                f"{where}: {owners[name.with_suffix('')]} and {file} would go by the same name; expected names that "
                "differ, or runs with one of the folders."
            )
    return names


def same_names(folder: Path, names: Mapping[Path, Path], where: str) -> dict[Path, Path]:
    """File -> the image in `folder` that has its name, whatever their extensions, and its size.

    `names` are those of the files, see `names_of`. `where` names the option in messages. Raises DataError for a file
    without such an image, two of them, or one of another size; reads headers only.
    """
    by_name = defaultdict(list)
    for name in names_in(folder, where):
        by_name[name.with_suffix("")].append(folder / name)
    partners, alone = {}, []
    for file, name in names.items():
        found = by_name[name.with_suffix("")]
        if len(found) > 1:
            raise DataError(f"{where}: both {found[0]} and {found[1]} could belong to {file}; expected one.")
        if found:
            partners[file] = found[0]
        else:
            alone.append(str(file))
    if alone:
        raise DataError(
            f"{where}: {folder} has nothing for {len(alone)} of {len(names)} HR images: {_first_three(alone)}. "
            "Expected the same names."
        )
    files = list(names)
    for file, size, own in zip(files, image_sizes(files), image_sizes(list(partners.values())), strict=True):
        if size != own:
            raise DataError(
                f"{where}: {partners[file]} is {_by(own)} and {file} is {_by(size)} (width x height). "
                "Expected the same size."
            )
    return partners


def without_small(files: Sequence[Path], crop: int) -> list[Path]:
    """The images from which `crop` x `crop` pixels can be cut; reads headers only."""
    sizes = image_sizes(files)
    return [file for file, size in zip(files, sizes, strict=True) if min(size) >= crop]


def check_sizes(files: Sequence[Path], crop: int, where: str, scale: int = 1) -> None:
    """Raise DataError if an image is too small to cut `crop` x `crop` pixels from; reads headers only.

    `scale` is that of these images' crop to the one that options give.
    """
    sizes = image_sizes(files)
    small = [(file, size) for file, size in zip(files, sizes, strict=True) if min(size) < crop]
    if small:
        named = _first_three([f"{file} ({_by(size)})" for file, size in small])
        least = min(min(size) for _, size in small)
        raise DataError(
            f"{where}: {len(small)} of {len(files)} images are smaller than the crop of {crop}x{crop} pixels "
            f"(width x height): {named}. Set crop to {least * scale} or less, or small_images: skip."
        )


def image_sizes(files: Sequence[Path]) -> list[tuple[int, int]]:
    """(height, width) of every file, from the headers."""
    return [kind.size for kind in kinds_of(files)]


def channels_of(files: Sequence[Path]) -> list[int]:
    """1 or 3 for every file, from the headers."""
    return [kind.channels for kind in kinds_of(files)]


def _pairs_of_root(found: Found, lr_folder: Path, scale: int, where: str) -> list[tuple[Path, Path]]:
    by_name, by_core = defaultdict(list), defaultdict(list)
    for file in names_in(lr_folder, f"{where}.lr"):
        name, core = lr_keys(file, scale)
        by_name[name].append(lr_folder / file)
        by_core[core].append(lr_folder / file)
    pairs, alone = [], []
    for hr in found.files:
        keys = hr_keys(found.names[hr])
        fitting = next((table[key] for key in keys for table in (by_name, by_core) if key in table), [])
        if len(fitting) > 1:
            raise DataError(f"{where}.lr: both {fitting[0]} and {fitting[1]} could be the LR of {hr}; expected one.")
        if fitting:
            pairs.append((fitting[0], hr))
        else:
            alone.append(str(hr))
    if alone:
        raise DataError(
            f"{where}.lr: {lr_folder} has no LR for {len(alone)} of {len(pairs) + len(alone)} HR images: "
            f"{_first_three(alone)}. Expected the same names, or names that end in x{scale} or _LR"
            f"{of_other_scale([one.name for one in names_in(lr_folder, where)], scale)}."
        )
    return pairs


def lr_keys(file: Path, scale: int) -> tuple[str, str]:
    """The names by which an LR is found, given its path within its folder: whole, and without its mark."""
    return _name_and_core(file, rf"[_-]?x{scale}([dm]|w\d)?|[_-](LR|(LR)?(BI|BD|DN|bicubic))([_-]?x?{scale})?")


def hr_keys(file: Path) -> tuple[str, str]:
    """The names by which an HR looks for its LR, the better one first."""
    return _name_and_core(file, "[_-](HR|GT)")


def of_other_scale(names: Sequence[str], scale: int) -> str:
    """A remark if all of these names of LR end in another scale; nothing if not."""
    matches = [SCALE.search(name) for name in names]
    found = {match[1] if match else "" for match in matches}
    if len(found) != 1 or found & {"", str(scale)}:
        return ""
    return f"; all of these end in x{found.pop()}, and the scale is {scale}"


def _name_and_core(file: Path, mark: str) -> tuple[str, str]:
    """What a relative path is called without its extension, and then without the mark that tells LR or HR."""
    name = file.with_suffix("").as_posix()
    return name, re.sub(rf"(?<=[^/])({mark})$", "", name, flags=re.IGNORECASE)


def _check_pair_sizes(pairs: Sequence[tuple[Path, Path]], scale: int, where: str) -> None:
    lr_sizes, hr_sizes = (image_sizes(files) for files in zip(*pairs, strict=True))
    for (lr, hr), lr_size, hr_size in zip(pairs, lr_sizes, hr_sizes, strict=True):
        expected = (hr_size[0] // scale, hr_size[1] // scale)
        if lr_size != expected:
            raise DataError(
                f"{where}: {lr} is {_by(lr_size)} and {hr} is {_by(hr_size)} (width x height). "
                f"Expected an LR of {_by(expected)} at x{scale}."
            )


def _by(size: tuple[int, int]) -> str:
    height, width = size
    return f"{width}x{height}"


def _first_three(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
