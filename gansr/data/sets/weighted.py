"""Images that come more or less often than others, by where they are from."""

from collections.abc import Sequence

import numpy as np

from gansr.errors import OptionsError

ROOTS = 2**64 - 40
"""The second half of the key of these draws' streams (see `sampler`); no epoch ever gets there."""

EXACT = 0.02  # a root's share may be off by this part of it, since an epoch has whole images
LONGEST = 10**8  # samples of an epoch, whose order is kept in memory
MOST_ROUNDS = 10_000  # that are tried


class Weights:
    """Which image a place in an epoch stands for, where some roots' images come more often than others'.

    An epoch has weight times count places for each root, so an image of weight 2 comes twice in it. Where that is no
    whole number, an epoch is as long as several, or a root's images take turns: its places in one epoch after another
    walk round a shuffled circle of all its images, so at the end of an epoch none has come more than once more than
    another. All is a function of the place and the sample's number; there is nothing to save.

    Args:
        counts: images of each root, in the order in which its files lie in the list of all
        weights: of each root, to the others, above 0
        seed: the run's

    Raises:
        OptionsError: an epoch would have more than 10^8 samples.
    """

    def __init__(self, counts: Sequence[int], weights: Sequence[float], seed: int):
        assert len(counts) == len(weights) and sum(counts) > 0 and min(weights) > 0 and min(counts) >= 0
        self.counts = np.array(counts, dtype=np.int64)
        places = _places(self.counts, np.array(weights, dtype=float))
        if places is None:
            raise OptionsError(
                f"weights of {', '.join(f'{weight:g}' for weight in weights)} for {', '.join(map(str, counts))} images "
                f"need an epoch of more than {LONGEST} samples; expected weights that are closer together, or rounder."
            )
        self.places = places
        self.ends = self.places.cumsum()
        self.firsts = self.counts.cumsum() - self.counts
        self.circles = [_circle(count, seed, root) for root, count in enumerate(counts)]

    def __len__(self) -> int:
        return int(self.ends[-1])

    def index(self, place: int, number: int) -> int:
        """Where in the list of all files the image lies that a place of an epoch stands for, in sample `number`."""
        root = int(np.searchsorted(self.ends, place, side="right"))
        count = int(self.counts[root])
        within = place - int(self.ends[root] - self.places[root])
        walked = number // len(self) * int(self.places[root])
        return int(self.firsts[root] + self.circles[root][(walked + within) % count])


def weights_for(counts: Sequence[int], weights: Sequence[float], seed: int) -> Weights | None:
    """`Weights`; None where all roots weigh the same, and images come as without any."""
    return None if len(set(weights)) <= 1 else Weights(counts, weights, seed)


def _places(counts: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
    """Places of each root in an epoch, which is as long as ratios need it to be; None: it would be too long."""
    once = counts * weights
    for rounds in range(1, min(MOST_ROUNDS, int(LONGEST / once.sum())) + 1):
        places = (rounds * once).round()
        if (np.abs(places - rounds * once) <= EXACT * rounds * once).all():
            return places.astype(np.int64)
    return None


def _circle(count: int, seed: int, root: int) -> np.ndarray:
    """The order in which the images of a root take turns."""
    key, counter = (np.array(words, dtype=np.uint64) for words in ((seed, ROOTS), (0, 0, root, 0)))
    return np.random.Generator(np.random.Philox(key=key, counter=counter)).permutation(count)
