"""Changes to whole batches, by name: makers of functions of a batch and of its samples' random numbers."""

from collections.abc import Callable

from gansr.data.augmentation import colour, mixing
from gansr.data.augmentation.lots import Augmentation

BATCH_AUGMENTATIONS: dict[str, Callable[..., Augmentation]] = {
    "mixup": mixing.mixup,
    "cutmix": mixing.cutmix,
    "cutblur": mixing.cutblur,
    "blend": colour.blend,
    "permute_channels": colour.permute_channels,
    "colour_jitter": colour.colour_jitter,
}
