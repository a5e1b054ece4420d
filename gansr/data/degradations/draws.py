"""The randomness of one batch's degradation: each sample has numbers of its own, drawn on the device."""

import copy
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor

from gansr.data.degradations.record import Drawn, Record

Number = float | Tensor  # one for all samples, or (B,)
HOST = 0x2545F491  # sets the stream of choices apart from that of numbers, which on CPUs is of the same kind


class Draws:
    """Random numbers for a batch of `size` samples.

    Numbers come from one generator on the device, and what the host has to know, such as which way a sample goes, from
    one on the host; both are seeded by one number that names the batch. So the same number gives the same batch,
    another one shares nothing with it, and nothing waits for the device.

    Args:
        size: samples in the batch
        seed: of this batch alone
        device: where numbers are drawn
        in_turn: deal ways out one after another instead of drawing them, so that many samples go all of them
        record: what is drawn is written to it, for which the host waits; None: nothing is
    """

    def __init__(
        self,
        size: int,
        seed: int,
        device: torch.device | str = "cpu",
        *,
        in_turn: bool = False,
        record: Record | None = None,
    ) -> None:
        self.size, self.device, self.in_turn, self.record = size, torch.device(device), in_turn, record
        self.places: Sequence[int] = range(size)  # of the samples in the batch, for the record
        self.generator = self._stream(seed)
        self.turns = itertools.count()
        self.host = torch.Generator().manual_seed(seed ^ HOST)

    def of(self, samples: Sequence[int]) -> "Draws":
        """Draws for some of the samples, from the same streams."""
        part = copy.copy(self)
        part.size, part.places = len(samples), [self.places[sample] for sample in samples]
        return part

    def uniform(self, low: Number = 0.0, high: Number = 1.0, *shape: int) -> Tensor:
        """Evenly in [low, high): (B, *shape)."""
        drawn = torch.rand(self.size, *shape, generator=self.generator, device=self.device)
        low, high = (self.each(end).reshape(-1, *[1] * len(shape)) for end in (low, high))
        return low + (high - low) * drawn

    def normal(self, *shape: int) -> Tensor:
        """From the standard normal distribution: (B, *shape)."""
        return torch.randn(self.size, *shape, generator=self.generator, device=self.device)

    def poisson(self, rates: Tensor) -> Tensor:
        """From the Poisson distributions of these rates, (B, ...), in the shape of `rates`.

        How many random numbers that takes depends on the rates, at least on CPUs; so they come from a stream of their
        own, that the pixels may not change what is drawn afterwards.
        """
        return torch.poisson(rates, generator=self._stream(self._another_seed()))

    @contextmanager
    def seeded(self) -> Iterator[None]:
        """Within it, what draws from PyTorch's own random numbers gets them from a stream of this batch.

        For networks, which know of no generator. Afterwards those numbers go on as if nothing had been drawn. Seeds and
        states lie on the host, so nothing waits for a GPU.
        """
        seed, devices = self._another_seed(), [] if self.device.type in {"cpu", "meta"} else [self.device]
        with torch.random.fork_rng(devices, device_type=self.device.type if devices else "cuda"):
            torch.default_generator.manual_seed(seed)
            for device in devices:
                module = torch.get_device_module(device)
                with module.device(device) if hasattr(module, "device") else nullcontext():
                    module.manual_seed(seed)
            yield

    def chance(self, probability: Number) -> Tensor:
        """True with this probability: (B,)."""
        return self.uniform() < self.each(probability)

    def choice(self, weights: Sequence[float]) -> Tensor:
        """The place of one of the weights, in proportion to them: (B,) of whole numbers."""
        cumulated = torch.tensor(weights, dtype=torch.float64).cumsum(0)
        bounds = (cumulated / cumulated[-1]).tolist()[:-1]
        drawn = self.uniform()
        return sum(((drawn >= bound).long() for bound in bounds), torch.zeros_like(drawn, dtype=torch.long))

    def whole(self, low: int, high: int) -> Tensor:
        """A whole number from low to high, both included: (B,)."""
        return self.uniform(low, high + 1).floor().long().clamp(low, high)

    def ways(self, weights: Sequence[float]) -> list[int]:
        """As `choice`, on the host: for each sample the place of a weight."""
        if self.in_turn:
            possible = [place for place, weight in enumerate(weights) if weight]
            return [possible[next(self.turns) % len(possible)] for _ in range(self.size)]
        shares = torch.tensor(weights, dtype=torch.float64)
        return torch.multinomial(shares, self.size, replacement=True, generator=self.host).tolist()

    def orders(self, count: int) -> list[list[int]]:
        """For each sample the numbers below `count` in an order of its own, on the host; all orders are as likely."""
        return torch.rand(self.size, count, generator=self.host, dtype=torch.float64).argsort(1).tolist()

    def begin(self, name: str) -> None:
        """An operation of this name begins."""
        if self.record is not None:
            self.record.begin(self.places, name)

    def note(self, where: Tensor | None = None, /, **drawn: Drawn) -> None:
        """What was drawn for the operation that began, for samples where `where` (B,) is true."""
        if self.record is not None:
            self.record.note(self.places, where, drawn)

    def only(self, where: Tensor) -> None:
        """The operation that began happens to those samples alone where `where` (B,) is true: its last word."""
        if self.record is not None:
            self.record.only(self.places, where)

    def each(self, number: Number) -> Tensor:
        """One number for each sample: (B,)."""
        if isinstance(number, Tensor):
            return number.to(self.device).expand(self.size)
        return torch.full((self.size,), float(number), device=self.device)

    def _another_seed(self) -> int:
        return int(torch.randint(2**62, (1,), generator=self.host).item())  # on the host: nothing waits

    def _stream(self, seed: int) -> torch.Generator | None:
        return None if self.device.type == "meta" else torch.Generator(self.device).manual_seed(seed)
