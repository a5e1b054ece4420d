"""The averaged network that is validated, kept and shipped."""

import copy
from typing import Any

import torch
from torch import nn


class Ema:
    """An exponential moving average of a network: averaged parameters, copied buffers.

    Made before the network is wrapped for several processes or lower precision, so that the average stays a
    plain fp32 network of its own.

    The first updates count more, or the untrained network would be 30 % of the average of 1200 steps with a decay of
    0.999, and its pictures washed out: the decay of update n = 0, 1, ... is at most (1 + n) / (10 + n), as in
    TensorFlow's averages with `num_updates`. From update 8990 on, a decay of 0.999 is what it says.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay, self.updates = decay, 0
        self.network = copy.deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, source: nn.Module) -> None:
        """mean <- decay * mean + (1 - decay) * source, in a few launches for all tensors together."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        torch._foreach_lerp_(list(self.network.parameters()), list(source.parameters()), 1 - decay)  # pyright: ignore[reportPrivateImportUsage]
        for mean, value in zip(self.network.buffers(), source.buffers(), strict=True):
            mean.copy_(value)

    def state_dict(self) -> dict[str, Any]:
        """How many updates there were; the averaged network is saved as a file of its own."""
        return {"updates": self.updates}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.updates = state["updates"]
