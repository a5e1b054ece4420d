"""Where images are, as options: folders, parts of folders, lists."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, PositiveFloat, Tag, model_validator

from gansr.options.component import Strict


def _at_home(path: Path) -> Path:
    return path.expanduser() if path.parts[:1] == ("~",) else path


Place = Annotated[Path, AfterValidator(_at_home)]
"""A path, of which `~` is the user's home as on a command line; else a folder of that name would be looked for."""


def _kind_of_patterns(found: Any) -> str:
    return "pattern-several" if isinstance(found, list | tuple) else "pattern-one"


Patterns = Annotated[
    Annotated[str, Tag("pattern-one")] | Annotated[tuple[str, ...], Tag("pattern-several")],
    Discriminator(_kind_of_patterns),
]


class RootOptions(Strict):
    """Images of one place: a folder or a part of it, or a list."""

    folder: Place | None = Field(
        default=None,
        description="nested folders included; of a list: where its names are looked for (omitted: beside it)",
    )
    list: Place | None = Field(default=None, description="text file with the name of an image on each line")
    include: Patterns = Field(
        default=(), description="patterns that names must fit, such as *.png, or **/night/*.jpg for paths; omitted: all"
    )
    exclude: Patterns = Field(default=(), description="patterns that names may not fit")
    weight: PositiveFloat = Field(default=1.0, description="how often each image comes, to those of other places")

    @model_validator(mode="after")
    def _names_a_place(self) -> "RootOptions":
        if self.folder is None and self.list is None:
            raise ValueError("name a folder, a list, or both")
        return self

    @property
    def home(self) -> Path:
        """The folder that its names are relative to."""
        return self.folder if self.folder is not None else self.list.parent if self.list is not None else Path()


def _not_empty(found: Any) -> Any:
    if found == ():
        raise ValueError("name at least one folder or list")
    return found


def _kind_of_root(found: Any) -> str:
    return "root-row" if isinstance(found, dict | RootOptions) else "root-path"


def _kind_of_roots(found: Any) -> str:
    return "root-several" if isinstance(found, list | tuple) else _kind_of_root(found)


SomeRoot = Annotated[
    Annotated[Place, Tag("root-path")] | Annotated[RootOptions, Tag("root-row")], Discriminator(_kind_of_root)
]
Roots = Annotated[
    Annotated[Place, Tag("root-path")]
    | Annotated[RootOptions, Tag("root-row")]
    | Annotated[tuple[SomeRoot, ...], Tag("root-several")],
    Discriminator(_kind_of_roots),
    AfterValidator(_not_empty),
]
"""A folder or a list (.txt), by its path or with more to say about it, or several of them."""


def spelled_out(roots: Path | RootOptions | tuple[Path | RootOptions, ...]) -> tuple[RootOptions, ...]:
    """Each place spelled out. A path that ends in .txt is a list, unless it is a folder of that name."""
    several = roots if isinstance(roots, tuple) else (roots,)
    return tuple(
        one if isinstance(one, RootOptions) else RootOptions(list=one) if _is_list(one) else RootOptions(folder=one)
        for one in several
    )


def _is_list(path: Path) -> bool:
    return path.suffix.lower() == ".txt" and not path.is_dir()
