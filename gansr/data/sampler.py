"""Which image comes when, as a pure function of one integer: a resumed run goes on where it stopped."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gansr.data.loading.lanes import Lanes

SAMPLES = 2**64 - 1  # the second half of the key of per-sample streams; no epoch ever gets there
STEPS = 2**64 - 2  # the same for what is drawn for each step
BATCHES = 2**64 - 3  # and for each micro-batch of a process
SOURCES = 2**64 - 4  # and for where a sample comes from
MILD = 2**64 - 5  # and for whether a micro-batch of a process is mild
AUGMENTATION = 2**64 - 6  # and for what augmentation does to a sample
BLOCKS = 2**64 - 7  # and for the order of samples that are read one after another
HALF = 2**32 - 1
REAL_SIDE = 2**32  # added to a run's seed, which is smaller


@dataclass(frozen=True, slots=True)
class Ticket:
    """One sample of a run: which image, and two numbers from which everything random about it comes.

    `number` is the sample's own in the run; `position` is that of its micro-batch, the same in all processes. `visit`
    counts images where several samples come from each; None: every sample has one of its own.
    """

    index: int
    number: int
    position: int = 0
    visit: int | None = None

    @property
    def nth_image(self) -> int:
        """The how-many-th image of the run it is cut from: the same for all crops of one decoded image."""
        return self.number if self.visit is None else self.visit


class CounterSampler:
    """An endless, stateless sampler of micro-batches.

    Sample number g of a run is image permutation(epoch = g // length)[g % length]. Micro-batch k of process
    `rank` holds the numbers from (k * world + rank) * batch on, so several processes see together what one
    process with their batches put together sees. The position is k alone: start at k, and what follows is
    what followed.

    With several `crops` of each image, it is images that are numbered like this, and processes take turns with them:
    each sample of a process is of the image that `Lanes` says.
    """

    def __init__(
        self, length: int, batch: int, seed: int, rank: int = 0, world: int = 1, start: int = 0, crops: int = 1
    ):
        assert length > 0 and batch > 0 and 0 <= rank < world and start >= 0 and crops > 0
        self.length, self.batch, self.seed = length, batch, seed
        self.rank, self.world, self.start, self.lanes = rank, world, start, Lanes(crops)

    def __iter__(self) -> Iterator[list[Ticket]]:
        position = self.start
        while True:
            first = (position * self.world + self.rank) * self.batch
            yield [self.ticket(number, position) for number in range(first, first + self.batch)]
            position += 1

    def ticket(self, number: int, position: int) -> Ticket:
        """Sample `number` of the run, in micro-batch `position` of this process."""
        visit = number
        if self.lanes.crops > 1:
            visit = self.lanes.visit(self.own(number, position)) * self.world + self.rank
        epoch, place = divmod(visit, self.length)
        return Ticket(int(permutation(self.length, self.seed, epoch)[place]), number, position, visit)

    def own(self, number: int, position: int) -> int:
        """Which of this process's samples the run's sample `number`, in micro-batch `position`, is."""
        return number - ((self.world - 1) * position + self.rank) * self.batch


@dataclass(frozen=True, slots=True)
class Moment:
    """Which micro-batch it is: whatever is drawn for it, or follows a schedule, follows from this.

    Args:
        position: its number in this process, the same in all of them at the same time
        number: its own among those of all processes
        first: the number of its first sample in the run
        scale: of its images
        seed: for whatever is drawn for it as a whole
    """

    position: int
    number: int
    first: int
    scale: int
    seed: int


@dataclass(frozen=True)
class ScaleDraw:
    """The scale of each step, drawn anew: a pure function of the micro-batch's number, so all processes have the same.

    Args:
        scales: to draw from, each as likely as the others
        seed: the run's
        accumulate: micro-batches in a step, which share its scale
    """

    scales: tuple[int, ...]
    seed: int
    accumulate: int = 1

    def __call__(self, position: int) -> int:
        """The scale of micro-batch `position`."""
        if len(self.scales) == 1:
            return self.scales[0]
        random = np.random.Philox(key=_words(self.seed, STEPS), counter=_words(0, position // self.accumulate, 0, 0))
        return self.scales[int(np.random.Generator(random).integers(len(self.scales)))]


@lru_cache(maxsize=4)  # a batch may reach into the next epoch, on two sides
def permutation(length: int, seed: int, epoch: int) -> np.ndarray:
    """The order of `length` images in an epoch."""
    return np.random.Generator(np.random.Philox(key=_words(seed, epoch))).permutation(length)


def block_order(length: int, seed: int, block: int, rank: int) -> list[int]:
    """The order of the samples of a block that a process has read from shards."""
    random = np.random.Philox(key=_words(seed, BLOCKS), counter=_words(0, block, rank, 0))
    return np.random.Generator(random).permutation(length).tolist()


def real_side(seed: int) -> int:
    """The seed of the real side of unpaired images: whatever is drawn with it has a key of its own in every run."""
    assert 0 <= seed < REAL_SIDE
    return seed + REAL_SIDE


def sample_generator(seed: int, number: int) -> np.random.Generator:
    """The randomness of sample `number`: apart from that of other samples and of the order of the epochs."""
    # Drawing counts up the counter's lowest word; the number goes one above, so streams never overlap.
    return np.random.Generator(np.random.Philox(key=_words(seed, SAMPLES), counter=_words(0, number, 0, 0)))


def source_generator(seed: int, number: int) -> np.random.Generator:
    """Where sample `number` comes from, apart from how it is cut."""
    return np.random.Generator(np.random.Philox(key=_words(seed, SOURCES), counter=_words(0, number, 0, 0)))


def augmentation_generator(seed: int, number: int, row: int) -> np.random.Generator:
    """What augmentation `row` of a list does to sample `number`: no row moves what another one draws."""
    return np.random.Generator(np.random.Philox(key=_words(seed, AUGMENTATION), counter=_words(0, number, row, 0)))


def is_mild(seed: int, number: int, share: float) -> bool:
    """Is the micro-batch with this number among all processes' one of the mild ones, a share of all?"""
    random = np.random.Philox(key=_words(seed, MILD), counter=_words(0, number, 0, 0))
    return bool(np.random.Generator(random).random() < share)


def batch_seed(seed: int, position: int, rank: int, world: int) -> int:
    """A seed for whatever is drawn for one micro-batch of one process, below 2^63; no two of a run share it.

    Not in its lower half either, for 2^32 micro-batches: PyTorch's generator on CPUs looks at no more. Hence no hash,
    of which two might be equal, but steps that can each be undone.
    """
    number = position * world + rank
    high, key = (
        int(word) for word in np.random.Generator(np.random.Philox(key=_words(seed, BATCHES))).integers(2**31, size=2)
    )
    low = (number ^ key) & HALF
    for factor, shift in ((0x9E3779B1, 16), (0x85EBCA6B, 13), (0xC2B2AE35, 16)):  # odd factors, MurmurHash3's last two
        low = (low * factor) & HALF
        low ^= low >> shift
    return ((high ^ (number >> 32)) << 32) | low


def _words(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.uint64)
