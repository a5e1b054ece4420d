"""Pictures that another program made: which belongs to which image, and the pictures instead of a network."""

import difflib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from gansr.data.files.counterparts import core
from gansr.data.files.folders import find_images, image_sizes
from gansr.data.files.images import read_as_stored
from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.errors import DataError
from gansr.imaging.resize import mod_crop


def find_pictures(folder: Path, names: Sequence[str], where: str) -> dict[str, Path]:
    """Name -> the picture of it in `folder`, sub-folders included, in the order of the names.

    A name is a path within some folder without its extension, as `Example.name` is. A picture belongs to it if its
    own name is the same, or is the same but for marks at the ends of both (`core`); a name with nothing of the kind
    takes a picture that lies in another sub-folder if no other has that file name. `where` says in messages who asked.

    Raises:
        DataError: the folder is missing or empty, names without a picture, or names with several.
    """
    files = find_images([folder], where)
    tables: list[dict[str, list[Path]]] = [defaultdict(list) for _ in range(3)]
    for file in files:
        for table, key in zip(tables, _keys(file.relative_to(folder).with_suffix("").as_posix()), strict=True):
            table[key].append(file)
    found: dict[str, Path] = {}
    alone: list[str] = []
    for name in names:
        fits = next((table[key] for table, key in zip(tables, _keys(name), strict=True) if key in table), [])
        if len(fits) > 1:
            raise DataError(f"{where}: both {fits[0]} and {fits[1]} could be the picture of {name}; expected one.")
        if fits:
            found[name] = fits[0]
        else:
            alone.append(name)
    _refuse_missing(alone, len(names), folder, files, where)
    _refuse_shared(found, where)
    return found


def _keys(name: str) -> tuple[str, str, str]:
    """What a name is called: as it is, without its marks, and without marks and folders."""
    bare = core(name)
    return name, bare, bare.rpartition("/")[2]


def _refuse_missing(alone: Sequence[str], count: int, folder: Path, files: Sequence[Path], where: str) -> None:
    if not alone:
        return
    near = difflib.get_close_matches(alone[0], [file.stem for file in files], n=1, cutoff=0.5)
    named = ", ".join(alone[:3]) + (", ..." if len(alone) > 3 else "")
    hint = f" Is {near[0]} meant?" if near else ""
    raise DataError(
        f"{where}: {folder} has no picture of {len(alone)} of {count} images: {named}. Expected the same names, "
        f"perhaps with an ending such as _x4 or _SR.{hint}"
    )


def _refuse_shared(found: dict[str, Path], where: str) -> None:
    owners: dict[Path, str] = {}
    for name, file in found.items():
        if (other := owners.setdefault(file, name)) != name:
            raise DataError(f"{where}: {file} could be the picture of {other} and of {name}; expected one for each.")


class ReadyMade:
    """A folder of finished pictures, scored as the answers of a network are.

    Args:
        scale: the magnification they were made with
        pictures: set -> image -> file
    """

    def __init__(self, scale: int, pictures: dict[str, dict[str, Path]]) -> None:
        self.scale, self.pictures = scale, pictures

    @classmethod
    def open(cls, folder: Path, sets: Iterable[EvaluationSet], scale: int) -> "ReadyMade":
        """Find every set's pictures, in the sub-folder of the set's name if there is one, and compare sizes.

        Raises:
            DataError: as `find_pictures`, and for a picture that has the size neither of the ground truth nor of the
                ground truth cut to a multiple of the scale; reads headers only.
        """
        found = {}
        for images in sets:
            inside = folder / images.name
            names = [name for name, *_ in images.files]
            pictures = find_pictures(inside if inside.is_dir() else folder, names, f"{folder}, set {images.name}")
            _check_sizes(images, list(pictures.values()), scale)
            found[images.name] = pictures
        return cls(scale, found)

    def picture(self, images: str, name: str) -> np.ndarray:
        """The picture of an image of a set, uint8 (H, W, 1 or 3), both sides cut to multiples of the scale."""
        return mod_crop(read_as_stored(self.pictures[images][name]), self.scale)


def _check_sizes(images: EvaluationSet, pictures: Sequence[Path], scale: int) -> None:
    truths = [hr for _, _, hr in images.files if hr is not None]
    if truths:
        whole = image_sizes(truths)
    else:
        whole = [(scale * h, scale * w) for h, w in image_sizes([lr for _, lr, _ in images.files if lr is not None])]
    for (name, *_), picture, size, full in zip(images.files, pictures, image_sizes(pictures), whole, strict=True):
        cut = (full[0] - full[0] % scale, full[1] - full[1] % scale)
        if size not in {full, cut}:
            raise DataError(
                f"Set {images.name}, image {name}: {picture} is {size[1]}x{size[0]} pixels (width x height); expected "
                f"{' or '.join(dict.fromkeys(f'{w}x{h}' for h, w in (full, cut)))} at x{scale}."
            )
