"""Folders in the options -> batches to train on and sets to be judged on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from torch import Tensor

from gansr.build.degradations import degradation, margin
from gansr.data.batch import Paired
from gansr.data.batches import MakeLr, TrainingSet, floats, paired_batches
from gansr.data.cache import ImageCache
from gansr.data.degradations.pipeline import Degradation
from gansr.data.degradations.sharpen import unsharp_mask
from gansr.data.evaluation_set import EvaluationSet
from gansr.data.folders import check_sizes, find_images, pair_lr, without_small
from gansr.data.importance import MapSource, open_importance
from gansr.data.sampler import ScaleDraw
from gansr.data.training_set import HrOnly, PairedFiles, Scales
from gansr.options.images import TrainSetOptions
from gansr.options.schema import Options


@dataclass(frozen=True)
class Images:
    """A stage's images: to learn from, and to be judged on."""

    train: TrainingSet
    validation: list[EvaluationSet]


def training_set(options: Options) -> HrOnly | PairedFiles | Scales:
    """The training images: read from pairs of folders, or from one with LR made on the fly.

    Raises:
        DataError: a folder is missing or empty, an image is smaller than the crop, a pair does not fit.
    """
    train, cache = options.data.train, ImageCache(options.data.train.cache_megabytes)
    hr = find_images(train.hr_folders, "data.train.hr")
    fit = set(_large_enough(hr, train))
    importance = _importance([file for file in hr if file in fit], train)
    sets = {}
    for scale in options.scales:
        settings: dict[str, Any] = {
            "crop": options.crop(scale),
            "scale": scale,
            "seed": options.seed,
            "flips": train.flips,
            "rotations": train.rotations,
            "cache": cache,
            "importance": importance,
        }
        if train.lr is None:
            around = None if train.degradation is None else margin(options, scale)
            sets[scale] = HrOnly([file for file in hr if file in fit], **settings, margin=around)
        else:
            pairs = pair_lr(train.hr_folders, train.lr_folders(scale), scale, "data.train")
            sets[scale] = PairedFiles([pair for pair in pairs if pair[1] in fit], **settings)
    return sets[options.scale] if list(sets) == [options.scale] else Scales(sets, _draw(options))


def _draw(options: Options) -> ScaleDraw:
    return ScaleDraw(options.scales, options.seed, options.train.accumulate)


def _importance(files: list[Path], train: TrainSetOptions) -> MapSource | None:
    """The maps of the training images, if the options name any."""
    if train.importance is None:
        return None
    where = "data.train.importance"
    return open_importance(train.importance, files, train.hr_folders, where, megabytes=train.cache_megabytes)


def _large_enough(files: list[Path], train: TrainSetOptions) -> list[Path]:
    """Files to cut crops from: all of them, or without the small ones where the options say so."""
    fit = without_small(files, train.crop) if train.small_images == "skip" else []
    check_sizes(fit or files, train.crop, "data.train")
    return fit or files


def training_batches(
    images: TrainingSet, options: Options, accelerator: Accelerator
) -> Callable[[int], Iterator[Paired]]:
    """Number of the first micro-batch -> endless batches of this process from there."""
    makers = {scale: _degraded(made, options) for scale in options.scales if (made := degradation(options, scale))}
    return lambda start: paired_batches(
        images,
        scale=_draw(options) if isinstance(images, Scales) else options.scale,
        batch=options.train.batch,
        seed=options.seed,
        rank=accelerator.process_index,
        world=accelerator.num_processes,
        start=start,
        workers=options.data.train.workers,
        device=accelerator.device,
        makers=makers,
    )


def _degraded(made: Degradation, options: Options) -> MakeLr:
    """Bytes of windows -> LR by the degradation, of sharpened HR where the options say so."""
    inside = slice(made.margin or None, -made.margin or None)

    def make(window: Tensor, seed: int) -> Paired:
        whole = floats(window)
        source = unsharp_mask(whole) if options.data.train.sharpen else whole
        sharp = source[..., inside, inside] if options.data.train.sharpen else None
        return Paired(made(source, seed), whole[..., inside, inside], sharp=sharp)

    return make


def open_images(options: Options) -> Images:
    """Find every image of a stage: missing folders and pairs that do not fit are found here."""
    sets = [
        EvaluationSet.open(name, folders.hr, folders.lr, folders.scale or options.scale, f"data.validation.{name}")
        for name, folders in options.data.validation.items()
    ]
    return Images(training_set(options), sets)
