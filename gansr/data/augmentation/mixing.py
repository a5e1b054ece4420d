"""Samples made of two: whole images mixed, or a rectangle of one put in the place of another.

After Yoo et al. 2020, "Rethinking Data Augmentation for Image Super-resolution", whose code draws one number for a
whole batch; here each sample has its own. Rectangles lie on the grid of LR pixels, so LR and HR fit together everywhere
but along their edges, where LR near the edge knows nothing of what is beyond.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from gansr.data.augmentation.lots import Augmentation, Lots
from gansr.data.batch import Paired
from gansr.errors import OptionsError
from gansr.imaging.resize import reduce

Range = tuple[float, float]


def mixup(alpha: float = 1.2, *, batch: int) -> Augmentation:
    """v x + (1 - v) y for another sample y of the batch, in LR, HR, sharpened HR and importance alike.

    v is of Beta(alpha, alpha) (Zhang et al. 2018, "mixup"; alpha as in Yoo et al. 2020). LR is no longer in whole
    levels of 8 bits.

    Args:
        alpha: the larger, the nearer v is to one half
        batch: samples in a batch
    """
    if not 0 < alpha < math.inf:
        raise OptionsError(f"alpha is {alpha:g}; expected a finite number above 0.")
    _check_company("mixup", batch)

    def augmentation(batch: Paired, lots: Lots) -> Paired:
        partner, share = lots.partner(), lots.beta(alpha)[:, None, None, None]
        return _combined(batch, partner, lambda one, other: torch.lerp(other, one, share))

    return augmentation


def cutmix(side: Range = (0.68, 0.72), *, batch: int) -> Augmentation:
    """A rectangle of another sample of the batch at the same place, in LR, HR, sharpened HR and importance.

    Yun et al. 2019, "CutMix"; the sides are those of Yoo et al. 2020, who draw N(0.7, 0.01) for both.

    Args:
        side: range of the rectangle's sides as parts of the image's, drawn for each of the two
        batch: samples in a batch
    """
    _check_side(side)
    _check_company("cutmix", batch)

    def augmentation(batch: Paired, lots: Lots) -> Paired:
        partner, inside = lots.partner(), _rectangle(batch.lr, side, lots)
        return _combined(batch, partner, lambda one, other: torch.where(_enlarged(inside, one), other, one))

    return augmentation


def cutblur(side: Range = (0.68, 0.72), *, lr_is_bicubic: bool) -> Augmentation:
    """LR with a part that is sharp, or sharp with a part that is LR, each for half of the samples; HR stays.

    CutBlur of Yoo et al. 2020, by which a network learns where, and how much, there is to mend. Theirs get LR enlarged
    to the size of HR, and HR is pasted: so it is here for a scale of 1. Networks that enlarge get LR as it is; into it
    HR is pasted shrunk by MATLAB's bicubic, in 8 bits, which is LR that no degradation has touched. With sharpened HR
    that is what is pasted, since the rest of LR was made of it.

    Args:
        side: as in `cutmix`
        lr_is_bicubic: LR is made by nothing else
    """
    _check_side(side)
    if lr_is_bicubic:
        raise OptionsError(
            "without data.train.degradation, lr or pairs, all LR is bicubic, and it would be put in its own place."
        )

    def augmentation(batch: Paired, lots: Lots) -> Paired:
        inside, swapped = _rectangle(batch.lr, side, lots), lots.uniform() < 0.5
        source = batch.hr if batch.sharp is None else batch.sharp
        scale = source.shape[-1] // batch.lr.shape[-1]
        clean = reduce(source, scale).clamp(0, 1).mul(255).round_().div_(255) if scale > 1 else source
        return replace(batch, lr=torch.where(inside ^ swapped[:, None, None, None], clean, batch.lr))

    return augmentation


def _combined(batch: Paired, partner: Tensor, combine: Callable[[Tensor, Tensor], Tensor]) -> Paired:
    """Every image of the batch with that of its partner."""

    def both(image: Tensor | None) -> Tensor | None:
        return None if image is None else combine(image, image[partner])

    lr, hr = combine(batch.lr, batch.lr[partner]), combine(batch.hr, batch.hr[partner])
    return replace(batch, lr=lr, hr=hr, sharp=both(batch.sharp), importance=both(batch.importance))


def _rectangle(lr: Tensor, side: Range, lots: Lots) -> Tensor:
    """Where a rectangle is, on the grid of LR: (B, 1, H, W) of booleans."""
    parts, places = lots.uniform(*side, 2), lots.uniform(0, 1, 2)
    masks = []
    for axis, length in enumerate(lr.shape[-2:]):
        extent = (parts[:, axis] * length).floor().clamp(1, length)
        first = (places[:, axis] * (length - extent + 1)).floor()
        grid = torch.arange(length, device=lr.device)
        masks.append((grid >= first[:, None]) & (grid < (first + extent)[:, None]))
    rows, columns = masks
    return (rows[:, :, None] & columns[:, None, :])[:, None]


def _enlarged(mask: Tensor, like: Tensor) -> Tensor:
    """A mask on the grid of LR for images of any whole multiple of its size."""
    for axis in (-2, -1):
        mask = mask.repeat_interleave(like.shape[axis] // mask.shape[axis], dim=axis)
    return mask


def _check_side(side: Range) -> None:
    low, high = side
    if not 0 < low <= high <= 1:
        raise OptionsError(f"side is ({low:g}, {high:g}); expected two parts of 1, more than 0, the smaller one first.")


def _check_company(name: str, batch: int) -> None:
    if batch < 2:
        raise OptionsError(f"{name} mixes samples of a batch, and train.batch is {batch}; expected 2 or more.")
