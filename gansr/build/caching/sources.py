"""Options -> where training sets get pixels from."""

import os
from collections.abc import Iterable
from pathlib import Path

from gansr.build.caching.place import cache_folder
from gansr.build.caching.telling import Telling
from gansr.data.files.decoded import Decoded
from gansr.data.files.source import ImageSource
from gansr.data.store.raw_cache import open_cache
from gansr.data.store.variants import PIXELS, Variant, reduced_once
from gansr.options.images import TrainSetOptions


def image_source(train: TrainSetOptions, files: Iterable[Path]) -> ImageSource:
    """Where the pixels of a stage's files come from; with `cache: raw` all of them are decoded before this returns.

    Raises:
        DataError: with the raw cache, an image cannot be read.
        StorageError: the raw cache cannot be written, or the disk has too little room for it.
    """
    if train.cache == "raw":
        return _open(train, files, PIXELS)
    return Decoded(train.cache_megabytes if train.cache == "memory" else 0)


def kept_lr(train: TrainSetOptions, hr: Iterable[Path], scale: int) -> ImageSource:
    """The LR of HR files, by their names: made now if it is not there yet. Raises as `image_source` does."""
    return _open(train, hr, reduced_once(scale))


def _open(train: TrainSetOptions, files: Iterable[Path], variant: Variant) -> ImageSource:
    roots = [*train.hr_folders, *train.real_lr_folders]
    for sides in (train, train.pairs):
        if sides is not None and sides.lr is not None:
            several = sides.lr if isinstance(sides.lr, dict) else {0: sides.lr}
            roots += [folder for scale in several for folder in sides.lr_folders(scale)]
    roots += train.pairs.hr_folders if train.pairs else ()
    telling = Telling(visible=os.environ.get("RANK", "0") == "0")
    return open_cache(cache_folder(train.cache_folder), list(dict.fromkeys(files)), roots, variant, telling)
