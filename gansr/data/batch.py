"""What a recipe receives from the data.

Every image of a batch is RGB, float32 in [0, 1], channels first (B, 3, H, W), on the device,
in channels_last layout.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Paired:
    """Low resolution, and the high resolution it should become."""

    lr: Tensor  # (B, 3, H, W)
    hr: Tensor  # (B, 3, scale*H, scale*W)
    importance: Tensor | None = None  # (B, 1, scale*H, scale*W) in [0, 1]: how much each pixel of HR matters
    sharp: Tensor | None = None  # HR sharpened, as large, where LR was made of that
    scale: int | None = None  # where a step draws one of several; None: the generator's own
    domain_distance: Tensor | None = None  # (B, 1, scale*H, scale*W) in [0, 1]: how real LR looks, where it was learned


@dataclass(frozen=True)
class Unpaired:
    """Sharp photos, and real LR of other ones: image n of one side has nothing to do with image n of the other."""

    hr: Tensor  # (B, 3, scale*H, scale*W)
    real_lr: Tensor  # (B, 3, H, W)
    window: Tensor | None = None  # HR with as many pixels around as its degradation looks at, where there is one


@dataclass(frozen=True)
class Faces:
    """Faces, and where their landmarks are."""

    image: Tensor  # (B, 3, S, S)
    points: Tensor  # (B, P, 2): x and y in pixels; (0, 0) is the centre of the first one
