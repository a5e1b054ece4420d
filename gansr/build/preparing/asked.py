"""What `gansr data prepare` is asked, and which rows of the catalogue that is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gansr.data.catalogue.record import DataSet, Part
from gansr.errors import OptionsError, choices_hint
from gansr.options.prepared_sets import KINDS

SCALES = (2, 3, 4, 8)
USUAL = (2, 3, 4)
"""LR that is made of what is there to be measured on, if nothing else is asked for."""


@dataclass(frozen=True)
class How:
    """What is made of the images. None for `scales`: what is usual for a part."""

    scales: tuple[int, ...] | None = None
    kinds: tuple[str, ...] = ("bicubic",)
    mod_crop: int | None = None
    png: bool = False
    seed: int = 0

    def folders(self, part: Part) -> dict[str, tuple[str, int]]:
        """The folders of LR that are made for a part -> kind and scale."""
        if part.has_own_lr:
            return {}
        scales = self.scales if self.scales is not None else () if part.trains else USUAL
        return {f"{KINDS[kind]}x{scale}": (kind, scale) for kind in self.kinds for scale in scales}


@dataclass(frozen=True)
class Request:
    """What the command line asks for."""

    names: tuple[str, ...]
    root: Path
    sources: tuple[Path, ...] = ()
    download: bool = False
    how: How = field(default_factory=How)
    allow_partial: bool = False
    force: bool = False
    keep_downloads: bool = False
    command: str = ""


def parse_how(scales: str | None, lr: str | None, mod_crop: int | None, png: bool, seed: int) -> How:
    """`2,3,4` and `bicubic,bd` as the command line has them; the word none for no LR at all.

    Raises:
        OptionsError: anything else, or a mod-crop that scales do not divide.
    """
    numbers = None if scales is None else _numbers(scales)
    kinds = tuple(dict.fromkeys((lr or "bicubic").replace(" ", "").lower().split(",")))
    for kind in kinds:
        if kind not in KINDS:
            raise OptionsError(f"--lr {lr}: there is no '{kind}'. {choices_hint(kind, KINDS)}")
    if mod_crop is not None:
        for scale in numbers if numbers is not None else USUAL:
            if mod_crop % scale:
                raise OptionsError(
                    f"--mod-crop {mod_crop}: sides that are multiples of it are none of {scale}; expected a multiple "
                    "of every scale, for example 12 for 2,3,4."
                )
    return How(numbers, kinds, mod_crop, png, seed)


def _numbers(text: str) -> tuple[int, ...]:
    if text.strip().lower() == "none":
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) in SCALES for part in parts):
        choices = ", ".join(map(str, SCALES))
        raise OptionsError(f"--scales {text}: expected numbers out of {choices}, as in 2,3,4, or the word none.")
    return tuple(dict.fromkeys(map(int, parts)))


def lookup(name: str, catalogue: Mapping[str, DataSet]) -> tuple[DataSet, Part | None]:
    """A set, or one part of it as `set/part`. Raises OptionsError for a name that is not in the catalogue."""
    one, slash, part = name.partition("/")
    if one.lower() not in catalogue:
        raise OptionsError(f"There is no data set '{one}' in the catalogue. {choices_hint(one, catalogue)}")
    record = catalogue[one.lower()]
    if not slash:
        return record, None
    names = [known.name for known in record.parts]
    if part not in names:
        raise OptionsError(f"{record.title} has no part '{part}'. {choices_hint(part, names)}")
    return record, record.part(part)
