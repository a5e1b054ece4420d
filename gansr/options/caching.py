"""What LR that is made once cannot stand beside."""

from gansr.options.images import TrainSetOptions

OTHERWISE = {
    "lr": "there are LR files already",
    "real_lr": "LR is that of other photos",
    "degradation": "it makes another LR of every crop, and to make it once would be to learn one draw by heart",
    "pairs": "samples of pairs and of photos are made in one way, on the device",
}
"""What cannot stand beside `keep_lr`, and why."""


def refuse_keep_lr(train: TrainSetOptions) -> None:
    """Raise ValueError if LR shall be made once that is not bicubic LR of HR, or has nowhere to be kept."""
    if not train.keep_lr:
        return
    for key, reason in OTHERWISE.items():
        if getattr(train, key) is not None:
            raise ValueError(f"data.train.keep_lr: it keeps bicubic LR of hr, and with {key} {reason}; remove one")
    if train.cache != "raw":
        raise ValueError(
            f"data.train.keep_lr: LR is kept in the raw cache, and data.train.cache is {train.cache}; choose cache: raw"
        )
