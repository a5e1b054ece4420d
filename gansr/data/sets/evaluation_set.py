"""Whole images to upscale and score."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from gansr.data.files.folders import find_images, pair_lr
from gansr.data.files.images import read_as_stored, read_image, to_rgb
from gansr.data.files.roots import Root, find_root
from gansr.imaging.resize import mod_crop, reduce, reduce_uint8


@dataclass(frozen=True)
class Example:
    """One image of an evaluation set; C = 1 where both files are grey, else 3."""

    name: str  # the HR file's path within its folder, without its extension; the LR file's where there is no HR
    lr: np.ndarray  # uint8 (h, w, C); of an `exact` set float64 on 0..255, which bicubic may overshoot
    hr: np.ndarray | None  # uint8 (scale*h, scale*w, C)


class EvaluationSet:
    """Images in the order of their names, read when they are asked for.

    They are read as MATLAB reads them, without a look at colour profiles, so that scores compare with those of papers;
    where there is no HR there are none to compare with, and colours are what they should look like.

    `files` are (name, lr, hr); without an LR file, the LR is MATLAB's bicubic of the HR, in 8 bits as a file would be,
    or `exact`: in double precision, as in the demonstration code of SRCNN. Without an HR file there is no ground truth,
    and only some metrics can be had.
    """

    def __init__(
        self, name: str, files: Sequence[tuple[str, Path | None, Path | None]], scale: int, exact: bool = False
    ):
        self.name, self.files, self.scale, self.exact = name, list(files), scale, exact

    @classmethod
    def open(
        cls, name: str, hr: Path | Root, lr: Path | None, scale: int, where: str, exact: bool = False
    ) -> "EvaluationSet":
        """Find the images of a folder, or of a part of it, and their LR in another one if there is one.

        `where` names the options' section in messages, for example "data.validation.set5". Raises DataError
        as `find_images` and `pair_lr` do.
        """
        found = find_root(hr if isinstance(hr, Root) else Root(hr), f"{where}.hr")
        pairs = [(None, file) for file in found.files] if lr is None else pair_lr([found], [lr], scale, where)
        files = [(found.names[file].with_suffix("").as_posix(), lr_file, file) for lr_file, file in pairs]
        return cls(name, files, scale, exact)

    @classmethod
    def without_truth(cls, name: str, lr: Path, scale: int, where: str) -> "EvaluationSet":
        """LR images alone. `where` names the option in messages; raises DataError as `find_images` does."""
        files = [(file.relative_to(lr).with_suffix("").as_posix(), file, None) for file in find_images([lr], where)]
        return cls(name, files, scale)

    @property
    def has_truth(self) -> bool:
        """Is there an HR for every image?"""
        return all(hr is not None for _, _, hr in self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Example:
        name, lr_file, hr_file = self.files[index]
        if hr_file is None:
            assert lr_file is not None, "neither LR nor HR"
            return Example(name, read_image(lr_file), None)
        hr = mod_crop(read_as_stored(hr_file), self.scale)
        lr = _reduced(hr, self.scale, self.exact) if lr_file is None else read_as_stored(lr_file)
        if hr.shape[2] == 3:  # a grey HR stays grey, and is compared as such, whatever its LR is stored as
            lr = to_rgb(lr)
        return Example(name, lr, hr)


def _reduced(image: np.ndarray, scale: int, exact: bool) -> np.ndarray:
    pixels = torch.from_numpy(image).permute(2, 0, 1)[None]  # (1, C, H, W)
    small = reduce(pixels.double(), scale) if exact else reduce_uint8(pixels, scale)
    return small[0].permute(1, 2, 0).contiguous().numpy()
