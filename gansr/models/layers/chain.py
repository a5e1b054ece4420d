"""The trunk of a deep network: blocks in a row, whose inner results need not be kept for the backward pass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


class Chain(nn.Sequential):
    """Blocks one after another; with `recompute`, a block's inner results are made again when gradients need them.

    That is gradient checkpointing (Chen et al. 2016): memory for one block's inner results and every block's
    output, for one more forward pass. Names of weights are those of `nn.Sequential`. Whoever trains sets
    `recompute` (`train.gradient_checkpointing`); it belongs to no network's architecture.
    """

    recompute = False

    def forward(self, input: Tensor) -> Tensor:
        """What the last block makes of it all."""
        for block in self:
            input = self.call(block, input)
        return input

    def outputs(self, x: Tensor) -> Iterator[Tensor]:
        """What each block makes of the one before."""
        for block in self:
            x = self.call(block, x)
            yield x

    def call(self, block: Callable[..., Tensor], *inputs: Tensor | nn.Module) -> Tensor:
        """One block, which may be any module: recursive networks call theirs several times."""
        if not (self.recompute and torch.is_grad_enabled()):
            return block(*inputs)
        if torch.compiler.is_compiling():  # a compiled graph notes statistics once, at its end, whatever is made again
            return checkpoint(block, *inputs, use_reentrant=False)
        return checkpoint(block, *inputs, use_reentrant=False, context_fn=lambda: (nullcontext(), self._again()))

    @contextmanager
    def _again(self) -> Iterator[None]:
        """Batch normalisation takes no second note of what it sees a second time."""
        watching = [layer for layer in self.modules() if isinstance(layer, _BatchNorm) and layer.track_running_stats]
        before = [(layer.momentum, _number(layer).clone()) for layer in watching]
        for layer in watching:
            layer.momentum = 0.0  # running values stay; without them, other tensors would be kept than the first time
        try:
            yield
        finally:
            for layer, (momentum, number) in zip(watching, before, strict=True):
                layer.momentum = momentum
                _number(layer).copy_(number)


def _number(layer: _BatchNorm) -> Tensor:
    assert layer.num_batches_tracked is not None
    return layer.num_batches_tracked
