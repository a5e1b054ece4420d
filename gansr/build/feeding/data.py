"""Folders in the options -> batches to train on and sets to be judged on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from torch import Tensor

from gansr.build.caching.sources import Sources
from gansr.build.degrading.augmentation import augmentation
from gansr.build.degrading.degradations import MILD, Curriculum, curriculum, margin
from gansr.build.degrading.harvest import wanted
from gansr.build.degrading.ramps import at
from gansr.build.feeding.roots import found_at, validation_root, weights_of
from gansr.build.feeding.streaming import streamed_set
from gansr.build.preparing.named import refuse_unprepared
from gansr.data.batch import Paired
from gansr.data.batches import MakeLr, floats, paired_batches
from gansr.data.degradations.looks.sharpen import unsharp_mask
from gansr.data.files.folders import check_sizes, names_of, pair_lr, without_small
from gansr.data.files.roots import Found, files_of
from gansr.data.files.said import refuse_unreadable
from gansr.data.loading.loader import Waited
from gansr.data.sampler import Moment, ScaleDraw, is_mild, real_side
from gansr.data.sets.evaluation_set import EvaluationSet
from gansr.data.sets.importance import MapSource, open_importance
from gansr.data.sets.mixed_set import WithPairs
from gansr.data.sets.training_set import HrOnly, PairedFiles, Scales, TrainingSet
from gansr.data.unpaired.refusals import HR, REAL_LR, refuse_sides
from gansr.data.unpaired.sides import UnpairedFiles, unpaired_batches
from gansr.options.images import TrainSetOptions
from gansr.options.schema import Options


@dataclass(frozen=True)
class Images:
    """A stage's images: to learn from, and to be judged on."""

    train: TrainingSet
    validation: list[EvaluationSet]
    told: list[str] = field(default_factory=list)  # what a quick look at them found, for people


def training_set(options: Options, sources: Sources | None = None) -> HrOnly | PairedFiles | WithPairs | Scales:
    """The training images: read from pairs of folders, or from one with LR made on the fly, or a mixture of both.

    Raises:
        DataError: a folder is missing or empty, an image is smaller than the crop, a pair does not fit.
    """
    train, sources = options.data.train, sources or Sources()
    found = found_at(train.hr_roots, HR)
    hr = files_of(found)
    fit = set(_large_enough(hr, train))
    weights = weights_of(found, fit, options.seed)
    found_beside, real = _real_pairs(options)
    beside = [pair[1] for pair in real[options.scales[0]]] if real else []
    fitting = [file for file in hr if file in fit]
    importance = _importance([*found, *found_beside], [*fitting, *beside], train)
    rare = weights_of(found_beside, set(beside), options.seed) if real else None
    pairs = _pairs(options, found, fitting)
    both = [file for some in (*pairs.values(), *real.values()) for pair in some for file in pair]
    source, sets = sources.pixels(train, [*fitting, *both], options.train.batch), {}
    for scale in options.scales:
        settings: dict[str, Any] = {
            "crop": options.crop(scale),
            "scale": scale,
            "seed": options.seed,
            "flips": train.flips,
            "rotations": train.rotations,
            "source": source,
            "importance": importance,
            "weights": weights,
        }
        if train.lr is None and not train.keep_lr:
            around = None if train.degradation is None else margin(options, scale)
            photos = HrOnly(fitting, **settings, margin=around)
            sets[scale] = WithPairs(photos, real[scale], _share(options), options.seed, rare) if real else photos
        else:
            kept = sources.kept_lr(train, [file for _, file in pairs[scale]], scale) if train.keep_lr else None
            sets[scale] = PairedFiles(pairs[scale], **settings, lr_source=kept)
    return sets[options.scale] if list(sets) == [options.scale] else Scales(sets, _draw(options))


def unpaired_set(options: Options, sources: Sources | None = None) -> UnpairedFiles:
    """Sharp photos and real LR of other ones, each side shuffled and cut by itself.

    Windows of HR have a margin only where a degradation looks at it: one that the options have, or that is harvested.

    Raises:
        DataError: a side is missing or empty, an image is smaller than its crop, a file is on both sides, one side is
            grey and the other is not.
    """
    train, scale = options.data.train, options.scale
    sharp, real = found_at(train.hr_roots, HR), found_at(train.real_lr_roots, REAL_LR)
    hr = _large_enough(files_of(sharp), train, HR)
    real_lr = _large_enough(files_of(real), train, REAL_LR, scale)
    refuse_sides(hr, real_lr)
    weights = weights_of(sharp, set(hr), options.seed), weights_of(real, set(real_lr), options.seed)
    settings: dict[str, Any] = {
        "flips": train.flips,
        "rotations": train.rotations,
        "source": (sources or Sources()).pixels(train, [*hr, *real_lr], options.train.batch),
    }
    made = train.degradation is not None or wanted(options) is not None
    around = margin(options, scale) if made else 0
    return UnpairedFiles(
        HrOnly(hr, train.crop, scale, options.seed, **settings, margin=around, weights=weights[0]),
        HrOnly(real_lr, train.crop // scale, 1, real_side(options.seed), **settings, margin=0, weights=weights[1]),
    )


def _pairs(options: Options, found: Sequence[Found], hr: Sequence[Path]) -> dict[int, list[tuple[Path, Path]]]:
    """(lr, hr) for each scale where LR is not made for each crop; LR that is kept goes by the name of its HR."""
    train, fit = options.data.train, set(hr)
    if train.keep_lr:
        return {scale: [(file, file) for file in hr] for scale in options.scales}
    if train.lr is None:
        return {}
    pairs = {scale: pair_lr(found, train.lr_folders(scale), scale, "data.train") for scale in options.scales}
    return {scale: [pair for pair in some if pair[1] in fit] for scale, some in pairs.items()}


def _real_pairs(options: Options) -> tuple[list[Found], dict[int, list[tuple[Path, Path]]]]:
    """The HR images of the pairs that stand beside the photos, and these pairs for each scale."""
    train, where = options.data.train, "data.train.pairs"
    if train.pairs is None:
        return [], {}
    found = found_at(train.pairs.hr_roots, f"{where}.hr")
    fit = set(_large_enough(files_of(found), train, where))
    fitting = {
        scale: [pair for pair in pair_lr(found, train.pairs.lr_folders(scale), scale, where) if pair[1] in fit]
        for scale in options.scales
    }
    return found, fitting


def _share(options: Options) -> Callable[[int], float]:
    """Number of a micro-batch -> how many of its samples are real pairs."""
    pairs = options.data.train.pairs
    assert pairs is not None
    return partial(_at_position, pairs.model_dump(by_alias=True)["share"], options.train.accumulate)


def _at_position(share: Any, accumulate: int, position: int) -> float:
    return at(share, position // accumulate)


def _draw(options: Options) -> ScaleDraw:
    return ScaleDraw(options.scales, options.seed, options.train.accumulate)


def _importance(found: Sequence[Found], files: Sequence[Path], train: TrainSetOptions) -> MapSource | None:
    """The maps of some of the images that were found, if the options name any."""
    if train.importance is None:
        return None
    where = "data.train.importance"
    return open_importance(train.importance, names_of(found, files, where), where, megabytes=train.cache_megabytes)


def _large_enough(files: list[Path], train: TrainSetOptions, where: str = "data.train", scale: int = 1) -> list[Path]:
    """Files to cut crops of side crop / scale from: all, or without the small ones where the options say so."""
    crop = train.crop // scale
    refuse_unreadable(files, where)
    fit = without_small(files, crop) if train.small_images == "skip" else []
    check_sizes(fit or files, crop, where, scale)
    return fit or files


def training_batches(
    images: TrainingSet, options: Options, accelerator: Accelerator, waited: Waited | None = None
) -> Callable[[int], Iterator[Any]]:
    """Number of the first micro-batch -> endless batches of this process from there, `Paired` or `Unpaired`.

    `waited` is told for how many seconds each had to be waited for.
    """
    if isinstance(images, UnpairedFiles):
        return lambda start: unpaired_batches(
            images,
            batch=options.train.batch,
            rank=accelerator.process_index,
            world=accelerator.num_processes,
            start=start,
            workers=options.data.train.workers,
            device=accelerator.device,
            crops=options.data.train.crops_per_image,
            waited=waited,
        )
    make, augment = maker(options), augmentation(options)
    return lambda start: paired_batches(
        images,
        scale=options.scale if options.scales == (options.scale,) else _draw(options),
        batch=options.train.batch,
        seed=options.seed,
        rank=accelerator.process_index,
        world=accelerator.num_processes,
        start=start,
        workers=options.data.train.workers,
        device=accelerator.device,
        crops=options.data.train.crops_per_image,
        make=make,
        augment=augment,
        waited=waited,
    )


def maker(options: Options) -> MakeLr | None:
    """How LR is made, where the options say it: by the degradation of the scale and the step, now and then a mild one.

    Raises:
        OptionsError: as `curriculum`.
    """
    train = options.data.train
    if train.degradation is None:
        return None
    usual = {scale: curriculum(train.degradation, options, scale) for scale in options.scales}
    mild: dict[int, Curriculum] = {}
    if train.mild is not None:
        mild = {scale: curriculum(train.mild.degradation, options, scale, MILD) for scale in options.scales}
    share = train.mild.model_dump(by_alias=True)["share"] if train.mild else 0.0

    def make(window: Tensor, moment: Moment) -> Paired:
        step = moment.position // options.train.accumulate
        chosen = mild if is_mild(options.seed, moment.number, at(share, step)) else usual
        made = chosen[moment.scale](step)
        inside = slice(made.margin or None, -made.margin or None)
        whole = floats(window)
        source = unsharp_mask(whole) if train.sharpen else whole
        sharp = source[..., inside, inside] if train.sharpen else None
        return Paired(made(source, moment.seed), whole[..., inside, inside], sharp=sharp)

    return make


def open_images(options: Options, sources: Sources | None = None) -> Images:
    """Find every image of a stage: missing folders and pairs that do not fit are found here.

    Nothing is decoded before an image is asked for, or `sources` are opened.
    """
    refuse_unprepared(options)
    sets = [
        EvaluationSet.open(name, validation_root(one), one.lr, one.scale or options.scale, f"data.validation.{name}")
        for name, one in options.data.validation.items()
    ]
    train = options.data.train
    if train.streaming is not None:
        return Images(streamed_set(options), sets)
    make = training_set if train.real_lr is None else unpaired_set
    return Images(make(options, sources), sets)
