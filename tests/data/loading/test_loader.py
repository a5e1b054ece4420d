"""Order, errors and ends of the threads; what batches hold is tested in test_batches."""

import threading
import time
from itertools import count, islice

import numpy as np
import pytest
import torch

from gansr.data.loading.loader import AHEAD, loaded
from gansr.data.sampler import Ticket
from gansr.errors import DataError

CPU = torch.device("cpu")


def tickets(size=2):
    """Endless batches of tickets with numbers that count up."""
    for first in count(step=size):
        yield [Ticket(0, first + place) for place in range(size)]


class Numbers:
    """Each sample is its number; some take longer, some fail."""

    def __init__(self, slow=(), broken=()):
        self.slow, self.broken = set(slow), set(broken)
        self.made, self.lock, self.threads = [], threading.Lock(), set()

    def __getitem__(self, ticket):
        if ticket.number in self.slow:
            time.sleep(0.05)
        if ticket.number in self.broken:
            raise DataError(f"number {ticket.number} cannot be read.")
        with self.lock:
            self.made.append(ticket.number)
            self.threads.add(threading.current_thread().name)
        return np.array([ticket.number])


def take(numbers, batches, workers):
    stream = loaded(numbers, tickets(), workers, CPU)
    taken = [batch[:, 0].tolist() for batch in islice(stream, batches)]
    stream.close()
    return taken


def loader_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("loader")]


@pytest.mark.parametrize("workers", [0, 1, 2, 5])
def test_in_order_whoever_is_quicker(workers):
    assert take(Numbers(slow=[0, 5]), 6, workers) == [[2 * n, 2 * n + 1] for n in range(6)]
    assert not loader_threads()


@pytest.mark.parametrize("workers", [1, 3])
def test_made_ahead_but_not_endlessly(workers):
    numbers = Numbers()
    stream = loaded(numbers, tickets(size=1), workers, CPU)
    next(stream)
    deadline = time.monotonic() + 5
    while len(numbers.made) < AHEAD * workers and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(0.02)
    assert sorted(numbers.made) == list(range(AHEAD * workers))
    stream.close()


def test_without_workers_nothing_is_made_before_it_is_asked_for():
    numbers = Numbers()
    stream = loaded(numbers, tickets(size=1), 0, CPU)
    assert next(stream).tolist() == [[0]] and numbers.made == [0]
    assert numbers.threads == {threading.current_thread().name}


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_a_mistake_comes_in_its_place(workers):
    stream = loaded(Numbers(slow=[1], broken=[6]), tickets(), workers, CPU)
    assert [batch[0, 0].item() for batch in islice(stream, 3)] == [0, 2, 4]
    with pytest.raises(DataError, match=r"^number 6 cannot be read\.$"):
        next(stream)
    assert not loader_threads()


def test_batches_that_are_half_made_are_given_up():
    numbers = Numbers(slow=range(1000))
    stream = loaded(numbers, iter([[Ticket(0, 0)], *([Ticket(0, number) for number in range(1, 1000)],)]), 1, CPU)
    next(stream)
    begun = time.monotonic()
    stream.close()
    assert time.monotonic() - begun < 2 and len(numbers.made) < 20 and not loader_threads()


def test_a_finite_row_of_batches_ends():
    stream = loaded(Numbers(), islice(tickets(), 3), 2, CPU)
    assert [batch[0, 0].item() for batch in stream] == [0, 2, 4] and not loader_threads()


def test_waiting_is_told():
    told = []
    stream = loaded(Numbers(slow=[0]), tickets(size=1), 1, CPU, told.append)
    next(stream)
    assert told[0] >= 0.04
    time.sleep(0.1)
    next(stream)
    assert len(told) == 2 and told[1] < told[0], "it was made meanwhile"
    stream.close()


def test_an_interrupted_loop_leaves_no_threads():
    """What a second Ctrl-C does: the exception unwinds the loop, and the generator with it."""

    def loop():
        for _ in loaded(Numbers(), tickets(), 2, CPU):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop()
    assert not loader_threads()
