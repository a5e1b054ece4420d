"""`gansr train`: the stages of a run, one after another, each from the weights of the one before."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from accelerate import Accelerator

from gansr.build.caching.sources import Sources
from gansr.build.checking.quick import quick_check
from gansr.build.examining.check import examine
from gansr.build.feeding.data import Images, open_images
from gansr.build.making import parts
from gansr.build.making.ship import LAST, architecture, written_before
from gansr.build.processes import start
from gansr.build.run import build_stage
from gansr.build.watching.trackers import check_trackers
from gansr.build.watching.validation import best
from gansr.errors import OptionsError
from gansr.options.schema import Options


def train(stages: Sequence[Options], cpu: bool = False) -> Path | None:
    """Train every stage that is not finished. Returns the last weights, or None when a signal stopped the run.

    Raises:
        UserError: before the first step for whatever can be known before, in any stage.
    """
    if len({stage.train.precision for stage in stages}) > 1:
        raise OptionsError("train.precision: all stages of a run have the same one.")
    accelerator = start(stages[0], cpu, spare=any(stage.scales != (stage.scale,) for stage in stages))
    inherited: Path | None = None
    try:
        written = written_before(stages)
        sources = Sources()
        images = [
            _inspected(options, accelerator, before, sources) for options, before in zip(stages, written, strict=True)
        ]
        _refuse_strangers(stages)
        sources.open()  # decodes what the cache lacks: when all else is known to be right
        for options, its_images in zip(stages, images, strict=True):
            if not build_stage(options, accelerator, its_images, inherited).train():
                return None
            accelerator.free_memory()
            inherited = options.folder / LAST
        return inherited
    finally:
        accelerator.end_training()  # ends the process group: with it alive, gloo may abort on exit


def _inspected(options: Options, accelerator: Accelerator, written: Collection[Path], sources: Sources) -> Images:
    """A stage's images, after a look at everything else that could go wrong hours later when the stage begins."""
    found = examine(options, written)
    if found.missing:
        raise OptionsError(" ".join(found.missing))
    check_trackers(options)
    with accelerator.local_main_process_first():  # feature networks are downloaded now
        for section, rows in options.tables.items():
            parts.loss_table(rows, section, options)
        best(options, parts.metrics(options, options.scale))
    images = open_images(options, sources)
    begun = (options.folder / "checkpoints").is_dir()  # then it was said before
    if not accelerator.is_main_process or begun:
        return images
    return replace(images, told=quick_check(options, images))


def _refuse_strangers(stages: Sequence[Options]) -> None:
    """A stage must be able to take the weights of the one before."""
    for before, after in pairwise(stages):
        if after.generator.weights is not None or not after.generator.strict:
            continue
        one, other = architecture(before), architecture(after)
        # A generator alone may get a cleaner that begins anew; one behind a cleaner is nothing without it.
        if one not in (other, replace(other, cleaner=None)):
            raise OptionsError(
                f"{after.title}: this stage starts from the weights of {before.title}, whose generator is another: "
                f"{one} there, {other} here. Make them "
                f"equal, give this stage generator.weights of its own, or generator.strict: false to take over what "
                f"fits."
            )
