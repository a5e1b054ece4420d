"""The command line's `gansr data check | list | prepare`."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(help="Sets of images: check them, and list and prepare those of the catalogue.", no_args_is_help=True)

To = Annotated[Path | None, typer.Option("--to", help="folder of prepared sets; omitted: GANSR_DATA, or the user's")]


@app.command("list")
def list_(
    name: Annotated[str | None, typer.Argument(help="one set, at length")] = None,
    to: To = None,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Show the data sets of the field: images, terms, where they come from, and which are prepared."""
    from gansr.build.preparing.asked import lookup
    from gansr.build.preparing.table import details, list_table, row
    from gansr.data.catalogue import CATALOGUE
    from gansr.options.prepared_sets import root

    folder = to or root()
    records = list(CATALOGUE.values()) if name is None else [lookup(name, CATALOGUE)[0]]
    if as_json:
        sys.stdout.write(json.dumps([row(record, folder) for record in records], indent=2) + "\n")
        return
    Console().print(list_table(folder) if name is None else details(records[0], folder))


@app.command()
def prepare(
    names: Annotated[list[str], typer.Argument(help="sets, or parts as div2k/valid; gansr data list shows them")],
    source: Annotated[list[Path] | None, typer.Option("--from", help="archive or folder; may be repeated")] = None,
    download: Annotated[bool, typer.Option("--download", help="fetch it, where its terms let a program")] = False,
    to: To = None,
    scales: Annotated[
        str | None, typer.Option(help="of the LR to make: 2,3,4,8, or none; omitted: 2,3,4, but none for training")
    ] = None,
    lr: Annotated[str | None, typer.Option(help="bicubic, bd, dn, or several: bicubic,bd; omitted: bicubic")] = None,
    mod_crop: Annotated[int | None, typer.Option(min=1, help="cut HR to multiples of this; 12: GTmod12")] = None,
    png: Annotated[bool, typer.Option("--png", help="write HR as PNG; else its files are kept as they are")] = False,
    seed: Annotated[int, typer.Option(min=0, help="of the noise of dn")] = 0,
    allow_partial: Annotated[bool, typer.Option("--allow-partial", help="take what is there of a set")] = False,
    force: Annotated[bool, typer.Option("--force", help="prepare anew what is prepared")] = False,
    keep_downloads: Annotated[bool, typer.Option("--keep-downloads", help="do not remove archives afterwards")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="only compare with the manifests, byte for byte")] = False,
) -> None:
    """Unpack, check and arrange data sets, make their LR, and write manifests; options files can then name them."""
    from gansr.build.preparing import prepare as preparing
    from gansr.build.preparing.asked import Request, parse_how
    from gansr.options.prepared_sets import root

    console = Console(soft_wrap=True)
    request = Request(
        names=tuple(names),
        root=(to or root()).absolute(),
        sources=tuple(source or ()),
        download=download,
        how=parse_how(scales, lr, mod_crop, png, seed),
        allow_partial=allow_partial,
        force=force,
        keep_downloads=keep_downloads,
        command=shlex.join(["gansr", *sys.argv[1:]]),
    )
    if verify:
        preparing.verify(request, console)
        return
    for one in preparing.run(request, console):
        done = "prepared" if one.new else "was prepared before"
        console.print(f"{one.record.name}/{one.part} {done}: {one.folder}", markup=False)
    if to is not None and request.root != root():
        console.print(f"Options files know it by name with GANSR_DATA={request.root} in the environment.", markup=False)


@app.command()
def check(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="folders of sharp images (HR), or prepared sets")
    ],
    lr: Annotated[list[Path] | None, typer.Option(help="folder of their LR; one for each DIR")] = None,
    scale: Annotated[int, typer.Option(min=1, help="of LR")] = 4,
    test: Annotated[
        list[Path] | None,
        typer.Option(help="folder of test images, or a prepared set, which must not be among the others"),
    ] = None,
    crop: Annotated[int, typer.Option(min=1, help="side of the HR crops that training will cut, pixels")] = 128,
    html: Annotated[Path | None, typer.Option(help="write a page with pictures of what was found")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write everything for programs")] = None,
) -> None:
    """Find what is wrong with images before a run does; exit code 1 says that training may not start."""
    from gansr.build.checking.run import Request, run

    if not run(Request(folders, lr or (), scale, test or (), crop, html, json_file), Console()):
        raise typer.Exit(1)
