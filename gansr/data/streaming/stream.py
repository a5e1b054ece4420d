"""The endless row of encoded images that one process sees: a function of the seed and of who shares the shards."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice

from gansr.data.sampler import block_order, permutation
from gansr.data.streaming.shards import Encoded, Members, read_shard
from gansr.errors import DataError


@dataclass(frozen=True)
class Stream:
    """Shards, each epoch in another order, of which process r of n has numbers r, r + n, r + 2n, ...

    Within a shard samples come as they are stored; then they are shuffled in blocks of `mixed`.

    Args:
        shards: paths and URLs
        members: which images a sample has
        seed: the run's
        mixed: samples that are shuffled among each other
        counts: samples of each shard, of those that are known; others are counted as they are read
    """

    shards: tuple[str, ...]
    members: Members
    seed: int
    mixed: int
    counts: dict[str, int] = field(default_factory=dict)

    def blocks(self, rank: int, world: int, first: int = 0) -> Iterator[list[Encoded]]:
        """Shuffled blocks of a process, from number `first` on, without end.

        Of shards whose counts are known, those before that block are not opened. Raises DataError for fewer shards than
        processes, and as `read_shard`.
        """
        if world > len(self.shards):
            raise DataError(
                f"data.train.streaming: {len(self.shards)} shards cannot be shared among {world} processes; expected "
                f"at least one for each."
            )
        samples = self._samples(rank, world, first * self.mixed)
        for block in count(first):
            some = list(islice(samples, self.mixed))
            yield [some[place] for place in block_order(self.mixed, self.seed, block, rank)]

    def _samples(self, rank: int, world: int, skipped: int) -> Iterator[Encoded]:
        for epoch in count():
            order = permutation(len(self.shards), self.seed, epoch)[rank::world]
            for shard in (self.shards[index] for index in order):
                known = self.counts.get(shard)
                if known is not None and skipped >= known:
                    skipped -= known
                    continue
                yield from islice(self._shard(shard), skipped, None)
                skipped = max(0, skipped - self.counts[shard])

    def _shard(self, shard: str) -> Iterator[Encoded]:
        """A shard's samples; afterwards their number is known, or is what it should be."""
        number = 0
        for sample in read_shard(shard, self.members):
            number += 1
            yield sample
        if self.counts.setdefault(shard, number) != number or not number:
            raise DataError(
                f"data.train.streaming: {shard} holds {number} samples; expected "
                f"{self.counts[shard] or 'at least one'}, as the index says or earlier reading found. If the shard was "
                f"written anew, remove the index."
            )
