"""`gansr check`: build everything without values (on the meta device) and take one step to see that it fits.

Nothing is read but the options: no image, no weights. A step on the meta device computes shapes only, so a loss
that does not fit its network, or a crop too small for the discriminator, is found in a second.
"""

import itertools
import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from gansr.build.degrading.augmentation import augmentation
from gansr.build.degrading.degradations import MILD, margin, networks
from gansr.build.degrading.harvest import stand_in, wanted, with_rows
from gansr.build.degrading.measured import with_stand_in
from gansr.build.feeding.data import maker
from gansr.build.making import parts
from gansr.build.making import recipes as builders
from gansr.data.batch import Paired, Unpaired
from gansr.errors import OptionsError, UserError
from gansr.losses.adversarial.objectives import Objective
from gansr.losses.table import LossTable, Term
from gansr.losses.weight import Ramp, weight_at
from gansr.options.component import check
from gansr.options.schema import Options
from gansr.options.sections import LossOptions, RampOptions
from gansr.recipes.turns import Turns

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


def examine(options: Options, written: Collection[Path] = ()) -> Examination:
    """Build a stage on the meta device, take one step, and measure.

    Args:
        options: the stage's
        written: weights files that stages before it will have written: these are not missing

    Raises:
        OptionsError: something does not exist or does not fit.
    """
    # What is compiled would be traced with tensors that have no values, for nothing.
    options = options.model_copy(update={"train": options.train.model_copy(update={"compile": False})})
    if wanted(options) is not None:
        options = with_rows(options, stand_in(options))
    options = with_stand_in(options)
    parts.schedule(options.train)
    parts.optimizer(options.train, options.train.lr)
    parts.metric_arguments(options)
    maker(options)
    augmentation(options)
    with META:
        made_of = builders.ingredients(options)
        _refuse_idle_steps(options, made_of.losses)
        ledger = _Ledger(half=options.train.precision in {"bf16", "fp16"})
        scale = options.scale
        recipe = builders.recipe(options, made_of, _meta_accelerator(), lambda rate: ledger.optimizer)
        try:
            with ledger.watching():
                for step, scale in itertools.product(_busiest_steps(options), options.scales):
                    recipe.step(_batch(options, scale), step)
        except UserError:
            raise
        except (RuntimeError, ValueError, IndexError) as error:
            views = any(one.through for one in options.judges.values())
            hint = " A discriminator that looks through luma has in_channels: 1; through wavelet, 9." if views else ""
            row = "".join(f"{note}: " for note in getattr(error, "__notes__", ()))
            crop = f"crops of {options.crop(scale)} px"
            at = f" at scale {scale}" if options.scales != (options.scale,) else ""
            raise OptionsError(
                f"{options.title}: the parts do not fit together for {crop}{at}: {row}{error}{hint}"
            ) from None
    learns, fixed = ({name: _size(n, learns) for name, n in made_of.networks.items()} for learns in (True, False))
    averaged = options.train.ema is not None
    floats = sum(count * (5 if averaged and name == "generator" else 4) for name, count in learns.items())
    tables = made_of.tables.values()
    frozen = {id(p): p.numel() for table in tables for module in table.modules() for p in module.parameters()}
    return Examination(
        options.title,
        learns,
        made_of.losses.describe(),
        weights=4 * floats / MEGABYTE,
        frozen=4 * (sum(frozen.values()) + sum(fixed.values())) / MEGABYTE,
        activations=ledger.peak / MEGABYTE,
        missing=_missing_weights(options, written),
    )


def _refuse_idle_steps(options: Options, losses: LossTable) -> None:
    """Weights change on straight lines: where one begins or ends, or the game does, all of them might be 0."""
    train = options.train
    ramps = [term.weight for term in losses.values() if isinstance(term.weight, Ramp)]
    if train.discriminator_steps > train.steps:
        raise OptionsError(
            f"train.discriminator_steps ({train.discriminator_steps}) exceeds train.steps ({train.steps}), which "
            f"counts the discriminator's turns: the generator would never have one."
        )
    bends = {0, train.discriminator_start, train.generator_start, train.steps - 1}
    bends |= {step for ramp in ramps for step in (ramp.start, ramp.start + ramp.over)}
    turns = Turns(train.discriminator_steps, train.discriminator_start, train.generator_start)
    for bend in sorted(bends):
        step = next(step for step in itertools.count(bend) if turns.generator(step))
        in_play = [role for role, term in losses.items() if turns.game(step) or not _is_of_the_game(term)]
        if step < train.steps and not any(weight_at(losses[role].weight, step) for role in in_play):
            raise OptionsError(
                f"losses: at step {step} every weight is 0, so there is nothing to learn from. Rows in play then: "
                f"{', '.join(in_play) or 'none'}. Let one weigh more than 0 at each step, or begin the game earlier."
            )


def _is_of_the_game(term: Term) -> bool:
    return isinstance(term.loss, Objective) or "fake_maps" in term.asks


def _size(network: nn.Module, learns: bool) -> int:
    """Parameters that learn, or that never do."""
    return sum(p.numel() for p in network.parameters() if p.requires_grad == learns)


def _batch(options: Options, scale: int) -> Paired | Unpaired:
    crop, size = options.crop(scale), options.train.batch
    if options.data.train.real_lr is not None and wanted(options) is None:
        return _unpaired_batch(options)
    importance = torch.empty(size, 1, crop, crop) if options.data.train.importance else None
    lr, hr = torch.empty(size, 3, crop // scale, crop // scale), torch.empty(size, 3, crop, crop)
    sharp = hr if options.data.train.sharpen else None
    return Paired(lr, hr, importance, sharp, scale if options.scales != (options.scale,) else None)


def _unpaired_batch(options: Options) -> Unpaired:
    train, size = options.data.train, options.train.batch
    sides = [train.crop, train.crop // options.scale]
    if train.degradation is not None:
        sides.append(train.crop + 2 * margin(options, options.scale))
    return Unpaired(*(torch.empty(size, 3, side, side) for side in sides))


def _busiest_steps(options: Options) -> list[int]:
    """The generator's first, and steps that leave nothing out: weights at their last values, every penalty due."""
    train = options.train
    ramps = [row.weight for row in options.losses.values() if isinstance(row.weight, RampOptions)]
    turns = train.discriminator_steps
    first = 0 if train.discriminator_start else -(-(train.generator_start + 1) // turns) * turns - 1
    earliest = max([train.discriminator_start, train.generator_start, *(ramp.start + ramp.over for ramp in ramps)])
    every = math.lcm(*(row.every for row in getattr(options, "penalties", {}).values()))
    return sorted({first, -(-(earliest + 1) // turns) * turns - 1, -(-earliest // every) * every})


def _missing_weights(options: Options, written: Collection[Path]) -> list[str]:
    named: dict[str, Path | None] = {"generator": options.generator.weights}
    named |= {name: one.weights for name, one in (options.judges | options.making).items()}
    if (cleaner := getattr(options, "cleaner", None)) is not None:
        named["cleaner"] = cleaner.weights
    for section, rows in options.tables.items():
        named |= _named_by_losses(options, rows, section)
    mild = options.data.train.mild
    files = {f"{name}.weights": path for name, path in named.items()} | networks(options.data.train.degradation)
    files |= networks(mild and mild.degradation, MILD)
    promised = {path.absolute() for path in written}
    absent = {where: path for where, path in files.items() if path and not path.exists()}
    return [
        f"{where}: there is no file {path}.{_of_that_name(path, written)}"
        for where, path in absent.items()
        if path.absolute() not in promised
    ]


def _of_that_name(path: Path, written: Collection[Path]) -> str:
    """A file that is not there may be meant to be one that a stage writes."""
    alike = [str(one) for one in sorted(written) if one.name == path.name]
    return f" Stages before this one write {' and '.join(alike)}." if alike else ""


def _named_by_losses(options: Options, rows: Mapping[str, LossOptions], section: str) -> dict[str, Path | None]:
    """Weights files that rows of losses name, by row."""
    named, context = {}, parts.loss_context(options)
    for role, row in rows.items():
        where = f"{section}.{role}"
        table = parts.ADVERSARIAL if role == "adversarial" else parts.losses_of(section)
        named[where] = _file(check(row, table, where, **context).get("weights"))
        if row.where is not None:
            named[f"{where}.where"] = _file(check(row.where, parts.MAPS, f"{where}.where", **context).get("weights"))
    return named


def _file(weights: Any) -> Path | None:
    """The path in a component's argument `weights`, which may be a word, or not there at all."""
    return Path(weights) if isinstance(weights, str) and weights not in {"imagenet", "random"} else None


def _meta_accelerator() -> Any:
    """One process on the meta device, as far as players look."""
    return SimpleNamespace(
        device=META,
        mixed_precision="no",
        gradient_accumulation_steps=1,
        sync_gradients=True,
        num_processes=1,
        prepare_model=lambda network, **_: network,
        autocast=nullcontext,
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

    def optimizer(self, given: list[Any]) -> Any:
        """Stands in for a player's optimizer, of parameters or of groups of them: its step ends the turn."""
        groups = [one["params"] if isinstance(one, dict) else [one] for one in given]
        parameters: list[nn.Parameter] = [parameter for group in groups for parameter in group]

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
