"""`gansr train`: the stages of a run, one after another, each from the weights of the one before."""

from collections.abc import Sequence
from pathlib import Path

from accelerate import Accelerator

from gansr.build import data
from gansr.build.check import examine
from gansr.build.processes import start
from gansr.build.run import LAST, build_stage
from gansr.errors import DataError, OptionsError
from gansr.options.schema import Options


def train(stages: Sequence[Options], cpu: bool = False) -> Path | None:
    """Train every stage that is not finished. Returns the last weights, or None when a signal stopped the run.

    Raises:
        UserError: before the first step for whatever can be known before, in any stage.
    """
    if len({stage.train.precision for stage in stages}) > 1:
        raise OptionsError("train.precision: all stages of a run have the same one.")
    accelerator = start(stages[0], cpu)
    for options in stages:
        examine(options)
        _look_at_data(options, accelerator)
    inherited: Path | None = None
    for options in stages:
        if not build_stage(options, accelerator, inherited).train():
            return None
        accelerator.free_memory()
        inherited = options.folder / LAST
    accelerator.end_training()  # ends the process group: without it gloo may abort on exit
    return inherited


def _look_at_data(options: Options, accelerator: Accelerator) -> None:
    """Find missing folders and pairs that do not fit now, not hours later when their stage begins."""
    for name, part in (
        ("generator", options.generator),
        ("discriminator", getattr(options, "discriminator", None)),
    ):
        if part is not None and part.weights is not None and not part.weights.exists():
            raise OptionsError(f"{name}.weights: there is no file {part.weights}.")
    data.training_batches(options, accelerator)
    if not options.data.validation and options.checkpoints.best:
        raise DataError("checkpoints.best needs a set under data.validation.")
    data.validation_sets(options)
