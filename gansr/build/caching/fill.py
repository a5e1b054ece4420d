"""`gansr cache fill`: decode a run's images before it is started."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from gansr.build.caching.place import cache_folder
from gansr.build.caching.sources import Sources
from gansr.build.feeding.data import open_images
from gansr.options.load import load


def fill(path: Path, overrides: Sequence[str], console: Console) -> None:
    """Bring the raw cache up to date for all stages of an options file.

    Raises:
        OptionsError: the options are wrong.
        DataError: an image is missing, does not fit, or cannot be read.
        StorageError: the cache cannot be written, or the disk has too little room for it.
    """
    sources, stages = Sources(), load(path, overrides)
    for options in stages:
        open_images(options, sources)
    sources.open()
    folders = sorted(
        {str(cache_folder(one.data.train.cache_folder)) for one in stages if one.data.train.cache == "raw"}
    )
    said = f"is in {', '.join(folders)}" if folders else "needs no cache: data.train.cache is not raw"
    console.print(f"All that {path} reads {said}.", markup=False)
