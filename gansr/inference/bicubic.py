"""The baseline of every table."""

import numpy as np
import torch

from gansr.errors import OptionsError
from gansr.imaging.resize import enlarge, enlarge_uint8


class Bicubic:
    """MATLAB's bicubic enlargement, in its 8-bit arithmetic; called like an `Upscaler`."""

    def __init__(self, scale: int) -> None:
        if scale < 1:
            raise OptionsError(f"bicubic: expected a scale of 1 or more, found {scale}.")
        self.scale = scale

    def __call__(self, lr: np.ndarray) -> np.ndarray:
        """Uint8 (h, w, C) -> uint8 (scale*h, scale*w, C). Floats on 0..255 stay such until the end."""
        image = torch.tensor(lr).permute(2, 0, 1)[None]  # (1, C, h, w)
        if image.is_floating_point():
            large = (enlarge(image, self.scale) + 0.5).floor().clamp(0, 255).to(torch.uint8)
        else:
            large = enlarge_uint8(image, self.scale)
        return large[0].permute(1, 2, 0).contiguous().numpy()
