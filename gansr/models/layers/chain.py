"""The trunk of a deep network: blocks in a row, whose inner results need not be kept for the backward pass."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class Chain(nn.Sequential):
    """Blocks one after another; with `recompute`, a block's inner results are made again when gradients need them.

    That is gradient checkpointing (Chen et al. 2016): memory for one block's inner results and every block's
    output, for one more forward pass. Names of weights are those of `nn.Sequential`. Whoever trains sets
    `recompute` (`train.gradient_checkpointing`); it belongs to no network's architecture.
    """

    recompute = False

    def forward(self, x: Tensor) -> Tensor:
        """What the last block makes of it all."""
        for block in self:
            x = self.call(block, x)
        return x

    def outputs(self, x: Tensor) -> Iterator[Tensor]:
        """What each block makes of the one before."""
        for block in self:
            x = self.call(block, x)
            yield x

    def call(self, block: nn.Module, *inputs: Tensor) -> Tensor:
        """One block, which may be any module: recursive networks call theirs several times."""
        if self.recompute and torch.is_grad_enabled():
            return checkpoint(block, *inputs, use_reentrant=False)
        return block(*inputs)
