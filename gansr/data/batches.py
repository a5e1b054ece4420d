"""From training files to batches on the device."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from gansr.data.batch import Paired
from gansr.data.loading.loader import Samples, Waited, loaded
from gansr.data.sampler import CounterSampler, Moment, ScaleDraw, batch_seed
from gansr.data.sets.mixed_set import Sourced
from gansr.data.sets.training_set import TrainingSet, Weighted
from gansr.data.streaming.streamed import Streamed
from gansr.imaging.resize import reduce_window_uint8

MakeLr = Callable[[Tensor, Moment], Paired]
"""Bytes of windows (B, 3, h, w) -> the pairs."""
Augment = Callable[[Paired, Moment], Paired]


def paired_batches(
    dataset: TrainingSet,
    *,
    scale: int | ScaleDraw,
    batch: int,
    seed: int,
    rank: int = 0,
    world: int = 1,
    start: int = 0,
    workers: int = 0,
    device: torch.device,
    crops: int = 1,
    make: MakeLr | None = None,
    augment: Augment | None = None,
    waited: Waited | None = None,
) -> Iterator[Paired]:
    """Micro-batches `start`, `start + 1`, ... of process `rank`, without end.

    They depend on the arguments up to `start` and on `crops` (of each image, see `Lanes`) alone: not on the number of
    workers, nor on what was drawn before. `scale` is that of `dataset`: one, or the draw that its `Scales` make. The
    bytes of the files become floats, and LR where there are only windows of HR, on the device. Nothing waits for the
    device. Closing the generator ends the workers. Raises DataError for a file that cannot be read.

    `make` says how windows become pairs; without, by MATLAB's bicubic. `augment` changes what the batch then is.
    `waited` is told for how many seconds samples had to be waited for.
    """
    sampler = CounterSampler(len(dataset), batch, seed, rank, world, start, crops)
    with _opened(dataset, sampler) as samples, closing(loaded(samples, sampler, workers, device, waited)) as batches:
        for position, collated in enumerate(batches, start):
            drawn = scale if isinstance(scale, int) else scale(position)
            number = position * world + rank
            moment = Moment(position, number, number * batch, drawn, batch_seed(seed, position, rank, world))
            paired = _to_paired(collated, make or _bicubic, device, moment)
            paired = augment(paired, moment) if augment else paired
            yield paired if isinstance(scale, int) else replace(paired, scale=drawn)


@contextmanager
def _opened(dataset: TrainingSet, sampler: CounterSampler) -> Iterator[Samples]:
    """What is read in a row must be told where to begin."""
    if isinstance(dataset, Streamed):
        with dataset.opened(sampler) as samples:
            yield samples
    else:
        yield dataset


def _bicubic(window: Tensor, moment: Moment) -> Paired:
    """Bytes of a window with `2 * scale` pixels around the crop -> the pair, bit for bit as MATLAB makes it."""
    margin = 2 * moment.scale
    return Paired(
        lr=floats(reduce_window_uint8(window, moment.scale)), hr=floats(window[..., margin:-margin, margin:-margin])
    )


def _to_paired(samples: Any, make: MakeLr, device: torch.device, moment: Moment) -> Paired:
    """Windows (B, h, w, 3), or LR and HR crops of that shape, all uint8; with what `Sourced` and `Weighted` add."""
    match samples:
        case Sourced():
            paired = _to_paired(samples.window, make, device, moment)
            given = samples.given.to(device, non_blocking=True)[:, None, None, None]
            lr = torch.where(given, floats(channels_first(samples.lr, device)), paired.lr)
            return replace(paired, lr=lr)
        case Weighted():
            importance = floats(channels_first(samples.importance[..., None], device))
            return replace(_to_paired(samples.images, make, device, moment), importance=importance)
        case Tensor():
            return make(channels_first(samples, device), moment)
    lr, hr = (floats(channels_first(crops, device)) for crops in samples)
    return Paired(lr, hr)


def channels_first(images: Tensor, device: torch.device) -> Tensor:
    """Bytes (B, h, w, C) -> the same on the device, (B, C, h, w)."""
    return images.to(device, non_blocking=True).permute(0, 3, 1, 2)  # (B, 3, h, w), channels_last


def floats(levels: Tensor) -> Tensor:
    """Bytes -> float32 in [0, 1]."""
    return levels.to(torch.float32, memory_format=torch.channels_last) / 255
