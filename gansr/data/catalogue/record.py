"""What the catalogue knows of a set of images."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

HR = "HR"
LR = "LR"


@dataclass(frozen=True)
class File:
    """A file that the set is handed out as. Without `url` no program can fetch it; a checksum is still of use."""

    name: str
    url: str | None = None
    size: int | None = None  # bytes
    sha256: str | None = None
    md5: str | None = None
    part: str | None = None  # that it holds alone

    @classmethod
    def at(
        cls,
        url: str,
        size: int | None = None,
        sha256: str | None = None,
        md5: str | None = None,
        part: str | None = None,
    ) -> "File":
        """The file behind an address, by its last part's name."""
        return cls(unquote(PurePosixPath(urlsplit(url).path).name), url, size, sha256, md5, part)

    @property
    def checksum(self) -> str | None:
        """The best one that is known, with its kind."""
        if self.sha256:
            return f"sha256 {self.sha256}"
        return f"md5 {self.md5}" if self.md5 else None


@dataclass(frozen=True)
class Part:
    """Images that are used together: for training, or for a test.

    Globs are of paths below what was unpacked, with a slash before, in lower case; `*` stands for slashes too. The
    first one counts that finds `images` images: archives of the same set differ in their folders.
    """

    name: str
    images: int | None  # of HR, or of LR where there is no HR; None: not known for sure
    where: tuple[str, ...] = ("*",)  # globs of HR; empty: there is none
    lr: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  # scale -> globs of LR that was photographed
    low: tuple[str, ...] = ()  # globs of LR without HR
    sides: tuple[int, int] | None = None  # shortest and longest side in pixels of all images
    stems: tuple[str, ...] = ()  # names without their extensions, where all copies of the set agree
    pick: bool = False  # of what is found, only `stems`

    @property
    def trains(self) -> bool:
        """Whether networks learn from it; others are there to be measured on."""
        return self.name.startswith("train")

    @property
    def has_own_lr(self) -> bool:
        """Whether its LR comes with it, so that none is made."""
        return bool(self.lr or self.low)


@dataclass(frozen=True)
class DataSet:
    """One row of the catalogue. `form`: why no program can fetch it, and where people can."""

    name: str
    title: str
    parts: tuple[Part, ...]
    resolution: str
    purpose: str  # training, validation, test
    content: str
    terms: str
    page: str
    paper: str
    files: tuple[File, ...] = ()
    form: str | None = None

    @property
    def images(self) -> int | None:
        """Of all parts; None where one of them is not known."""
        counts = [part.images for part in self.parts]
        return None if None in counts else sum(count for count in counts if count)

    def downloads(self, part: str | None = None) -> tuple[File, ...]:
        """The files that can be fetched, or those of them that a part needs."""
        found = tuple(file for file in self.files if file.url)
        return found if part is None else tuple(file for file in found if file.part in (None, part))

    def part(self, name: str) -> Part:
        """The part of that name."""
        return next(part for part in self.parts if part.name == name)


def numbers(first: int, last: int, digits: int, before: str = "") -> tuple[str, ...]:
    """Names that count: `numbers(801, 900, 4)` is 0801 to 0900."""
    return tuple(f"{before}{number:0{digits}}" for number in range(first, last + 1))


def folders(*names: str) -> tuple[str, ...]:
    """Globs of images in folders that end in these names, in this order, and last of all images whatever."""
    return (*(f"*/{name}/*" for name in names), "*")
