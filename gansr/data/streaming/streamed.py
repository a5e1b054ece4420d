"""Training sets whose images come from shards, one after another, and not from files that can be asked for."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gansr.data.sampler import CounterSampler, ScaleDraw, Ticket
from gansr.data.sets.training_set import HrOnly, PairedFiles
from gansr.data.streaming.reader import Fit, Reader
from gansr.data.streaming.stream import Stream

HR, LR = Path("hr"), Path("lr")

MakeSet = Callable[["Held"], HrOnly | PairedFiles]
"""The images of one sample -> what cuts crops from them."""


@dataclass(frozen=True)
class Held:
    """An `ImageSource` of a single sample: `HR` and `LR` are its files."""

    images: Mapping[Path, np.ndarray]

    def shape(self, file: Path) -> tuple[int, int, int]:
        """As `ImageSource` has it."""
        height, width, channels = self.images[file].shape
        return height, width, channels

    def window(self, file: Path, top: int, left: int, height: int, width: int) -> np.ndarray:
        """As `ImageSource` has it: a view."""
        return self.images[file][top : top + height, left : left + width]


@dataclass(frozen=True)
class Streamed:
    """Crops of the images of shards, cut as those of files are.

    What process r of n gets follows from the seed, r and n, and the number of the sample; not from threads.

    Args:
        stream: the shards
        fit: what images must be
        sets: for each scale, what cuts its crops
        draw: of the scale of a batch, where there are several
        news: sentences about what was met while reading, for whoever takes them out
    """

    stream: Stream
    fit: Fit
    sets: Mapping[int, MakeSet]
    draw: ScaleDraw | None = None
    news: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """How many shards there are; how many images, nobody knows before they are read."""
        return len(self.stream.shards)

    def __getitem__(self, ticket: Ticket) -> Any:
        raise TypeError("images of shards are read in a row: use opened()")

    @contextmanager
    def opened(self, sampler: CounterSampler) -> Iterator["Opened"]:
        """The samples that `sampler` asks for from its start on."""
        start, row = sampler.start * sampler.batch, (sampler.rank, sampler.world)
        with Reader(self.stream, self.fit, *row, start, sampler.lanes, self.news.append) as reader:
            yield Opened(self, reader, sampler)


@dataclass(frozen=True)
class Opened:
    """A row of images under way: each sample can be had once."""

    streamed: Streamed
    reader: Reader
    sampler: CounterSampler

    def __getitem__(self, ticket: Ticket) -> Any:
        images = self.reader.image(self.sampler.own(ticket.number, ticket.position))
        held = {HR: images.hr} if images.lr is None else {HR: images.hr, LR: images.lr}
        draw, sets = self.streamed.draw, self.streamed.sets
        scale = next(iter(sets)) if draw is None else draw(ticket.position)
        return sets[scale](Held(held))[Ticket(0, ticket.number, ticket.position)]

    def name(self, ticket: Ticket) -> str:
        """The shard and the sample that one is cut from."""
        return self.reader.name(self.sampler.own(ticket.number, ticket.position))
