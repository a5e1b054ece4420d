"""From an image file's pixels, through a network, back to pixels."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from gansr.errors import OptionsError, UserError
from gansr.imaging.colour import grey
from gansr.inference.ensemble import self_ensemble
from gansr.inference.memory import in_smaller_tiles, is_short
from gansr.inference.tiles import upscale_tiles


class Upscaler:
    """A network as a function of 8-bit images.

    Args:
        network: RGB in [0, 1], (B, 3, h, w) -> (B, 3, scale*h, scale*w)
        scale: the network's magnification; one of several where its `forward` takes a scale
        device: where the network is; images are sent there
        tile: side in LR pixels of the pieces that large images are cut into; None: never cut
        overlap: LR pixels that neighbouring tiles share, at most half a tile
        ensemble: the mean of eight, the image turned and mirrored; see `self_ensemble`
        cut_if_short: where memory is short, try again in ever smaller tiles, and keep what was done in `cut`

    Raises:
        OptionsError: the tile is smaller than twice the overlap.
    """

    def __init__(
        self,
        network: nn.Module,
        scale: int,
        device: torch.device | str,
        tile: int | None = None,
        overlap: int = 32,
        ensemble: bool = False,
        cut_if_short: bool = False,
    ) -> None:
        if tile is not None and tile < max(1, 2 * overlap):
            raise OptionsError(
                f"A tile of {tile} pixels is too small: expected at least {2 * overlap}, as tiles overlap by {overlap}."
            )
        self.network = network
        self.scale = scale
        self.device = torch.device(device)
        self.tile = tile
        self.overlap = overlap
        self.ensemble = ensemble
        self.cut_if_short = cut_if_short
        self.cut: dict[tuple[int, int], int] = {}
        """(height, width) of LR images that did not fit in memory -> the tiles that they were then cut into."""

    @torch.inference_mode()
    def __call__(self, lr: np.ndarray) -> np.ndarray:
        """Uint8 (h, w, C), or floats on 0..255 -> uint8 (scale*h, scale*w, C). Grey (C = 1) passes the network as RGB.

        Raises:
            UserError: the network's answer is not finite, or the image does not fit in memory.
        """
        image = from_numpy(lr).to(self.device).expand(1, 3, -1, -1)  # (1, 3, h, w)
        with evaluating(self.network):
            sr = self._upscale(image)
        if not sr.isfinite().all():
            raise UserError(
                f"The network's answer to an image of {lr.shape[1]}x{lr.shape[0]} pixels is not finite: "
                "its weights are broken, or it left the range of half precision."
            )
        return to_numpy(grey(sr) if lr.shape[-1] == 1 else sr)

    def _run(self, image: Tensor) -> Tensor:
        own = getattr(self.network, "scale", None)  # a user's own network need not know it
        return self.network(image) if own in {None, self.scale} else self.network(image, scale=self.scale)

    def _upscale(self, image: Tensor) -> Tensor:
        height, width = image.shape[-2:]
        if not self.cut_if_short:
            try:
                return self._enlarge(image, self.tile)
            except RuntimeError as error:
                if not is_short(error):
                    raise
            size = f"tiles of {self.tile}" if self.tile else f"an image of {width}x{height}"
            raise UserError(f"{size} pixels did not fit in the memory of {self.device}: take smaller tiles.")
        sr, tile = in_smaller_tiles(
            lambda side: self._enlarge(image, side),
            (height, width),
            self.tile,
            max(1, 2 * self.overlap),
            str(self.device),
        )
        if tile is not None and tile != self.tile:
            self.cut[height, width] = tile
        return sr

    def _enlarge(self, image: Tensor, tile: int | None) -> Tensor:
        def once(lr: Tensor) -> Tensor:
            if tile is None:
                return self._run(lr).float()
            return upscale_tiles(self._run, lr, self.scale, tile, self.overlap)

        return self_ensemble(once, image) if self.ensemble else once(image)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """The network in evaluation mode; afterwards each of its modules is in the mode it was in."""
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


def from_numpy(image: np.ndarray) -> Tensor:
    """Uint8 (H, W, C), or floats on 0..255 -> float32 (1, C, H, W) in [0, 1]."""
    return torch.tensor(image).permute(2, 0, 1)[None].to(torch.float32) / 255


def to_numpy(image: Tensor) -> np.ndarray:
    """Floats (1, C, H, W), clamped to [0, 1] -> uint8 (H, W, C); halves are rounded up."""
    levels = (image.clamp(0, 1) * 255 + 0.5).to(torch.uint8)
    return levels[0].permute(1, 2, 0).contiguous().cpu().numpy()
