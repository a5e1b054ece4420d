"""Options that say where images are -> the images."""

from collections.abc import Collection, Sequence
from pathlib import Path

from gansr.data.files import said
from gansr.data.files.folders import pair_lr, without_small
from gansr.data.files.roots import Found, Root, files_of, find_roots
from gansr.data.sets.weighted import Weights, weights_for
from gansr.data.unpaired.refusals import HR, REAL_LR
from gansr.options.images import SetOptions
from gansr.options.roots import RootOptions
from gansr.options.schema import Options


def roots(several: Sequence[RootOptions]) -> list[Root]:
    """The places as `gansr.data` has them."""
    return [Root(one.home, one.list, _patterns(one.include), _patterns(one.exclude), one.weight) for one in several]


def found_at(several: Sequence[RootOptions], where: str) -> list[Found]:
    """The images of every place. Raises DataError as `find_roots`."""
    return find_roots(roots(several), where)


def weights_of(found: Sequence[Found], kept: Collection[Path], seed: int) -> Weights | None:
    """How often each of the files comes, of which some may have been left out. They are in the order of `files_of`."""
    counts = [sum(file in kept for file in one.files) for one in found]
    return weights_for(counts, [one.root.weight for one in found], seed)


def _small(found: Sequence[Found], options: Options, scale: int = 1) -> list[str]:
    """What is left out since no crop can be cut from it, where the options say that it shall be."""
    if options.data.train.small_images != "skip":
        return []
    files, crop = files_of(found), options.data.train.crop // scale
    small = len(files) - len(without_small(files, crop))
    return [f"  {small} of them are smaller than the crop of {crop}x{crop} pixels, and left out"] if small else []


def validation_root(options: SetOptions) -> Root:
    """Where the HR images of a validation set are."""
    return Root(options.hr, include=_patterns(options.include), exclude=_patterns(options.exclude))


def _patterns(found: str | tuple[str, ...]) -> tuple[str, ...]:
    return (found,) if isinstance(found, str) else found


def say_images(options: Options) -> list[str]:
    """What a run's training images are, where they are from, and what is done to the odd ones, in lines for people.

    Raises:
        DataError: as when they are found.
    """
    train = options.data.train
    sides = {HR: train.hr_roots, REAL_LR: train.real_lr_roots}
    found = {where: found_at(places, where) for where, places in sides.items() if places}
    lines = []
    for where, images in found.items():
        lines += [*said.say_images(images, where), *_small(images, options, options.scale if where == REAL_LR else 1)]
    made = [] if train.lr is None else [("data.train", found[HR], train.lr_folders)]
    if train.pairs is not None:
        beside = found_at(train.pairs.hr_roots, "data.train.pairs.hr")
        lines += [*said.say_images(beside, "data.train.pairs.hr"), *_small(beside, options)]
        made.append(("data.train.pairs", beside, train.pairs.lr_folders))
    for where, images, folders in made:
        for scale in options.scales:
            pairs = pair_lr(images, folders(scale), scale, where)
            title = f"{where}.lr" if len(options.scales) == 1 else f"{where}.lr.{scale}"
            lines += [said.said_of_files([lr for lr, _ in pairs], title), *said.said_of_pairs(pairs, title)]
    return lines
