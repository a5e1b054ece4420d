"""Which image comes when, as a pure function of one integer: a resumed run goes on where it stopped."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

SAMPLES = 2**64 - 1  # the second half of the key of per-sample streams; no epoch ever gets there


@dataclass(frozen=True, slots=True)
class Ticket:
    """One sample of a run: which image, and the sample's number in the run, which seeds its randomness."""

    index: int
    number: int


class CounterSampler:
    """An endless, stateless sampler of micro-batches for `DataLoader(batch_sampler=...)`.

    Sample number g of a run is image permutation(epoch = g // length)[g % length]. Micro-batch k of process
    `rank` holds the numbers from (k * world + rank) * batch on, so several processes see together what one
    process with their batches put together sees. The position is k alone: start at k, and what follows is
    what followed.
    """

    def __init__(self, length: int, batch: int, seed: int, rank: int = 0, world: int = 1, start: int = 0):
        assert length > 0 and batch > 0 and 0 <= rank < world and start >= 0
        self.length, self.batch, self.seed = length, batch, seed
        self.rank, self.world, self.start = rank, world, start

    def __iter__(self) -> Iterator[list[Ticket]]:
        position = self.start
        while True:
            first = (position * self.world + self.rank) * self.batch
            yield [self.ticket(number) for number in range(first, first + self.batch)]
            position += 1

    def ticket(self, number: int) -> Ticket:
        """Sample `number` of the run."""
        epoch, place = divmod(number, self.length)
        return Ticket(int(permutation(self.length, self.seed, epoch)[place]), number)


@lru_cache(maxsize=2)  # a batch may reach into the next epoch
def permutation(length: int, seed: int, epoch: int) -> np.ndarray:
    """The order of `length` images in an epoch."""
    return np.random.Generator(np.random.Philox(key=_words(seed, epoch))).permutation(length)


def sample_generator(seed: int, number: int) -> np.random.Generator:
    """The randomness of sample `number`: apart from that of other samples and of the order of the epochs."""
    # Drawing counts up the counter's lowest word; the number goes one above, so streams never overlap.
    return np.random.Generator(np.random.Philox(key=_words(seed, SAMPLES), counter=_words(0, number, 0, 0)))


def _words(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.uint64)
