"""The averaged network that is validated, kept and shipped."""

import copy
from typing import Any

import torch
from torch import nn


class Ema:
    """An exponential moving average of a network: averaged parameters, copied buffers.

    Made before the network is wrapped for several processes or lower precision, so that the average stays a
    plain fp32 network of its own.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.network = copy.deepcopy(network).eval().requires_grad_(False)

    @torch.no_grad()
    def update(self, source: nn.Module) -> None:
        """mean <- decay * mean + (1 - decay) * source, in a few launches for all tensors together."""
        torch._foreach_lerp_(list(self.network.parameters()), list(source.parameters()), 1 - self.decay)  # pyright: ignore[reportPrivateImportUsage]
        for mean, value in zip(self.network.buffers(), source.buffers(), strict=True):
            mean.copy_(value)

    def state_dict(self) -> dict[str, Any]:
        """The averaged network's own state."""
        return self.network.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.network.load_state_dict(state)
