"""Recipes that learn from two sides, small: each has a row `pixel`, for the check to see fall."""

from typing import Any

from gansr.options.stages import merge

Tree = dict[str, Any]

REAL_LR = "real_lr"
"""Stands for the folder of small photos beside that of the others."""

TRANSLATOR: Tree = {"type": "translator", "features": 16, "blocks": 1, "zero_tail": False}
FACES: Tree = TRANSLATOR | {"noise_channels": 1}
PATCHES: Tree = {"type": "patch", "features": 16, "layers": 1, "stride": 1, "kernel": 3, "norm": "instance"}
SIDES: Tree = {
    "scale": 4,
    "generator": {"type": "srresnet", "features": 16, "blocks": 1},
    "losses": {"pixel": {"type": "l1"}},
    "data": {"train": {"crop": 32, "real_lr": REAL_LR}},
    "train": {"batch": 2, "lr": 1e-3, "clip": 10.0},
}
GAME: Tree = {"losses": {"adversarial": {"type": "least_squares", "weight": 0.1}}}
UNPAIRED: dict[str, Tree] = {
    name: merge(SIDES, tree | {"recipe": name})
    for name, tree in {
        "learned_kernel_noise": {
            "degrader": {"type": "kernel_noise", "kernel_features": 16, "noise_features": 16, "noise_blocks": 2},
            "lr_discriminator": PATCHES,
            "pool": 8,
        },
        "degradation_gan": {
            "degrader": {"type": "dsgan", "features": 16, "blocks": 1},
            "lr_discriminator": {"type": "dsgan", "features": 16, "through": [{"type": "high_pass"}]},
        },
        "unpaired_cycle": {
            "degrader": TRANSLATOR,
            "hr_discriminator": PATCHES,
            "lr_discriminator": PATCHES,
            "pool": 8,
            "losses": GAME["losses"]
            | {
                "pixel": {"type": "l1", "of": "same_hr"},
                "cycle": {"type": "image_cycle", "of": "cycled_lr", "target": "real_lr"},
            },
        },
        "cincgan": {
            "cleaner": TRANSLATOR,
            "lr_degrader": TRANSLATOR,
            "degrader": TRANSLATOR,
            "clean_discriminator": PATCHES,
            "hr_discriminator": PATCHES,
            "pool": 8,
        }
        | GAME,
        "pseudo_supervision": {
            "cleaner": TRANSLATOR,
            "lr_degrader": FACES,
            "clean_discriminator": PATCHES,
            "lr_discriminator": PATCHES,
            "hr_discriminator": PATCHES,
        }
        | GAME,
        "semi_cycle": {
            "degrader": FACES,
            "sr_degrader": FACES,
            "lr_discriminator": PATCHES,
            "returned_discriminator": PATCHES,
            "hr_discriminator": PATCHES,
            "real_sr_discriminator": PATCHES,
        }
        | GAME,
    }.items()
}
