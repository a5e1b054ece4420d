"""How natural do folders of pictures look? Prints NIQE of every picture and the mean of every folder.

usage: python scripts/experiments/no_reference.py FOLDER... --niqe FILE [--colour grey] [--border 4]

For pictures without ground truth: real photos that were enlarged, or LR itself. Lower is nearer to undistorted photos;
compare only pictures of the same contents and size. FILE is the pristine model, see gansr/metrics/natural/niqe.py.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import torch

from gansr.data.files.folders import find_images
from gansr.data.files.images import read_image
from gansr.errors import DataError, UserError
from gansr.metrics.natural.niqe import NIQE


def scores(folder: Path, niqe: NIQE) -> dict[str, float]:
    """Picture, relative to the folder -> its NIQE."""
    return {file.relative_to(folder).as_posix(): score(file, niqe) for file in find_images([folder], "FOLDER")}


def score(file: Path, niqe: NIQE) -> float:
    try:
        return niqe(torch.tensor(read_image(file)).permute(2, 0, 1))
    except DataError as error:
        raise error.at(str(file)) from None


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--niqe", required=True, metavar="FILE", help="the pristine model, an .npz file")
    parser.add_argument("--colour", choices=("y", "grey"), default="y")
    parser.add_argument("--border", type=int, default=0, help="pixels cut off each side")
    asked = parser.parse_args(arguments)
    try:
        niqe = NIQE(1, asked.niqe, asked.colour, asked.border)
        print(niqe.protocol)
        for folder in asked.folders:
            found = scores(folder, niqe)
            for name, value in found.items():
                print(f"{value:8.3f}  {folder / name}")
            print(f"{fmean(found.values()):8.3f}  mean of {len(found)} in {folder}")
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
