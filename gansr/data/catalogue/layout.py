"""Which of the files that were unpacked are a set's images, wherever its archive has put them."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from gansr.data.catalogue.record import HR, LR, DataSet, Part
from gansr.data.files.folders import image_sizes
from gansr.data.files.images import EXTENSIONS
from gansr.errors import DataError

Images = dict[str, dict[PurePosixPath, Path]]  # "HR", "LR" or "LRx4" -> path below it -> where the image is now
SLACK = 12  # pixels that copies cut to multiples of 12 lack


def is_hidden(name: str) -> bool:
    """Whether a path leads to what programs hide; Macs put such files into archives, by the names of the real ones."""
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)


def is_image(name: str) -> bool:
    """Whether a path is that of an image, and not hidden."""
    return PurePosixPath(name).suffix.lower() in EXTENSIONS and not is_hidden(name)


def images_below(folders: Iterable[Path]) -> dict[str, Path]:
    """Path for globs, with a slash before and in lower case, of every image below folders -> file."""
    found = {}
    for number, folder in enumerate(folders):
        files = (Path(parent, name) for parent, _, names in os.walk(folder) for name in names)
        for file in sorted(files):
            below = file.relative_to(folder).as_posix()
            if is_image(below):
                found[f"/{number}/{folder.name}/{below}".lower()] = file
    return found


@dataclass(frozen=True)
class Found:
    """What was found of a set: the images of each part, what is wrong with parts, and which have too many images."""

    parts: dict[str, Images]
    faults: tuple[str, ...]
    too_many: tuple[str, ...] = ()


def find(record: DataSet, files: Mapping[str, Path], names: Sequence[str] = ()) -> Found:
    """The images of a set's parts among files.

    Args:
        record: The set.
        files: As `images_below` has them.
        names: The parts to look for; none: all of them.
    """
    parts, faults, too_many = {}, [], []
    for part in record.parts:
        if names and part.name not in names:
            continue
        images = {folder: _tidy(chosen) for folder, chosen in _chosen(part, files).items()}
        parts[part.name] = images
        faults += _faults(record, part, images, files)
        if part.images is not None and len(_main(images)) > part.images:
            too_many.append(part.name)
    there = {name: images for name, images in parts.items() if any(images.values())}
    return Found(there, tuple(faults), tuple(too_many))


def _chosen(part: Part, files: Mapping[str, Path]) -> dict[str, list[Path]]:
    wanted = {HR: part.where, LR: part.low, **{f"{LR}x{scale}": globs for scale, globs in part.lr.items()}}
    return {folder: _first_fit(part, globs, files) for folder, globs in wanted.items() if globs}


def _first_fit(part: Part, globs: Sequence[str], files: Mapping[str, Path]) -> list[Path]:
    """The files of the first glob with as many as there should be.

    Else those of the first one with fewer, for later ones take in LR and other parts; else of the one with least.
    """
    candidates = []
    for glob in globs:
        found = [file for path, file in files.items() if fnmatchcase(path, glob)]
        if part.pick:
            found = [file for file in found if file.stem in part.stems]
        if found and (part.images is None or len(found) == part.images):
            return found
        candidates.append(found)
    some = [found for found in candidates if found]
    fewer = [found for found in some if len(found) < (part.images or 0)]
    return fewer[0] if fewer else min(some, key=len, default=[])


def _tidy(files: Sequence[Path]) -> dict[PurePosixPath, Path]:
    """Names to keep: plain ones where no two are alike, else with the folders that tell them apart."""
    counts = Counter(file.stem.casefold() for file in files)
    if not files or max(counts.values()) == 1:
        return {PurePosixPath(file.name): file for file in files}
    common = _common(files)
    return {PurePosixPath(file.relative_to(common).as_posix()): file for file in files}


def _common(files: Sequence[Path]) -> Path:
    folder = files[0].parent
    while not all(file.is_relative_to(folder) for file in files):
        folder = folder.parent
    return folder


def _faults(record: DataSet, part: Part, images: Images, files: Mapping[str, Path]) -> list[str]:
    faults = []
    main = _main(images)
    if part.images not in (None, len(main)):
        faults.append(f"{part.name}: {len(main):,} images of {part.images:,}{_missing(part, main)}")
    elif not main:
        faults.append(f"{part.name}: no images")
    if not main and files:
        faults[-1] += f"; of the {len(files):,} images there, none lies where those of {record.title} do"
    for scale in part.lr:
        if len(images[f"{LR}x{scale}"]) != len(main):
            faults.append(f"{part.name}: {len(images[f'{LR}x{scale}']):,} LR for {len(main):,} HR")
    return faults


def _main(images: Images) -> Mapping[PurePosixPath, Path]:
    """HR, or LR where there is no HR."""
    return images.get(HR) or images.get(LR) or {}


def _missing(part: Part, found: Mapping[PurePosixPath, Path]) -> str:
    there = {path.stem for path in found}
    absent = [stem for stem in part.stems if stem not in there]
    if not absent or len(absent) == len(part.stems):
        return ""
    more = f" and {len(absent) - 3:,} more" if len(absent) > 3 else ""
    return f"; missing are {', '.join(absent[:3])}{more}"


def check_sides(record: DataSet, found: Found) -> None:
    """Raise DataError for images whose sides are not as the catalogue has them; reads headers only."""
    for name, images in found.parts.items():
        part = record.part(name)
        main = _main(images)
        if part.sides is None:
            continue
        shortest, longest = part.sides
        for path, (height, width) in zip(main, image_sizes(list(main.values())), strict=True):
            if min(height, width) < shortest - SLACK or max(height, width) > longest:
                raise DataError(
                    f"{record.title}, {name}: {path} is {width}x{height} (width x height), and its images have sides "
                    f"of {shortest} to {longest} pixels: these are other images, or resized ones."
                )
