"""Sharp photos and real LR of other ones: two sets, each drawn as if the other one were not there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import Dataset

from gansr.data.batch import Unpaired
from gansr.data.batches import channels_first, floats, loaded
from gansr.data.sampler import CounterSampler, Ticket, permutation
from gansr.data.sets.training_set import HrOnly


class TwoSides(NamedTuple):
    """A window of HR and a crop of real LR, which belong to different photos."""

    hr: np.ndarray  # uint8 (crop + 2*margin, crop + 2*margin, 3)
    real_lr: np.ndarray  # uint8 (crop/scale, crop/scale, 3)


class UnpairedFiles(Dataset[TwoSides]):
    """Windows of HR files and crops of real LR files, paired by nothing but chance.

    Sample number n of a run takes of each side what that side's own permutation of its own epoch says, and cuts it by
    that side's own stream. Everything on both sides is a function of n, so workers, processes and resuming keep
    apart what is apart. An epoch is one of HR; the real side counts its own.

    Args:
        hr: windows of the sharp photos, which come and are cut as if they were alone
        real_lr: of the real LR photos, cut at scale 1 and without a margin, with the seed `real_side(...)` of the run:
            with one and the same seed, sides of the same length would be shuffled alike
    """

    def __init__(self, hr: HrOnly, real_lr: HrOnly):
        crop, scale = hr.cutter.crop, hr.cutter.scale
        assert (real_lr.cutter.crop, real_lr.cutter.scale, real_lr.margin) == (crop // scale, 1, 0)
        assert hr.cutter.seed != real_lr.cutter.seed, "sides of one seed are not independent"
        self.hr, self.real_lr = hr, real_lr

    def __len__(self) -> int:
        return len(self.hr)

    def __getitem__(self, ticket: Ticket) -> TwoSides:
        hr, real_lr = self.files(ticket)
        one, other = self.hr.sample(hr, ticket.number), self.real_lr.sample(real_lr, ticket.number)
        assert isinstance(one, np.ndarray) and isinstance(other, np.ndarray), "sides have no maps of importance"
        return TwoSides(one, other)

    def files(self, ticket: Ticket) -> tuple[Path, Path]:
        """The HR file and the real LR file that a sample is cut from."""
        epoch, place = divmod(ticket.number, len(self.real_lr))
        order = permutation(len(self.real_lr), self.real_lr.cutter.seed, epoch)
        return self.hr.file(ticket), self.real_lr.file(replace(ticket, index=int(order[place])))


def unpaired_batches(
    dataset: UnpairedFiles,
    *,
    batch: int,
    rank: int = 0,
    world: int = 1,
    start: int = 0,
    workers: int = 0,
    device: torch.device,
) -> Iterator[Unpaired]:
    """Micro-batches `start`, `start + 1`, ... of process `rank`, without end.

    They depend on the arguments up to `start` alone, as those of `paired_batches` do. Closing the generator ends the
    workers. Raises DataError for a file that cannot be read.
    """
    sampler, margin = CounterSampler(len(dataset), batch, dataset.hr.cutter.seed, rank, world, start), dataset.hr.margin
    for samples in loaded(dataset, sampler, workers, pin_memory=device.type == "cuda"):
        window, real_lr = (floats(channels_first(images, device)) for images in samples)
        if not margin:
            yield Unpaired(window, real_lr)
            continue
        hr = window[..., margin:-margin, margin:-margin].contiguous(memory_format=torch.channels_last)
        yield Unpaired(hr, real_lr, window)
