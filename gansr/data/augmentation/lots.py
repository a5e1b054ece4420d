"""Random numbers for the augmentation of a batch, and a change that happens to some of its samples."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from gansr.data.batch import Paired
from gansr.data.sampler import augmentation_generator

Shape = tuple[int, ...]


class Lots:
    """What one row of a list of augmentations draws for each sample: functions of the samples' numbers alone.

    Drawn on the host, a few numbers for each sample, and sent along without waiting for the device. The order of calls
    has to be the same whatever was drawn.

    Args:
        seed: the run's
        numbers: of the samples in the run
        row: place of the augmentation in the list
        device: of the batch
    """

    def __init__(self, seed: int, numbers: Sequence[int], row: int, device: torch.device | str = "cpu"):
        self.streams = [augmentation_generator(seed, number, row) for number in numbers]
        self.device = device

    def __len__(self) -> int:
        return len(self.streams)

    def uniform(self, low: float = 0.0, high: float = 1.0, *shape: int) -> Tensor:
        """Evenly in [low, high): (B, *shape)."""
        return self._sent([stream.uniform(low, high, shape) for stream in self.streams])

    def beta(self, alpha: float) -> Tensor:
        """From Beta(alpha, alpha), in [0, 1]: (B,)."""
        return self._sent([stream.beta(alpha, alpha) for stream in self.streams])

    def permutation(self, count: int) -> Tensor:
        """The numbers below `count` in a random order: (B, count)."""
        return self._sent([stream.permutation(count) for stream in self.streams], np.int64)

    def partner(self) -> Tensor:
        """For each sample another one of the batch, none less likely than the others: (B,) of places."""
        size = len(self)
        return self._sent(
            [(place + 1 + int(stream.integers(size - 1))) % size for place, stream in enumerate(self.streams)], np.int64
        )

    def happens(self, probability: float) -> list[bool]:
        """With this probability, for each sample, on the host."""
        return [bool(stream.random() < probability) for stream in self.streams]

    def _sent(self, drawn: Sequence[object], kind: type[np.generic] = np.float32) -> Tensor:
        return torch.from_numpy(np.array(drawn, dtype=kind)).to(self.device, non_blocking=True)


Augmentation = Callable[[Paired, Lots], Paired]
"""A batch -> all of its samples changed; the batch itself stays as it is."""


def sometimes(augmentation: Augmentation, probability: float) -> Augmentation:
    """The augmentation on each sample with this probability; others stay as they are, to the last bit."""

    def chosen(batch: Paired, lots: Lots) -> Paired:
        happens = lots.happens(probability)
        if not any(happens):
            return batch
        changed = augmentation(batch, lots)
        if all(happens):
            return changed
        return where(torch.tensor(happens).to(lots.device, non_blocking=True), changed, batch)

    return chosen


def where(chosen: Tensor, one: Paired, other: Paired) -> Paired:
    """The samples of one batch where `chosen` (B,) is true, those of the other elsewhere."""
    flags = chosen[:, None, None, None]

    def pick(first: Tensor | None, second: Tensor | None) -> Tensor | None:
        return None if first is None or second is None else torch.where(flags, first, second)

    lr, hr = torch.where(flags, one.lr, other.lr), torch.where(flags, one.hr, other.hr)
    return replace(
        other, lr=lr, hr=hr, sharp=pick(one.sharp, other.sharp), importance=pick(one.importance, other.importance)
    )


def each(batch: Paired, change: Callable[[Tensor], Tensor]) -> Paired:
    """The same change to LR, HR and sharpened HR: of colours, say. Importance stays."""
    sharp = None if batch.sharp is None else change(batch.sharp)
    return replace(batch, lr=change(batch.lr), hr=change(batch.hr), sharp=sharp)
