"""Shards in the options -> images to learn from."""

from functools import partial
from typing import Any

from gansr.build.degrading.degradations import margin
from gansr.data.sampler import ScaleDraw
from gansr.data.sets.training_set import HrOnly, PairedFiles, TrainingSet
from gansr.data.streaming.index import counts_of
from gansr.data.streaming.reader import Fit
from gansr.data.streaming.shards import Members, expanded
from gansr.data.streaming.stream import Stream
from gansr.data.streaming.streamed import HR, LR, Held, MakeSet, Streamed
from gansr.options.schema import Options


def streamed_set(options: Options) -> Streamed:
    """The training images of `data.train.streaming`. Only what is beside them or in their headers is read here.

    Raises:
        OptionsError: the library is not installed, or shards are named twice.
        DataError: a local shard is missing or no tar file, or an index that is named cannot be used.
    """
    train = options.data.train
    how = train.streaming
    assert how is not None
    shards = expanded(how.all_shards)
    stream = Stream(tuple(shards), Members(how.hr or "", how.lr), options.seed, how.mixed, counts_of(shards, how.index))
    sets = {scale: _cutting(options, scale) for scale in options.scales}
    draw = ScaleDraw(options.scales, options.seed, options.train.accumulate) if len(sets) > 1 else None
    side = max(options.crop(scale) for scale in options.scales)
    return Streamed(stream, Fit(side, options.scale, train.small_images == "skip"), sets, draw)


def news(images: TrainingSet) -> list[str]:
    """What was met while shards were read, and not told yet."""
    found = []
    while isinstance(images, Streamed) and images.news:
        found.append(images.news.pop(0))
    return found


def notes(images: TrainingSet, step: int) -> list[str]:
    """What there is to know of shards before a run goes on from `step`; nothing of images that are files."""
    if not isinstance(images, Streamed):
        return []
    stream = images.stream
    known = [stream.counts[shard] for shard in stream.shards if shard in stream.counts]
    if len(known) == len(stream.shards):
        return [f"{sum(known)} images in {len(known)} shards"]
    unknown = f"{len(stream.shards)} shards, {len(stream.shards) - len(known)} of which have unknown numbers of images"
    if not step:
        return [f"{unknown}: without data.train.streaming.index, a resumed run reads all that came before once more"]
    return [f"{unknown}: without data.train.streaming.index, all that came before is read once more now"]


def _cutting(options: Options, scale: int) -> MakeSet:
    train = options.data.train
    settings: dict[str, Any] = {
        "crop": options.crop(scale),
        "scale": scale,
        "seed": options.seed,
        "flips": train.flips,
        "rotations": train.rotations,
    }
    if train.streaming is not None and train.streaming.lr is not None:
        return partial(_pair, settings)
    settings["margin"] = None if train.degradation is None else margin(options, scale)
    return partial(_photo, settings)


def _photo(settings: dict[str, Any], held: Held) -> HrOnly:
    return HrOnly([HR], source=held, **settings)


def _pair(settings: dict[str, Any], held: Held) -> PairedFiles:
    return PairedFiles([(LR, HR)], source=held, **settings)
