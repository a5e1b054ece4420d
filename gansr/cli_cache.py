"""The command line of the raw cache: `gansr cache ls | fill | verify | rm`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(help="Look after the raw cache: images that were decoded once, for all runs.", no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option(help="of the cache; omitted: GANSR_CACHE, or ~/.cache/gansr")]


@app.command()
def ls(folder: Folder = None) -> None:
    """Show what the cache holds: of which folders, how much, and when it was last used."""
    from gansr.build.caching.command import show

    show(folder, Console())


@app.command()
def fill(
    options: Annotated[Path, typer.Argument(help="options file (YAML)")],
    overrides: Annotated[list[str] | None, typer.Argument(help="section.key=value, as for gansr train")] = None,
) -> None:
    """Decode the images of an options file now, all stages, as `gansr train` would before its first step."""
    from gansr.build.caching.fill import fill as run

    run(options, overrides or (), Console(soft_wrap=True, highlight=False))


@app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="of packs, as ls shows them; omitted: all")] = None,
    folder: Folder = None,
) -> None:
    """Compare everything with its checksums and with the files it was made of; exit code 1 if not all is well."""
    from gansr.build.caching.command import verify_packs

    if not verify_packs(folder, names or (), Console(soft_wrap=True, highlight=False)):
        raise typer.Exit(1)


@app.command()
def rm(
    names: Annotated[list[str] | None, typer.Argument(help="of packs, as ls shows them")] = None,
    everything: Annotated[bool, typer.Option("--all", help="all packs")] = False,
    unused: Annotated[int | None, typer.Option(min=0, help="those that no run has used for so many days")] = None,
    folder: Folder = None,
) -> None:
    """Remove packs; the images themselves stay, and are decoded again by the next run that asks for them."""
    from gansr.build.caching.command import remove_packs

    remove_packs(folder, names or (), everything, unused, Console(soft_wrap=True, highlight=False))
