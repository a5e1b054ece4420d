"""Cycle consistency: what was transformed and brought back should be what it was."""

from collections.abc import Callable
from typing import Literal, Self

from torch import Tensor, nn

from gansr.errors import OptionsError
from gansr.imaging.filters import full_precision
from gansr.imaging.resize import enlarge, reduce
from gansr.losses.pixel.distances import Loss, charbonnier, l1, l2

Distance = Literal["l1", "l2", "charbonnier"]
DISTANCES: dict[Distance, Callable[[], Loss]] = {"l1": l1, "l2": l2, "charbonnier": charbonnier}


class Cycle(nn.Module):
    """Distance of lr to sr brought back to its size, of the same unit as the pixels.

    Args:
        scale: the magnification
        back: (B, 3, H, W) -> (B, 3, H/scale, W/scale); a network is frozen here. None: the known bicubic
        resolution: lr, or hr: both enlarged by bicubic and compared there
        distance: between the two
    """

    def __init__(self, scale: int, back: nn.Module | None, resolution: Literal["lr", "hr"], distance: Distance) -> None:
        super().__init__()
        self.scale = scale
        self.back = None if back is None else back.requires_grad_(False).eval()
        self.resolution = resolution
        self.distance = DISTANCES[distance]()

    def forward(self, sr: Tensor, lr: Tensor) -> Tensor:
        """Scalar of sr (B, 3, H, W) and lr (B, 3, H/scale, W/scale); no gradient reaches `lr`.

        Raises:
            OptionsError: the network returns another size than that of lr.
        """
        lr = full_precision(lr.detach())
        sr = full_precision(sr)
        small = reduce(sr, self.scale) if self.back is None else full_precision(self.back(sr))
        if small.shape != lr.shape:
            raise OptionsError(
                f"cycle: 'by' turns sr of {_size(sr)} into {_size(small)}, but lr is {_size(lr)}; "
                f"expected a network that makes images {self.scale} times smaller."
            )
        if self.resolution == "hr":
            small, lr = enlarge(small, self.scale), enlarge(lr, self.scale)
        return self.distance(small, lr)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode, whatever is asked: the network is a measure, not a player."""
        return super().train(False)


def cycle(
    scale: int,
    by: str = "bicubic",
    resolution: Literal["lr", "hr"] = "lr",
    distance: Distance = "l1",
    load_network: Callable[[str], nn.Module] | None = None,
) -> Cycle:
    """The upscaled image, brought back to the size of lr, must be lr.

    L = distance(down(sr), lr), the consistency of super-resolution: sr = target gives 0 if `down` made lr (but for
    lr's rounding to 8 bits: up to 1/510 with l1, and 1/1020 on average). Only `charbonnier` gives its eps, 1e-3,
    for images that agree. CinCGAN (Yuan et al. 2018) uses a learned `down`. On GPUs the backward pass of torch's
    bicubic adds in random order, so runs with it are not equal to the last bit.

    Args:
        scale: the magnification; the builder knows it
        by: bicubic, MATLAB's `imresize`; or the path of a weights file of a network of scale 1 that changes bicubic LR
        resolution: lr: compared there. hr: both are enlarged by bicubic first, which weighs what interpolation
            keeps, the low frequencies, more, and is not the distance to hr
        distance: l1, l2 or charbonnier
        load_network: reads such a file; the builder gives it

    Raises:
        OptionsError: a network is asked for where none can be read.
    """
    if by == "bicubic":
        return Cycle(scale, None, resolution, distance)
    if load_network is None:
        raise OptionsError(f"cycle: by is '{by}', but networks cannot be read here; expected bicubic.")
    return Cycle(scale, load_network(by), resolution, distance)


def image_cycle(distance: Distance = "l1") -> Loss:
    """An image taken to the other domain and back must be what it was: CycleGAN's cycle.

    Zhu et al. 2017, Eq. 2: one direction of it, with l1 and weight 10. For recipes whose steps have images that came
    back: `{type: image_cycle, of: cycled_lr, target: real_lr}`. No gradient reaches the target. 0 for equal images,
    charbonnier: its eps, 1e-3.

    Args:
        distance: l1, l2 or charbonnier
    """
    measure = DISTANCES[distance]()

    def loss(sr: Tensor, target: Tensor) -> Tensor:
        return measure(full_precision(sr), full_precision(target.detach()))

    return loss


def _size(image: Tensor) -> str:
    channels, height, width = image.shape[-3:]
    return f"{width}x{height} pixels of {channels} channels"
