"""Photos whose LR is made, with a share of real pairs among them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import Dataset

from gansr.data.files.images import to_rgb
from gansr.data.sampler import Ticket, source_generator
from gansr.data.sets.training_set import HrOnly, copied
from gansr.data.sets.weighted import Weights


class Sourced(NamedTuple):
    """A window of HR, and the LR of its crop where that is given."""

    window: Any  # as `HrOnly` gives it: of a photo, or of the HR image of a pair
    lr: Any  # uint8 (crop/scale, crop/scale, 3), zeros where none is given; collated (B, ...)
    given: Any  # whether it is; collated (B,) of booleans


class WithPairs(Dataset[Sourced]):
    """Windows of photos, and now and then of the HR image of a pair, which brings its LR.

    Whether a sample is a pair, and which, follows from its number alone: pairs are drawn evenly, or by weight, each
    time anew, while photos come as without them, and one for which a pair comes waits for the next epoch. So neither
    share nor pairs move any other draw. LR is made of all windows, and that of pairs replaced: batches have one shape.

    Args:
        photos: windows of HR images
        pairs: (lr, hr) files as `pair_lr` gives them
        share: number of a micro-batch -> the probability that one of its samples is a pair
        seed: the run's
        weights: which pairs are drawn more often than others; omitted: none
    """

    def __init__(
        self,
        photos: HrOnly,
        pairs: Sequence[tuple[Path, Path]],
        share: Callable[[int], float],
        seed: int,
        weights: Weights | None = None,
    ):
        self.photos, self.pairs, self.share, self.seed = photos, list(pairs), share, seed
        self.weights = weights

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, ticket: Ticket) -> Sourced:
        pair = self.pair(ticket)
        if pair is None:
            side = self.photos.cutter.crop // self.photos.cutter.scale
            return Sourced(self.photos[ticket], np.zeros((side, side, 3), np.uint8), False)
        window = self.photos.sample(pair[1], ticket.number)
        return Sourced(window, self._lr(pair[0], ticket.number), True)

    def pair(self, ticket: Ticket) -> tuple[Path, Path] | None:
        """The pair that a sample is cut from, if it is one."""
        random = source_generator(self.seed, ticket.number)
        if random.random() >= self.share(ticket.position):
            return None
        place = int(random.integers(len(self.weights or self.pairs)))
        return self.pairs[place if self.weights is None else self.weights.index(place, ticket.number)]

    def _lr(self, file: Path, number: int) -> np.ndarray:
        """The crop that lies where the sample's HR crop does: LR files are HR's size, without a rest, by the scale."""
        cutter, source = self.photos.cutter, self.photos.source
        height, width, _ = source.shape(file)
        cut = cutter.cut(number, height * cutter.scale, width * cutter.scale)
        side = cutter.crop // cutter.scale
        return copied(cut.lay(to_rgb(source.window(file, cut.top, cut.left, side, side))))
