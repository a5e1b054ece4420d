"""Folders of images: what is in them, which LR belongs to which HR, and whether their sizes fit."""

import difflib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gansr.data.files.images import EXTENSIONS, image_channels, image_size
from gansr.errors import DataError


def find_images(folders: Sequence[Path], where: str) -> list[Path]:
    """Every image under the folders, one folder after the other, each sorted by relative path.

    Hidden files and folders are skipped, links to folders are followed. `where` names the option in
    messages, for example "data.train.hr". Raises DataError for a folder that is missing, no folder, or
    without images.
    """
    return [folder / name for folder in folders for name in _names(folder, where)]


def pair_lr(hr_folders: Sequence[Path], lr_folders: Sequence[Path], scale: int, where: str) -> list[tuple[Path, Path]]:
    """(lr, hr) for every HR image: the n-th LR folder holds the LR of the n-th HR folder.

    The two match by relative path, whatever their extensions; the LR may end in `x4`, `_x4`, `_LR`,
    `_LRBI_x4`, `_LR4` and the like, the HR in `_HR` or `_GT`. LR images without an HR are left out. `where`
    names the options' section in messages, for example "data.train". Raises DataError for HR images without
    an LR, and for sizes that do not fit: HR is `scale` times LR, or up to `scale - 1` pixels more at the
    bottom and on the right.
    """
    if len(hr_folders) != len(lr_folders):
        raise DataError(
            f"{where}.lr has {len(lr_folders)} folders and {where}.hr has {len(hr_folders)}: "
            "expected one LR folder for each HR folder, in the same order."
        )
    pairs = [
        pair for hr, lr in zip(hr_folders, lr_folders, strict=True) for pair in _pairs_of_folder(hr, lr, scale, where)
    ]
    _check_pair_sizes(pairs, scale, where)
    return pairs


def names_in_folders(files: Sequence[Path], folders: Sequence[Path], where: str) -> dict[Path, Path]:
    """File -> its path relative to the folder that `find_images` found it in.

    `where` names the option whose files go by these names. Raises DataError for two files of the same name.
    """
    names = {file: next(file.relative_to(one) for one in folders if file.is_relative_to(one)) for file in files}
    owners: dict[Path, Path] = {}
    for file, name in names.items():
        if owners.setdefault(name.with_suffix(""), file) != file:
            raise DataError(
                f"{where}: {owners[name.with_suffix('')]} and {file} would go by the same name; expected names that "
                "differ, or runs with one of the folders."
            )
    return names


def same_names(folder: Path, files: Sequence[Path], folders: Sequence[Path], where: str) -> dict[Path, Path]:
    """File -> the image in `folder` that has its relative path, whatever their extensions, and its size.

    `folders` are those that hold the files. `where` names the option in messages. Raises DataError for a file
    without such an image, two of them, or one of another size; reads headers only.
    """
    by_name = defaultdict(list)
    for name in _names(folder, where):
        by_name[name.with_suffix("")].append(folder / name)
    partners, alone = {}, []
    for file, name in names_in_folders(files, folders, where).items():
        found = by_name[name.with_suffix("")]
        if len(found) > 1:
            raise DataError(f"{where}: both {found[0]} and {found[1]} could belong to {file}; expected one.")
        if found:
            partners[file] = found[0]
        else:
            alone.append(str(file))
    if alone:
        raise DataError(
            f"{where}: {folder} has nothing for {len(alone)} of {len(files)} HR images: {_first_three(alone)}. "
            "Expected the same names."
        )
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
    """(height, width) of every file, from the headers, many at a time."""
    with ThreadPoolExecutor(max_workers=16) as pool:  # waiting for the disk, not computing
        return list(pool.map(image_size, files))


def channels_of(files: Sequence[Path]) -> list[int]:
    """1 or 3 for every file, from the headers, many at a time."""
    with ThreadPoolExecutor(max_workers=16) as pool:
        return list(pool.map(image_channels, files))


def _names(folder: Path, where: str) -> list[Path]:
    """Relative paths of the images under a folder, sorted."""
    if not folder.exists():
        raise DataError(f"{where}: there is no folder {folder}. {_nearest(folder)}")
    if not folder.is_dir():
        raise DataError(f"{where}: {folder} is a file; expected a folder of images.")
    names = sorted((file.relative_to(folder) for file in _walk(folder)), key=Path.as_posix)
    if not names:
        raise DataError(f"{where}: no images in {folder}; expected files that end in {', '.join(sorted(EXTENSIONS))}.")
    return names


def _walk(folder: Path) -> Iterable[Path]:
    entered = set()  # a link may lead back to where it came from
    for parent, folders, files in os.walk(folder, followlinks=True):
        if Path(parent).resolve() in entered:
            folders.clear()
            continue
        entered.add(Path(parent).resolve())
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in EXTENSIONS:
                yield Path(parent, name)


def _nearest(folder: Path) -> str:
    """The end of a sentence about a missing folder: what is spelled alike where the path stops to exist."""
    missing = folder.absolute()
    while not missing.parent.exists():
        missing = missing.parent
    siblings = {sibling.name.lower(): sibling for sibling in missing.parent.iterdir() if sibling.is_dir()}
    near = difflib.get_close_matches(missing.name.lower(), siblings, n=1, cutoff=0.5)
    return f"Did you mean {siblings[near[0]]}?" if near else f"{missing.parent} has no '{missing.name}'."


def _pairs_of_folder(hr_folder: Path, lr_folder: Path, scale: int, where: str) -> list[tuple[Path, Path]]:
    by_name, by_core = defaultdict(list), defaultdict(list)
    for file in _names(lr_folder, f"{where}.lr"):
        name, core = lr_keys(file, scale)
        by_name[name].append(lr_folder / file)
        by_core[core].append(lr_folder / file)
    pairs, alone = [], []
    for file in _names(hr_folder, f"{where}.hr"):
        hr = hr_folder / file
        keys = hr_keys(file)
        found = next((table[key] for key in keys for table in (by_name, by_core) if key in table), [])
        if len(found) > 1:
            raise DataError(f"{where}.lr: both {found[0]} and {found[1]} could be the LR of {hr}; expected one.")
        if found:
            pairs.append((found[0], hr))
        else:
            alone.append(str(hr))
    if alone:
        raise DataError(
            f"{where}.lr: {lr_folder} has no LR for {len(alone)} of {len(pairs) + len(alone)} HR images: "
            f"{_first_three(alone)}. Expected the same names, or names that end in x{scale} or _LR."
        )
    return pairs


def lr_keys(file: Path, scale: int) -> tuple[str, str]:
    """The names by which an LR is found, given its path within its folder: whole, and without its mark."""
    return _name_and_core(file, rf"[_-]?x{scale}([dm]|w\d)?|[_-](LR|(LR)?(BI|BD|DN|bicubic))([_-]?x?{scale})?")


def hr_keys(file: Path) -> tuple[str, str]:
    """The names by which an HR looks for its LR, the better one first."""
    return _name_and_core(file, "[_-](HR|GT)")


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
