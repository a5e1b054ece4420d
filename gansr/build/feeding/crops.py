"""Several crops of each image, as options."""

from gansr.data.loading.lanes import Lanes
from gansr.data.loading.loader import ahead
from gansr.options.images import TrainSetOptions


def recent(train: TrainSetOptions, batch: int) -> int:
    """How many images that were decoded last to hold, so that several crops of each cost one decoding.

    `batch` is the number of samples in one.
    """
    if train.crops_per_image == 1:
        return 0
    files = 2 if train.lr is not None or train.real_lr is not None or train.pairs is not None else 1  # of a sample
    return files * Lanes(train.crops_per_image).held(ahead(train.workers, batch))
