"""Rows of options -> what changes whole batches on the device."""

import json
from functools import lru_cache

import torch

from gansr.build.degrading import ramps
from gansr.data.augmentation import BATCH_AUGMENTATIONS
from gansr.data.augmentation.lots import Augmentation, Lots, each, sometimes
from gansr.data.batch import Paired
from gansr.data.batches import Augment
from gansr.data.sampler import Moment
from gansr.errors import OptionsError
from gansr.options.component import build
from gansr.options.images import AugmentRow
from gansr.options.schema import Options

WHERE = "data.train.augment"


def augmentation(options: Options) -> Augment | None:
    """What changes batches, where the options say so: each row in turn, by chance, with what it is at the step.

    Raises:
        OptionsError: an unknown type, an argument that does not fit, at whatever step.
    """
    tree = [row.model_dump(mode="json", by_alias=True) for row in options.data.train.augment]
    if not tree:
        return None
    train = options.data.train
    make = lru_cache(maxsize=64)(_made)
    context = (options.train.batch, train.degradation is None and train.lr is None and train.pairs is None)

    def at(step: int) -> list[Augmentation]:
        rows = [AugmentRow.model_validate(row) for row in ramps.at(tree, step)]
        return [make(row.model_dump_json(), f"{WHERE}.{number}", *context) for number, row in enumerate(rows)]

    for step in ramps.telling(ramps.bends(tree, WHERE)):
        try:
            at(step)
        except OptionsError as error:
            raise OptionsError(f"{error} So it is at step {step}, by a ramp.") if step else error from None

    def augment(batch: Paired, moment: Moment) -> Paired:
        numbers = range(moment.first, moment.first + len(batch.hr))
        for row, change in enumerate(at(moment.position // options.train.accumulate)):
            batch = change(batch, Lots(options.seed, numbers, row, batch.hr.device))
        return _laid_out(batch)

    return augment


def _made(dumped: str, where: str, batch: int, lr_is_bicubic: bool) -> Augmentation:
    row = AugmentRow.model_validate(json.loads(dumped))
    assert isinstance(row.when, float), "rows of one step have no ramps"
    made = build(row, BATCH_AUGMENTATIONS, where, batch=batch, lr_is_bicubic=lr_is_bicubic)
    return sometimes(made, row.when)


def _laid_out(batch: Paired) -> Paired:
    """In the layout that every batch has."""
    return each(batch, lambda image: image.contiguous(memory_format=torch.channels_last))
