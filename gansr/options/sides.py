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


def refuse_side(
    train: TrainSetOptions, recipe: str, unpaired: bool, takes_degradation: bool, choices: Sequence[str]
) -> None:
    """Raise ValueError unless the training images are of the kind that the recipe learns from.

    Args:
        train: the options of the images
        recipe: its name
        unpaired: does it learn from two sides?
        takes_degradation: if so, does it also make LR of its HR side by `degradation`?
        choices: the recipes that are unpaired
    """
    if not unpaired:
        if train.real_lr is not None:
            here = ", ".join(choices) if choices else "none in this version"
            raise ValueError(
                f"data.train.real_lr: recipe {recipe} learns from pairs and would never look at these photos. Either "
                f"choose a recipe that learns from unpaired images ({here}), or remove real_lr; `gansr degrade --fit` "
                f"makes a data.train.degradation of such photos for recipe {recipe}"
            )
        return
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
