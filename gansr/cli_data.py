"""`gansr data ...`: folders of images before training."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(help="Look at folders of images before training.", no_args_is_help=True)


@app.command()
def check(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="folders of sharp images (HR)")],
    lr: Annotated[list[Path] | None, typer.Option(help="folder of their LR; one for each DIR")] = None,
    scale: Annotated[int, typer.Option(min=1, help="of LR")] = 4,
    test: Annotated[
        list[Path] | None, typer.Option(help="folder of test images, which must not be among the others")
    ] = None,
    crop: Annotated[int, typer.Option(min=1, help="side of the HR crops that training will cut, pixels")] = 128,
    html: Annotated[Path | None, typer.Option(help="write a page with pictures of what was found")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write everything for programs")] = None,
) -> None:
    """Find what is wrong with images before a run does; exit code 1 says that training may not start."""
    from gansr.build.checking.run import Request, run

    if not run(Request(folders, lr or (), scale, test or (), crop, html, json_file), Console()):
        raise typer.Exit(1)
