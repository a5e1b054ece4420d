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
