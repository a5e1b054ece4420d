"""`gansr check`: build everything without values (on the meta device) and take one step to see that it fits.

Nothing is read but the options: no image, no weights. A step on the meta device computes shapes only, so a loss
that does not fit its network, or a crop too small for the discriminator, is found in a second.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from gansr.build import parts
from gansr.build import recipes as builders
from gansr.data.batch import Paired
from gansr.errors import OptionsError, UserError
from gansr.options.schema import Options

META = torch.device("meta")
MEGABYTE = 2**20


@dataclass(frozen=True)
class Examination:
    """What `check` found out about one stage. Sizes in MB, for one process."""

    title: str
    parameters: dict[str, int]  # network -> parameters that learn
    losses: list[tuple[str, str, str, str]]  # role, type, weight, target
    weights: float  # parameters, gradients, optimizer states and averages
    frozen: float  # feature networks of the losses
    activations: float  # the larger turn's saved tensors
    missing: list[str] = field(default_factory=list)  # weights files that training will need

    @property
    def memory(self) -> float:
        """Estimated memory of one training step; kernels' workspaces come on top."""
        return self.weights + self.frozen + self.activations


def examine(options: Options) -> Examination:
    """Build a stage on the meta device, take one step, and measure.

    Raises:
        OptionsError: something does not exist or does not fit.
    """
    parts.schedule(options.train)
    parts.optimizer(options.train, options.train.lr)
    parts.metric_arguments(options)
    with META:
        made_of = builders.ingredients(options)
        ledger = _Ledger(half=options.train.precision in {"bf16", "fp16"})
        recipe = builders.recipe(options, made_of, _meta_accelerator(), lambda rate: ledger.optimizer)
        batch = _batch(options)
        try:
            with ledger.watching():
                recipe.step(batch)
        except UserError:
            raise
        except (RuntimeError, ValueError, IndexError) as error:
            raise OptionsError(
                f"{options.title}: the parts do not fit together for crops of {options.data.train.crop} px: {error}"
            ) from None
    learns = {name: sum(p.numel() for p in network.parameters()) for name, network in made_of.networks.items()}
    averaged = options.train.ema is not None
    floats = sum(count * (5 if averaged and name == "generator" else 4) for name, count in learns.items())
    frozen = [
        p.numel()
        for term in made_of.losses.values()
        if isinstance(term.loss, nn.Module)
        for p in term.loss.parameters()
    ]
    return Examination(
        options.title,
        learns,
        made_of.losses.describe(),
        weights=4 * floats / MEGABYTE,
        frozen=4 * sum(frozen) / MEGABYTE,
        activations=ledger.peak / MEGABYTE,
        missing=_missing_weights(options),
    )


def _batch(options: Options) -> Paired:
    crop, scale, size = options.data.train.crop, options.scale, options.train.batch
    return Paired(torch.empty(size, 3, crop // scale, crop // scale), torch.empty(size, 3, crop, crop))


def _missing_weights(options: Options) -> list[str]:
    parts_with_weights = {"generator": options.generator, "discriminator": getattr(options, "discriminator", None)}
    return [
        f"{name}.weights: there is no file {part.weights}."
        for name, part in parts_with_weights.items()
        if part is not None and part.weights is not None and not part.weights.exists()
    ]


def _meta_accelerator() -> Any:
    """One process on the meta device, as far as players look."""
    return SimpleNamespace(
        device=META,
        mixed_precision="no",
        gradient_accumulation_steps=1,
        sync_gradients=True,
        num_processes=1,
        prepare_model=lambda network, **_: network,
    )


class _Ledger:
    """Bytes that autograd keeps for the backward passes of one turn; `peak` is the larger turn's."""

    def __init__(self, half: bool) -> None:
        self.half, self.peak, self.bytes = half, 0, 0
        self.seen: dict[int, Tensor] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        with saved_tensors_hooks(self._keep, lambda tensor: tensor):
            yield
        self.turn_ends()

    def optimizer(self, parameters: list[nn.Parameter]) -> Any:
        """Stands in for a player's optimizer: its step ends the turn."""

        def zero_grad(set_to_none: bool) -> None:
            for parameter in parameters:
                parameter.grad = None

        return SimpleNamespace(step=self.turn_ends, zero_grad=zero_grad)

    def turn_ends(self) -> None:
        self.peak, self.bytes, self.seen = max(self.peak, self.bytes), 0, {}

    def _keep(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in self.seen and not isinstance(tensor, nn.Parameter):
            self.seen[storage._cdata] = tensor
            self.bytes += storage.nbytes() // (2 if self.half else 1)
        return tensor
