"""Batches made by threads: in order, and before anyone asks for them.

Threads and not processes, by measurement (`scripts/bench/loader.py`): what takes long, decoding and reading, lets other
threads run; all of them share one memory of decoded images; and nothing is pickled, forked or left behind.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from itertools import islice
from typing import Any, Protocol

import torch

from gansr.data.loading.courier import Courier, Sent
from gansr.data.sampler import Ticket

AHEAD = 2  # batches for each thread that are made, or being made, before they are asked for
Waited = Callable[[float], None]
"""Told of each batch the seconds that its taker had to wait for it."""


def ahead(workers: int, batch: int) -> int:
    """How many samples may be made at a time, in any order."""
    return AHEAD * workers * batch or batch


class Samples(Protocol):
    """What samples are made of. Any number of threads may ask at the same time."""

    def __getitem__(self, ticket: Ticket, /) -> Any: ...


def loaded(
    dataset: Samples,
    batches: Iterable[list[Ticket]],
    workers: int,
    device: torch.device,
    waited: Waited | None = None,
) -> Generator[Any]:
    """The batches in their order, collated and on the device; what they hold follows from the tickets alone.

    Args:
        dataset: gives the sample of a ticket
        batches: the tickets of each batch; may be endless
        workers: threads that make batches; 0: they are made when they are asked for
        device: where they shall be; the current stream of the thread that takes a batch waits for its arrival
        waited: told how long the taker had to wait

    What a sample raises is raised in its place, after all batches before it. Closing the generator ends the threads.
    """
    made = _made_ahead(dataset, batches, workers, Courier(device))
    try:
        while True:
            begun = time.perf_counter()
            try:
                batch = next(made)
            except StopIteration:
                return
            if waited is not None:
                waited(time.perf_counter() - begun)
            yield batch
            del batch  # the taker's now: held here, it would live a step too long
    finally:
        made.close()


def _made_ahead(dataset: Samples, batches: Iterable[list[Ticket]], workers: int, courier: Courier) -> Generator[Any]:
    making, tickets = _Making(dataset, courier), iter(batches)
    if not workers:
        for some in tickets:
            yield courier.received(making(some))
        return
    pool = ThreadPoolExecutor(workers, "loader", initializer=courier.prepare)
    under_way: deque[Future[Sent]] = deque()
    try:
        while True:
            under_way.extend(pool.submit(making, some) for some in islice(tickets, AHEAD * workers - len(under_way)))
            if not under_way:
                return
            yield courier.received(under_way.popleft().result())
    finally:
        making.over.set()
        pool.shutdown(wait=True, cancel_futures=True)


class _Making:
    """Tickets -> a batch on its way. Once it is `over`, batches that are half made are given up."""

    def __init__(self, dataset: Samples, courier: Courier):
        self.dataset, self.courier, self.over = dataset, courier, threading.Event()

    def __call__(self, tickets: list[Ticket]) -> Sent:
        return self.courier.send([self._sample(ticket) for ticket in tickets])

    def _sample(self, ticket: Ticket) -> Any:
        if self.over.is_set():
            raise CancelledError
        return self.dataset[ticket]
