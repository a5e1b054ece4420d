"""The command line: `gansr train | check | evaluate | report | compare | upscale | import | degrade | ...`."""

import errno
import io
import json
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from gansr.cli_cache import app as cache_app
from gansr.cli_data import app as data_app
from gansr.errors import OptionsError, UserError

app = typer.Typer(
    help="Train, evaluate and use generative super-resolution networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data_app, name="data")
app.add_typer(cache_app, name="cache")

OptionsFile = Annotated[Path, typer.Argument(help="options file (YAML)")]
Overrides = Annotated[list[str] | None, typer.Argument(help="section.key=value, e.g. train.steps=1000")]
Cpu = Annotated[bool, typer.Option("--cpu", help="do not use a GPU")]
Scale = Annotated[int | None, typer.Option(min=1, help="for bicubic, and for weights that do not say theirs")]
Generator = Annotated[
    str | None,
    typer.Option(help="architecture of weights that do not say theirs: '{type: rrdbnet, blocks: 23}'"),
]
Tile = Annotated[int | None, typer.Option(help="upscale in tiles of so many LR pixels: less memory")]
ExactLr = Annotated[
    bool,
    typer.Option("--exact-lr", help="LR made of HR keeps its fractions, as in many papers' own scripts"),
]
Ensemble = Annotated[bool, typer.Option("--ensemble", help="mean of 8 passes, turned and mirrored: 8 times the time")]


@app.command()
def train(options: OptionsFile, overrides: Overrides = None, cpu: Cpu = False) -> None:
    """Train what the options file describes; an interrupted run goes on where it stopped."""
    from gansr.build.train import train as run
    from gansr.options.load import load

    weights = run(load(options, overrides or ()), cpu)
    if int(os.environ.get("RANK", "0")):
        return
    if weights is None:
        Console(soft_wrap=True).print("Stopped and saved. The same command goes on from here.")
        raise typer.Exit(130)
    Console(soft_wrap=True).print(f"Done. Try it: gansr upscale PHOTO -o LARGE.png --weights {weights}", markup=False)


@app.command()
def check(options: OptionsFile, overrides: Overrides = None) -> None:
    """Build everything without data or weights; print parameters, losses and an estimate of memory."""
    from gansr.build.examining.check import examine
    from gansr.build.examining.describe import examination_table
    from gansr.build.making.ship import written_before
    from gansr.options.load import load

    console, stages = Console(), load(options, overrides or ())
    for stage, written in zip(stages, written_before(stages), strict=True):
        console.print(examination_table(examine(stage, written)))


@app.command()
def evaluate(
    weights: Annotated[list[str], typer.Argument(help="weights files, folders of finished pictures, or bicubic")],
    on: Annotated[list[str], typer.Option(help="NAME=HR_DIR[:LR_DIR], NAME=:LR_DIR, or a prepared set; repeatable")],
    json_file: Annotated[Path | None, typer.Option("--json", help="also write every number here")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="and here, a row each")] = None,
    latex: Annotated[Path | None, typer.Option(help="write the tables for a paper")] = None,
    markdown: Annotated[Path | None, typer.Option(help="write the tables for a page")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="psnr, ssim, or '{type: ..., argument: ...}'")] = None,
    protocol: Annotated[str | None, typer.Option(help="by name, for metrics that know it: docs/evaluation.md")] = None,
    colour: Annotated[str | None, typer.Option(help="y or rgb, for psnr and ssim")] = None,
    border: Annotated[int | None, typer.Option(min=0, help="pixels cropped at each side; omitted: the scale")] = None,
    scale: Scale = None,
    generator: Generator = None,
    tile: Tile = None,
    ensemble: Ensemble = False,
    exact: Annotated[bool, typer.Option("--exact-lr", help="LR made of HR keeps fractions, as in many papers")] = False,
    seed: Annotated[int, typer.Option(min=0, help="of the confidence intervals")] = 0,
    cpu: Cpu = False,
) -> None:
    """Score weights, or plain bicubic, on folders of photos: PSNR, SSIM and more, each with its protocol."""
    from gansr.build.evaluate import Request, run
    from gansr.build.evaluating.asked import Protocol
    from gansr.build.evaluating.files import Files

    run(
        Request(
            weights,
            on,
            metric or ["psnr", "ssim"],
            Protocol(protocol, colour, border),
            scale,
            generator,
            tile,
            ensemble,
            exact,
            cpu,
            seed,
            Files(json_file, csv_file, latex, markdown),
            shlex.join(["gansr", *sys.argv[1:]]),
        )
    )


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="folders of runs, or of their stages")],
    output: Annotated[Path, typer.Option("--output", "-o", help="the page")] = Path("report.html"),
    on: Annotated[list[str] | None, typer.Option(help="further sets: NAME=HR_DIR[:LR_DIR]")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="further metrics, or '{type: ..., argument: ...}'")] = None,
    scores: Annotated[list[Path] | None, typer.Option(help="other models: what evaluate --json wrote")] = None,
    images: Annotated[int, typer.Option(min=1, help="pictures of each set")] = 8,
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="only what the logs say: seconds")] = False,
    tile: Tile = None,
    cpu: Cpu = False,
) -> None:
    """Make one self-contained HTML page about runs: curves, pictures, scores, options, health of the game."""
    from gansr.build.report import Request, run

    count = 0 if no_pictures else images
    run(Request(runs, output, on or (), metric or (), scores or (), count, tile, cpu), Console())


@app.command()
def compare(
    one: Annotated[Path, typer.Argument(metavar="DIR_A", help="finished images")],
    other: Annotated[Path, typer.Argument(metavar="DIR_B", help="the same images, made by somebody else")],
    hr: Annotated[Path | None, typer.Argument(metavar="HR_DIR", help="the ground truth, if there is one")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="the page")] = Path("compare.html"),
    metric: Annotated[list[str] | None, typer.Option(help="instead of psnr and ssim")] = None,
    scale: Annotated[int | None, typer.Option(min=1, help="the border that metrics leave out; omitted: 4")] = None,
    images: Annotated[int, typer.Option(min=1, help="pictures on the page")] = 8,
) -> None:
    """Make the page of a report for two folders of finished images, of whatever program."""
    from gansr.build.compare import Request, run

    run(Request(one, other, hr, output, metric or (), scale, images), Console())


@app.command()
def upscale(
    source: Annotated[Path, typer.Argument(help="a photo, or a folder of photos")],
    output: Annotated[Path, typer.Option("--output", "-o", help="a file, or a folder")],
    weights: Annotated[str, typer.Option(help="weights file, or the word bicubic")],
    scale: Scale = None,
    generator: Generator = None,
    tile: Tile = None,
    ensemble: Ensemble = False,
    cpu: Cpu = False,
) -> None:
    """Upscale a photo, or every photo in a folder, with a trained network."""
    from gansr.build.evaluate import cuts, say_cut, upscaler
    from gansr.inference.files import upscale_files

    network = upscaler(weights, scale, generator, tile, cpu, ensemble)
    written = list(upscale_files(network, source, output))
    console = Console(soft_wrap=True)
    if cut := cuts(network):
        console.print(f"{weights}: {say_cut(cut)}", markup=False)
    console.print(f"Wrote {len(written)} file(s) to {output}.", markup=False)


@app.command()
def degrade(
    source: Annotated[Path, typer.Argument(help="a photo, or a folder of photos")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="a picture with --grid, a .yml file with --fit, else a folder")
    ],
    preset: Annotated[
        str | None, typer.Option(help="a preset's name, a fitted pipeline, or an options file; omitted: real_esrgan")
    ] = None,
    fit: Annotated[
        Path | None, typer.Option(help="folder of real LR: write the pipeline that makes SOURCE, sharp photos, alike")
    ] = None,
    scale: Scale = None,
    grid: Annotated[str | None, typer.Option(help="ROWSxCOLUMNS: one photo under so many draws")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="other numbers, other draws")] = 0,
) -> None:
    """Show what a degradation makes of a photo, write a fixed set of LR images with a manifest, or fit a pipeline."""
    from gansr.build.degrading.degrade import Request, run

    if fit is not None:
        _fit(fit, source, output, preset, scale, grid, seed)
        return
    written = run(Request(source, output, preset or "real_esrgan", scale, grid, seed))
    Console(soft_wrap=True).print(f"Wrote {len(written)} file(s), the last one {written[-1]}.", markup=False)


def _fit(
    real: Path, sharp: Path, output: Path, preset: str | None, scale: int | None, grid: str | None, seed: int
) -> None:
    from gansr.build.degrading.calibrate import Request, run
    from gansr.build.degrading.calibration_table import calibration_table

    if preset is not None or grid is not None:
        raise OptionsError(
            "--fit makes a pipeline, so give neither --preset nor --grid with it: they show what one does."
        )
    found = run(Request(real, sharp, output, scale or 4, seed))
    Console(soft_wrap=True).print(calibration_table(found))
    Console(soft_wrap=True).print(
        f"Wrote {found.written[0]} and {found.written[1]}. Try it: gansr degrade {sharp} -o FOLDER --preset {output}",
        markup=False,
    )


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="weights of another project: .pth, .pt or .safetensors")],
    output: Annotated[Path, typer.Option("--output", "-o", help="a .safetensors file")],
    scale: Annotated[int | None, typer.Option(min=1, help="to be kept in the file, where weights fit several")] = None,
    generator: Generator = None,
) -> None:
    """Turn weights of other projects into a file of ours, which says what it is; refuse those that would run code."""
    from gansr.build.bring import bring
    from gansr.build.evaluate import generator_options
    from gansr.models.shapes import DOZEN, sample

    found = bring(file, output, generator_options(generator), scale)
    left_out = f" {sample('tensors of others left out', found.others, DOZEN)}." if found.others else ""
    Console(soft_wrap=True).print(
        f"{file}: {found.architecture}, {found.parameters:,} parameters, named as in {found.source}.{left_out} "
        f"Wrote {output}.",
        markup=False,
    )


@app.command("list")
def list_(
    table: Annotated[str, typer.Argument(help="generators, discriminators, losses, recipes, ...; all: every table")],
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Print what the `type:` of a component may be, with its arguments."""
    from gansr.build.examining.describe import listing_table
    from gansr.build.examining.listing import rows
    from gansr.build.making.parts import TABLES

    names = list(TABLES) if table == "all" else [table]
    found = {name: rows(name) for name in names}
    if as_json:
        _print_json(found if table == "all" else found[table])
        return
    for name in names:
        Console().print(listing_table(name, found[name]))


@app.command()
def schema() -> None:
    """Print the JSON schema of an options file, so that an editor completes it."""
    from gansr.build.examining.listing import schema as whole

    _print_json(whole())


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def main() -> None:
    """Run the command line; a user's mistake is one paragraph and exit code 2, never a traceback."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be text; stderr does so anyhow
    sys.path.insert(0, str(Path.cwd()))  # `type: my_module:MyNet` is looked for here too, as `python -m` does
    try:
        app()
    except UserError as error:
        _fail(str(error))
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _fail(f"The disk is full: {error}. Checkpoints written before are complete.")


def _fail(message: str) -> None:
    rank = int(os.environ.get("RANK", "0"))
    who = f"process {rank}: " if rank else ""
    Console(stderr=True, soft_wrap=True, highlight=False).print(f"[bold red]Error:[/] {who}{escape(message)}")
    sys.exit(2)
