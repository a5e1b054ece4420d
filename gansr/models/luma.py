"""Networks that see brightness alone, for colour images."""

from typing import Any

from torch import Tensor, nn

from gansr.imaging.colour import luma
from gansr.models.layers.resizing import bicubic
from gansr.models.layers.transparent import transparent

SPAN = 255 / 219
"""Of full range, in which R, G and B are, to studio range, in which Y is."""


class OnLuma(nn.Module):
    """A network of one channel that enlarges Y of BT.601, while Cb and Cr are enlarged by MATLAB's bicubic.

    (B, 3, H, W) in [0, 1] -> (B, 3, scale * H, scale * W), as SRCNN, VDSR and their time did. Y is in studio range,
    [16/255, 235/255], as MATLAB's `rgb2ycbcr` gives it. Since both conversions and the interpolation are linear, and
    each of R, G and B grows by 255/219 of what Y grows by, that is bicubic(RGB) + 255/219 (network(Y) - bicubic(Y)).
    Weights have the names of the bare network.

    Args:
        network: (B, 1, H, W) -> (B, 1, scale * H, scale * W)
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.scale: int | None = getattr(network, "scale", None)
        transparent(self, "network")

    def forward(self, lr: Tensor, **wishes: Any) -> Any:
        """(B, 3, H, W) -> (B, 3, scale * H, scale * W), or what the network makes of `wishes`, in colour."""
        found = self.network(luma(lr), **wishes)
        return [self._coloured(y, lr) for y in found] if isinstance(found, list) else self._coloured(found, lr)

    def _coloured(self, y: Tensor, lr: Tensor) -> Tensor:
        large = bicubic(lr, y.shape[-1] // lr.shape[-1])
        return large + SPAN * (y - luma(large))
