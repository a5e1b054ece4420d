"""What kinds of image files there are, read from headers alone, and what reading does to the odd ones."""

import stat
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from time import perf_counter

from PIL import Image

from gansr.data.files.reading.deep import bits_of
from gansr.data.files.reading.opening import opened, orientation, reason
from gansr.data.files.reading.profiles import profile_of
from gansr.errors import DataError

FIRST, SLOW, THREADS = 32, 0.001, 32
"""Files by which the disk is judged, seconds for each from which it is slow, threads that wait for a slow one."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a file's header says.

    Args:
        format: as Pillow calls it: PNG, JPEG, MPO, WEBP, TIFF, ...
        mode: Pillow's, of the file as it is stored
        bits: of each level
        height: of the image that is read, upright
        width: of the same
        channels: 1 (grey) or 3, of the same
        alpha: has it any transparency?
        orientation: EXIF's, 1 to 8, if it is not upright yet
        animated: has it more frames, or pages, than the first?
        profile: the name of a colour profile that is not sRGB's; None: none, or sRGB
        converted: does the profile fit the image, so that it is used?
    """

    format: str
    mode: str
    bits: int
    height: int
    width: int
    channels: int
    alpha: bool
    orientation: int
    animated: bool
    profile: str | None
    converted: bool

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.height, self.width

    def treatment(self) -> list[str]:
        """What reading does to the file beyond handing over its pixels: "transparency is dropped", and the like."""
        return [one.done for one in TREATMENTS if one.of(self)]


@dataclass(frozen=True)
class Treatment:
    """What is done to files of a kind.

    Args:
        of: is a file of the kind?
        kind: in a list, after "3 files "
        briefly: what is done, in brackets after it
        done: the same, as a sentence without an end
    """

    of: Callable[[Kind], bool]
    kind: str
    briefly: str
    done: str


TREATMENTS = (
    Treatment(lambda one: one.channels == 1, "grey", "repeated for each colour", "grey is repeated for each colour"),
    Treatment(lambda one: one.bits == 1, "of 1 bit", "made black and white", "1 bit becomes black and white of 8 bits"),
    Treatment(
        lambda one: one.mode in ("P", "PA"), "with a palette", "spelled out", "the palette's colours are spelled out"
    ),
    Treatment(lambda one: one.alpha, "with transparency", "dropped", "transparency is dropped"),
    Treatment(
        lambda one: 8 < one.bits <= 16 and one.mode != "F", "of 16 bits", "rounded to 8", "16 bits are rounded to 8"
    ),
    Treatment(
        lambda one: one.mode == "CMYK" and not one.converted,
        "in CMYK without a profile",
        "converted to RGB by the usual formula",
        "CMYK is converted to RGB by the usual formula",
    ),
    Treatment(
        lambda one: one.mode == "CMYK" and one.converted,
        "in CMYK",
        "converted to sRGB through their profiles",
        "CMYK is converted to sRGB through its profile",
    ),
    Treatment(
        lambda one: one.mode in ("LAB", "YCbCr", "HSV"), "in Lab or YCbCr", "converted to RGB", "it is converted to RGB"
    ),
    Treatment(
        lambda one: one.mode != "CMYK" and one.converted,
        "with a profile other than sRGB",
        "converted to sRGB",
        "colours are converted to sRGB through the profile",
    ),
    Treatment(
        lambda one: one.profile is not None and not one.converted,
        "with a damaged profile, or one of another kind of image",
        "taken for sRGB",
        "the profile does not fit and is left out: colours are taken for sRGB",
    ),
    Treatment(lambda one: one.orientation != 1, "turned by EXIF", "turned upright", "it is turned upright (EXIF)"),
    Treatment(lambda one: one.animated, "of several frames or pages", "the first", "of its frames the first is read"),
)
"""Every odd kind of file; one may be of several. `docs/images.md` has the same table."""


def kind_of(path: Path) -> Kind:
    """The file's kind, from its header alone. Raises DataError for one that is missing, damaged or no image.

    Files that were looked at before, and have not changed since, are not opened again.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {reason(error)}.") from error
    if not (stat.S_ISREG(state.st_mode) or stat.S_ISDIR(state.st_mode)):  # a pipe would be waited for without end
        raise DataError(f"{path} cannot be read: it is no plain file.")
    return _kind_of_version(path, state.st_mtime_ns, state.st_size)


def kinds_of(files: Sequence[Path]) -> list[Kind]:
    """The kind of every file, many at a time where the disk makes one wait."""
    start = perf_counter()
    found = [kind_of(file) for file in files[:FIRST]]
    rest = files[FIRST:]
    if perf_counter() - start < SLOW * len(found):  # there threads would only wait for each other
        return found + [kind_of(file) for file in rest]
    with ThreadPoolExecutor(max_workers=THREADS) as pool:
        return found + list(pool.map(kind_of, rest))


@lru_cache(maxsize=2**20)  # about 300 bytes each
def _kind_of_version(path: Path, changed: int, size: int) -> Kind:
    return opened(path, _look)


def _look(image: Image.Image) -> Kind:
    width, height = image.size
    turned, profile = orientation(image), profile_of(image)
    if turned >= 5:
        width, height = height, width
    return Kind(
        format=image.format or "",
        mode=image.mode,
        bits=bits_of(image),
        height=height,
        width=width,
        channels=1 if image.mode in ("1", "L") or image.mode.startswith("I") else 3,
        alpha=image.has_transparency_data,
        orientation=turned if 1 <= turned <= 8 else 1,
        animated=bool(getattr(image, "is_animated", False)),
        profile=profile.name if profile else None,
        converted=profile is not None and profile.transform is not None,
    )
