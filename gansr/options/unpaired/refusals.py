"""Which recipes learn from two unpaired sides of images, and what makes no sense with them."""

from collections.abc import Sequence

from gansr.options.images import TrainSetOptions

PAIRED_ONLY = {
    "lr": "lr holds the LR of each HR image",
    "pairs": "pairs are LR and HR of the same images",
    "scales": "the real photos have one scale",
    "sharpen": "it sharpens what a degradation makes LR of",
    "mild": "it is a milder way to make LR of HR",
    "augment": "it changes pairs",
    "importance": "it weighs the comparison of an image with its own HR",
}
"""What cannot stand beside `real_lr`, and why."""


def refuse_side(train: TrainSetOptions, recipe: str, takes_degradation: bool) -> None:
    """Raise ValueError unless the training images are two sides, as recipes without pairs need them.

    Args:
        train: the options of the images
        recipe: its name
        takes_degradation: does it also make LR of its HR side by `degradation`?
    """
    if train.real_lr is None:
        raise ValueError(
            f"data.train.real_lr is missing: recipe {recipe} learns from real LR photos, which no HR belongs to. With "
            f"pairs (data.train.lr), or with HR alone, choose recipe paired or paired_gan"
        )
    for key, reason in PAIRED_ONLY.items():
        if getattr(train, key):
            raise ValueError(f"data.train.{key}: {reason}, and data.train.real_lr has no pairs. Remove one of the two")
    if train.degradation is not None and not takes_degradation:
        raise ValueError(
            f"data.train.degradation: recipe {recipe} learns from data.train.real_lr what LR looks like. Remove it, or "
            f"remove real_lr and choose recipe paired or paired_gan"
        )


def refuse_real_lr(train: TrainSetOptions, recipe: str, choices: Sequence[str]) -> None:
    """Raise ValueError if a recipe that learns from pairs is given real LR.

    Args:
        train: the options of the images
        recipe: its name
        choices: the recipes that would look at it
    """
    if train.real_lr is not None:
        raise ValueError(
            f"data.train.real_lr: recipe {recipe} learns from pairs and would never look at these photos. Either "
            f"choose a recipe that learns from unpaired images ({', '.join(choices)}), or remove real_lr; `gansr "
            f"degrade --fit` makes a data.train.degradation of such photos for recipe {recipe}"
        )
