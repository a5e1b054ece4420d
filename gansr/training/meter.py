"""Means of what the steps report, added up on the device and read only when they are logged."""

from typing import Any, cast

import torch
from accelerate import Accelerator
from torch import Tensor

from gansr.training.recipe import Report

NEVER = -1
SPREAD = 2**17  # numbers of a sample that are read at most


class Meter:
    """Running sums of reports, and since when a sum is not finite.

    Of what is not a scalar the newest is kept, for its spread. `add` never waits for the device; `read`, `spread` and
    `not_finite` do.
    """

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}
        self.first: dict[str, Tensor] = {}  # micro-batch since which the sum is not finite, or NEVER
        self.samples: dict[str, Tensor] = {}

    @torch.no_grad()
    def add(self, report: Report, micro_batch: int) -> None:
        """Add the report of micro-batch number `micro_batch` of the run."""
        self.samples |= {name: value.detach() for name, value in report.items() if value.dim()}
        values = {name: value.detach().float() for name, value in report.items() if not value.dim()}
        if not values:
            return
        for name, value in values.items():
            if name not in self.sums:
                self.sums[name], self.counts[name] = torch.zeros_like(value), 0
                self.first[name] = torch.full_like(value, NEVER, dtype=torch.int64)
            self.sums[name] = self.sums[name].to(value.device)  # those of a resumed run come from the CPU
            self.first[name] = self.first[name].to(value.device)
            self.counts[name] += 1
        sums = [self.sums[name] for name in values]
        torch._foreach_add_(sums, list(values.values()))  # pyright: ignore[reportPrivateImportUsage]
        # What is added to a sum that is not finite leaves it so: the sum tells of each value and of its own overflow.
        first = torch.stack([self.first[name] for name in values])
        news = (first == NEVER) & ~torch.stack(sums).isfinite()
        self.first.update(zip(values, first.masked_fill(news, micro_batch).unbind(), strict=True))

    def read(self, accelerator: Accelerator) -> dict[str, float]:
        """The means over all processes since the last reading; the sums start anew."""
        if not self.sums:
            return {}
        means = torch.stack([self.sums[name] / self.counts[name] for name in self.sums])
        values = cast(Tensor, accelerator.reduce(means, reduction="mean")).tolist()
        names = list(self.sums)
        self.sums, self.counts, self.first = {}, {}, {}
        return dict(zip(names, values, strict=True))

    def spread(self) -> dict[str, Tensor]:
        """Of this process alone, the newest of each report that is not a scalar: (N,) on the CPU, of very many a part.

        None is told twice.
        """
        samples, self.samples = self.samples, {}
        flat = {name: value.flatten() for name, value in samples.items()}
        return {name: value[:: -(-len(value) // SPREAD)].float().cpu() for name, value in flat.items() if len(value)}

    @torch.no_grad()
    def share(self, accelerator: Accelerator) -> None:
        """Give every process the mean of all sums: a checkpoint holds one process's, and must speak for all."""
        if accelerator.num_processes > 1 and self.sums:
            shared = cast(Tensor, accelerator.reduce(torch.stack(list(self.sums.values())), reduction="mean"))
            self.sums = dict(zip(self.sums, shared.unbind(), strict=True))

    def not_finite(self) -> dict[str, int]:
        """Name -> number of the micro-batch since which the sum is not finite; empty when all is well."""
        if not self.first:
            return {}
        numbers = torch.stack(list(self.first.values())).tolist()
        return {name: number for name, number in zip(self.first, numbers, strict=True) if number != NEVER}

    def state_dict(self) -> dict[str, Any]:
        """Everything that goes into a log line: a checkpoint may fall between two of them."""
        return {
            "sums": {name: value.clone() for name, value in self.sums.items()},
            "counts": dict(self.counts),
            "first": {name: number.clone() for name, number in self.first.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state`; what is saved was finite, also before that was written down."""
        self.sums, self.counts = dict(state["sums"]), dict(state["counts"])
        self.first = {name: torch.tensor(NEVER) for name in self.sums} | state.get("first", {})
