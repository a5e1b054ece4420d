"""Options -> where training sets get pixels from."""

import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from gansr.build.caching.place import cache_folder
from gansr.build.caching.telling import Telling
from gansr.build.feeding.crops import recent
from gansr.data.files.decoded import Decoded
from gansr.data.files.source import ImageSource
from gansr.data.store.raw_cache import RawCache, open_cache
from gansr.data.store.variants import PIXELS, Variant, reduced_once
from gansr.errors import DataError
from gansr.options.images import TrainSetOptions


class Deferred:
    """An `ImageSource` that is made when it is first asked, or before: what takes minutes comes after every check."""

    def __init__(self, make: Callable[[], RawCache]):
        self.make = make
        self.source: RawCache | None = None

    def open(self) -> RawCache:
        """The source itself."""
        if self.source is None:
            self.source = self.make()
        return self.source

    def shape(self, file: Path) -> tuple[int, int, int]:
        """As `ImageSource` has it."""
        return self.open().shape(file)

    def window(self, file: Path, top: int, left: int, height: int, width: int) -> np.ndarray:
        """As `ImageSource` has it."""
        return self.open().window(file, top, left, height, width)


class Sources:
    """The sources of a run's images: asked for while its stages are put together, and opened when all is known.

    With the raw cache, to open them is to decode whatever it lacks.
    """

    def __init__(self) -> None:
        self.deferred: list[Deferred] = []

    def pixels(self, train: TrainSetOptions, files: Iterable[Path], batch: int = 1) -> ImageSource:
        """Where the pixels of a stage's files come from; `batch` is the number of samples in one."""
        if train.cache == "raw":
            return self._raw(train, files, PIXELS)
        return Decoded(train.cache_megabytes if train.cache == "memory" else 0, recent(train, batch))

    def kept_lr(self, train: TrainSetOptions, hr: Iterable[Path], scale: int) -> ImageSource:
        """The bicubic LR of HR files, by the names of these."""
        return self._raw(train, hr, reduced_once(scale))

    def open(self) -> None:
        """Open them all.

        Raises:
            DataError: an image cannot be read, or changed after another source had been made of it.
            StorageError: the raw cache cannot be written, or the disk has too little room for it.
        """
        contents: dict[Path, str] = {}
        for one in self.deferred:
            for file, content in one.open().contents():
                if contents.setdefault(file, content) != content:
                    raise DataError(
                        f"{file} changed while the raw cache was filled: what is made of it would not fit its pixels. "
                        f"Run the same command again."
                    )

    def _raw(self, train: TrainSetOptions, files: Iterable[Path], variant: Variant) -> Deferred:
        self.deferred.append(Deferred(partial(_open, train, tuple(dict.fromkeys(files)), variant)))
        return self.deferred[-1]


def _open(train: TrainSetOptions, files: tuple[Path, ...], variant: Variant) -> RawCache:
    telling = Telling(visible=os.environ.get("RANK", "0") == "0")
    return open_cache(cache_folder(train.cache_folder), files, _roots(train), variant, telling)


def _roots(train: TrainSetOptions) -> list[Path]:
    """All folders that a stage's images are in."""
    roots = [*train.hr_folders, *train.real_lr_folders, *(train.pairs.hr_folders if train.pairs else ())]
    for sides in (train, train.pairs):
        if sides is not None and sides.lr is not None:
            scales = sides.lr if isinstance(sides.lr, dict) else [0]  # of one scale, or it does not matter which
            roots += [folder for scale in scales for folder in sides.lr_folders(scale)]
    return roots
