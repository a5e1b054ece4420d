"""Natural image quality evaluator: how far a picture is from natural photos, without any ground truth."""

import math
import zipfile
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gansr.errors import DataError, WeightsError
from gansr.imaging.colour import luma_uint8
from gansr.metrics.fidelity.comparison import Comparison
from gansr.metrics.natural.natural_statistics import BLOCK, block_statistics

Colour = Literal["y", "grey"]
FEATURES = 36
KEYS = {"mu_pris_param": (FEATURES,), "cov_pris_param": (FEATURES, FEATURES)}  # name in the file -> its shape
GREY = (0.298936021293775, 0.587043074451121, 0.114020904255103)  # MATLAB's rgb2gray: Y of NTSC, not rounded to 0.299


class NIQE:
    """Natural image quality evaluator, which sees `sr` alone; lower is better, photos score 2 to 5.

    Mittal, Soundararajan, Bovik 2013, after the MATLAB release of its authors: statistics of 96x96 blocks at two
    scales, and the distance of their Gaussian from that of sharp blocks of undistorted photos (Eq. 10). Blocks are
    chosen by sharpness only where that Gaussian is learnt; here all count. Noise or invented texture can score
    better than the truth, so it is a hint and no verdict; scores of small pictures, with few blocks, vary much.

    Args:
        scale: the magnification, the border if that is null
        weights: path of the undistorted photos' Gaussian, an .npz with mu_pris_param and cov_pris_param, such as
            BasicSR's niqe_pris_params.npz
        colour: y, 8-bit Y of BT.601 studio range, is what super-resolution papers feed it; grey is the release's own
            rgb2gray in 8 bits. Grey images are taken as they are
        border: pixels cut off each side; null: the scale, as evaluations of x4 images do

    Raises:
        WeightsError: the file is missing or holds something else.
    """

    needs_hr = False
    higher_is_better = False
    unit = ""
    format = ".3f"

    def __init__(self, scale: int, weights: str, colour: Colour = "y", border: int | None = 0) -> None:
        self.comparison = Comparison("y", scale if border is None else border)
        self.colour = colour
        self.mean, self.covariance = load_pristine(weights)
        colours = {"y": "8-bit Y of BT.601 studio range", "grey": "8-bit rgb2gray"}[colour]
        cut = f"{self.comparison.border} px border cropped" if self.comparison.border else "whole image"
        self.protocol = f"NIQE ({Path(weights).name}), {colours}, {cut}, 96x96 blocks; without ground truth"

    def __call__(self, sr: Tensor, hr: Tensor | None = None) -> float:
        """NIQE of a uint8 image (1 or 3, H, W), whatever `hr` is; infinity where fewer than two blocks are not flat.

        Raises:
            DataError: the image, without its border, holds fewer than two blocks.
        """
        plane = self.comparison.crop(self.plane(sr))
        height, width = plane.shape
        if (height // BLOCK) * (width // BLOCK) < 2:
            raise DataError(
                f"NIQE needs two whole blocks of {BLOCK}x{BLOCK} pixels inside the border of {self.comparison.border}; "
                f"this image has {width}x{height} pixels there."
            )
        return self.distance(block_statistics(plane))

    def plane(self, image: Tensor) -> Tensor:
        """Brightness of a uint8 image (1 or 3, H, W) as whole numbers on 0..255: float64 (H, W)."""
        levels = image.to(torch.float64)
        if len(levels) == 1:
            return levels[0]
        if self.colour == "y":
            return luma_uint8(image)[0].to(torch.float64)
        return (torch.tensordot(levels.new_tensor(GREY), levels, dims=1) + 0.5).floor()

    def distance(self, statistics: Tensor) -> float:
        """Distance of blocks, (blocks, 36), from natural photos, Eq. 10.

        As in the release, a block with a NaN counts for the means of its other numbers and not for the covariance.
        """
        complete = statistics[~statistics.isnan().any(1)]
        if len(complete) < 2:
            return math.inf
        difference = self.mean.to(statistics.device) - statistics.nanmean(0)
        covariance = (self.covariance.to(statistics.device) + torch.cov(complete.T)) / 2
        return (difference @ torch.linalg.pinv(covariance) @ difference).sqrt().item()


def load_pristine(weights: str) -> tuple[Tensor, Tensor]:
    """Mean (36,) and covariance (36, 36) of undistorted photos' statistics, float64.

    Raises:
        WeightsError: the file is missing or holds something else.
    """
    try:
        with np.load(weights, allow_pickle=False) as file:
            found = {key: torch.from_numpy(np.asarray(file[key], np.float64)).squeeze() for key in KEYS}
    except OSError as error:
        raise _misfit(weights, (error.strerror or str(error)).lower()) from None
    except (ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):  # text, pickles, single arrays, other keys
        raise _misfit(weights, "it holds something else") from None
    for key, shape in KEYS.items():
        if found[key].shape != shape or not found[key].isfinite().all():
            raise _misfit(weights, f"{key} has the shape {tuple(found[key].shape)} or numbers that are not finite")
    return found["mu_pris_param"], found["cov_pris_param"]


def _misfit(weights: str, reason: str) -> WeightsError:
    return WeightsError(
        f"NIQE cannot use '{weights}': {reason}. Bring an .npz file with mu_pris_param ({FEATURES} numbers) and "
        f"cov_pris_param ({FEATURES}x{FEATURES}), such as basicsr/metrics/niqe_pris_params.npz of BasicSR's repository."
    )
