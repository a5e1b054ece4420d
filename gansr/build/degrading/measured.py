"""Arguments of a degrader that the run's own images say: `jpeg: measured`."""

from typing import Any

import numpy as np

from gansr.data.sets.training_set import TrainingSet
from gansr.data.unpaired.look import look_at
from gansr.data.unpaired.sides import UnpairedFiles
from gansr.options.schema import Options

MEASURED = "measured"
MOSTLY = 0.5  # of real LR: where fewer photos are JPEG, none of made LR is
PERCENTILES = (10, 90)
STAND_IN = (50.0, 70.0)


def measured(options: Options, images: TrainingSet) -> tuple[Options, list[str]]:
    """Options with numbers in the place of `degrader.jpeg: measured`, and a line that tells them.

    The qualities are those of real LR in the audit's measure: what files say, or else what pixels do. Same photos, same
    numbers.

    Raises:
        DataError: a photo cannot be read.
    """
    if not _asks(options) or not isinstance(images, UnpairedFiles):
        return options, []
    side = look_at(images.real_lr.files)
    share = len(side.qualities) / len(side.looks)
    if share < MOSTLY:
        return _with_jpeg(options, None), [f"degrader.jpeg: none, {share:.0%} of real LR is JPEG"]
    low, high = (float(value) for value in np.percentile(side.qualities, PERCENTILES))
    return _with_jpeg(options, (low, high)), [f"degrader.jpeg: qualities {low:g} to {high:g}, as real LR has"]


def with_stand_in(options: Options) -> Options:
    """The same for whoever checks a run without its images."""
    return _with_jpeg(options, STAND_IN) if _asks(options) else options


def _asks(options: Options) -> bool:
    degrader = options.making.get("degrader")
    return degrader is not None and degrader.arguments.get("jpeg") == MEASURED


def _with_jpeg(options: Options, jpeg: tuple[float, float] | None) -> Options:
    degrader: Any = options.making["degrader"]
    return options.model_copy(
        update={"degrader": type(degrader).model_validate(degrader.model_dump() | {"jpeg": jpeg})}
    )
