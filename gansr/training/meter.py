"""Means of what the steps report, added up on the device and read only when they are logged."""

from typing import Any, cast

import torch
from accelerate import Accelerator
from torch import Tensor

from gansr.training.recipe import Report


class Meter:
    """Running sums of reports. `add` never waits for the device; `read` does."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    @torch.no_grad()
    def add(self, report: Report) -> None:
        """Add one micro-batch's report."""
        values = {name: value.detach().float() for name, value in report.items()}
        for name, value in values.items():
            if name not in self.sums:
                self.sums[name], self.counts[name] = torch.zeros_like(value), 0
            self.sums[name] = self.sums[name].to(value.device)  # those of a resumed run come from the CPU
            self.counts[name] += 1
        sums = [self.sums[name] for name in values]
        torch._foreach_add_(sums, list(values.values()))  # pyright: ignore[reportPrivateImportUsage]

    def read(self, accelerator: Accelerator) -> dict[str, float]:
        """The means over all processes since the last reading; the sums start anew."""
        if not self.sums:
            return {}
        means = torch.stack([self.sums[name] / self.counts[name] for name in self.sums])
        values = cast(Tensor, accelerator.reduce(means, reduction="mean")).tolist()
        names = list(self.sums)
        self.sums, self.counts = {}, {}
        return dict(zip(names, values, strict=True))

    @torch.no_grad()
    def share(self, accelerator: Accelerator) -> None:
        """Give every process the mean of all sums: a checkpoint holds one process's, and must speak for all."""
        if accelerator.num_processes > 1 and self.sums:
            shared = cast(Tensor, accelerator.reduce(torch.stack(list(self.sums.values())), reduction="mean"))
            self.sums = dict(zip(self.sums, shared.unbind(), strict=True))

    def not_finite(self) -> list[str]:
        """Names of the sums that are no longer numbers."""
        if not self.sums:
            return []
        finite = torch.stack(list(self.sums.values())).isfinite().tolist()
        return [name for name, good in zip(self.sums, finite, strict=True) if not good]

    def state_dict(self) -> dict[str, Any]:
        """Sums and counts: a checkpoint may fall between two log lines."""
        return {"sums": {name: value.clone() for name, value in self.sums.items()}, "counts": dict(self.counts)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.sums, self.counts = dict(state["sums"]), dict(state["counts"])
