"""Kernels and noise from a run's real LR, once, and how its LR is made with them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from gansr.build.degrading.calibrate import Photos, fitted
from gansr.build.degrading.sheet import sheet
from gansr.build.feeding.roots import roots
from gansr.data.files.images import write_image
from gansr.data.files.roots import Root
from gansr.data.unpaired.harvest import Harvest, Wanted, harvest, widths
from gansr.data.unpaired.refusals import HR, REAL_LR
from gansr.errors import OptionsError, StorageError
from gansr.inference.files import make_folder
from gansr.options.harvest import HarvestOptions
from gansr.options.images import DegradationRow
from gansr.options.pipeline_file import read_pipeline
from gansr.options.schema import Options
from gansr.training.files import replace_text

PIPELINE, FOLDER, RECORD = "harvest.yml", "harvest", "harvest.json"
KERNELS, NOISE, PICTURE = "kernels.npy", "noise.npy", "harvest.png"
SHOWN, SIDE = 8, 96  # pictures of each kind on the sheet, and their least side


def harvest_rows(options: Options, folder: Path, say: Callable[[str], None]) -> list[DegradationRow]:
    """The operations that make LR as real LR is; what they read lies in the run's folder, and is made if it does not.

    The first call measures the photos and writes `harvest.yml` (a pipeline that `gansr degrade --preset` takes too),
    `harvest/kernels.npy`, `harvest/noise.npy` and a picture of both. Later calls, of a resumed run or of other
    processes, read that back and measure nothing. So the main process goes first and the others wait for it.

    Args:
        options: of a run with `data.train.real_lr`, and `harvest` for how much is taken
        folder: of the run
        say: tells a person what was found

    Raises:
        DataError: photos that are missing, too few or cannot be read.
        OptionsError: a harvest in the folder that somebody has changed.
        StorageError: the disk is full.
    """
    asked = _asked(options)
    known = _known(folder)
    if known is not None and known != asked:
        changed = ", ".join(key for key in asked if known.get(key) != asked[key])
        say(f"harvest: {folder / PIPELINE} was made with another {changed}, and is made anew.")
    if known != asked:
        _write(_made(options, say), folder, options, asked)
    return _read(folder, options.scale)


def stand_in(options: Options) -> list[DegradationRow]:
    """Operations of the same kinds, for whoever checks a run without its photos."""
    kinds: list[dict[str, Any]] = [
        {"type": "gaussian", "sigma": [1.0, 1.0], "size": 21},
        {"type": "matlab_bicubic"},
        {"type": "gaussian_noise"},
        {"type": "jpeg"},
        {"type": "to_8_bit"},
    ]
    return [DegradationRow.model_validate(row) for row in kinds]


def with_rows(options: Options, rows: Sequence[DegradationRow]) -> Options:
    """Options whose LR is made by these operations."""
    train = options.data.train.model_copy(update={"degradation": tuple(rows)})
    return options.model_copy(update={"data": options.data.model_copy(update={"train": train})})


def wanted(options: Options) -> HarvestOptions | None:
    """What a run takes from its real LR; None for a run of another recipe."""
    return getattr(options, "harvest", None)


def _asked(options: Options) -> dict[str, Any]:
    train, how = options.data.train, wanted(options) or HarvestOptions()
    places = {"hr": train.hr_roots, "real_lr": train.real_lr_roots}
    named = {name: [_named(root) for root in roots(each)] for name, each in places.items()}
    return {"scale": options.scale, "seed": options.seed, **named, **how.model_dump()}


def _named(root: Root) -> str | dict[str, Any]:
    """What decides which photos there are: a folder as such, or more."""
    parts = {"list": root.list and str(root.list), "include": list(root.include), "exclude": list(root.exclude)}
    return str(root.folder) if not any(parts.values()) else {"folder": str(root.folder)} | parts


def _known(folder: Path) -> dict[str, Any] | None:
    """What the harvest in the folder was asked for; None where none was finished."""
    record = folder / FOLDER / RECORD
    if not record.exists():
        return None
    try:
        return dict(json.loads(record.read_text("utf-8"))["asked"])
    except (ValueError, TypeError, KeyError):
        raise OptionsError(
            f"{record}: it is no record of a harvest; expected what this program wrote. Remove it, and kernels and "
            f"noise are taken from the photos again."
        ) from None


def _made(options: Options, say: Callable[[str], None]) -> Harvest:
    train, how = options.data.train, wanted(options) or HarvestOptions()
    real = Photos.found(roots(train.real_lr_roots), REAL_LR, 1)
    sharp = Photos.found(roots(train.hr_roots), HR, options.scale)
    found, folder = fitted(real, sharp, options.scale, options.seed)
    images = [image for _, image in real.images]
    made = harvest(images, folder, found, options.scale, options.seed, Wanted(**how.model_dump()))
    say(f"harvest: from {len(images)} real LR photos, compared with {len(sharp.images)} HR photos")
    for line in [*real.remarks, *sharp.remarks, *(f"{line}." for line in made.words)]:
        say(f"  {line}")
    return made


def _write(made: Harvest, folder: Path, options: Options, asked: dict[str, Any]) -> None:
    """The record last: without it there is no harvest."""
    inner = folder / FOLDER
    make_folder(inner)
    rows = made.rows(str(inner / KERNELS), str(inner / NOISE))
    head = "".join(f"# {line[0].upper()}{line[1:]}.\n" for line in made.words)
    body = yaml.safe_dump({"scale": options.scale, "degradation": rows}, sort_keys=False, default_flow_style=None)
    try:
        (inner / RECORD).unlink(missing_ok=True)
        for name, numbers in ((KERNELS, made.kernels), (NOISE, made.noise)):
            (inner / name).unlink(missing_ok=True)
            if numbers is not None:
                np.save(inner / name, numbers)
        replace_text(folder / PIPELINE, head + body)
        if (picture := _picture(made)) is not None:
            write_image(inner / PICTURE, picture)
        replace_text(inner / RECORD, json.dumps({"asked": asked, "found": made.words}, indent=1) + "\n")
    except OSError as error:
        raise StorageError(f"{inner}: the harvest cannot be saved: {error.strerror}.") from None


def _read(folder: Path, scale: int) -> list[DegradationRow]:
    """The rows, with files where the folder is now: it may have been moved."""
    found = read_pipeline(folder / PIPELINE, scale).degradation
    return [
        DegradationRow.model_validate(
            row.model_dump(by_alias=True) | {"file": str(folder / FOLDER / Path(row.arguments["file"]).name)}
        )
        if "file" in row.arguments
        else row
        for row in found
    ]


def _picture(made: Harvest) -> np.ndarray | None:
    """Some kernels, brightest at their peak, and some patches on grey."""
    pictures, captions = [], []
    if made.kernels is not None:
        for kernel, (along, across) in list(zip(made.kernels, widths(made.kernels), strict=True))[:SHOWN]:
            pictures.append(np.repeat(kernel[..., None] / kernel.max(), 3, 2))
            captions.append([f"kernel, {along:.2f} x {across:.2f} HR pixels"])
    for patch in made.noise[:SHOWN] if made.noise is not None else ():
        pictures.append(0.5 + patch.transpose(1, 2, 0))
        captions.append([f"noise, {255 * patch.std():.1f} levels"])
    if not pictures:
        return None
    side = max(SIDE, *(len(picture) for picture in pictures))
    return sheet([_enlarged(picture, side) for picture in pictures], captions, SHOWN // 2)


def _enlarged(picture: np.ndarray, side: int) -> np.ndarray:
    """Every pixel as often as it takes, uint8 (side, side, 3)."""
    places = np.arange(side) * len(picture) // side
    return (picture[places][:, places] * 255).round().clip(0, 255).astype(np.uint8)
