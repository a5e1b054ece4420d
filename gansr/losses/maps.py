"""Where a loss counts: makers of functions of a step's images, by parameter name, to a map (B, 1, H, W) in [0, 1].

A row's `where:` puts the target in the place of sr where the map is 0. No gradient passes through a map.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from gansr.errors import OptionsError
from gansr.imaging.colour import grey
from gansr.imaging.filters import box, full_precision, sobel
from gansr.imaging.resize import surround

Map = Callable[..., Tensor]
LEAST = 1 / 255  # a map is not stretched beyond this: in a flat image there is only rounding to be stretched


def importance() -> Map:
    """The map that comes with the data, as it is: (B, 1, H, W) in [0, 1]."""

    def here(importance: Tensor) -> Tensor:
        return importance.detach()

    return here


def domain_distance() -> Map:
    """How much made LR looks real where each pixel lies, as a discriminator of LR judges: 1 real, 0 made.

    DASR (Wei et al. 2021) weighs the pixel loss of made pairs so, for what a degrader makes is not real everywhere. For
    recipes that learn a degradation. The authors spread each logit evenly over all pixels that it sees; here logits
    are interpolated.
    """

    def here(domain_distance: Tensor) -> Tensor:
        return domain_distance.detach()

    return here


def edges(floor: float = 0.0) -> Map:
    """Edges of the target: its brightness's Sobel gradient, as a share of the strongest in the image.

    m = floor + (1 - floor) g / max(g), g = |grad Y(target)| per pixel. Images whose strongest gradient is below one
    grey level (1/255) per pixel are divided by that level instead, so flat ones give `floor`.

    Args:
        floor: importance where there is no edge, in [0, 1]

    Raises:
        OptionsError: a floor outside [0, 1].
    """
    _check(floor, "edges")

    @torch.no_grad()
    def here(target: Tensor) -> Tensor:
        return _normalised(torch.linalg.vector_norm(sobel(_brightness(target)), dim=0), floor)

    return here


def texture(window: int = 7, floor: float = 0.0) -> Map:
    """Texture of the target: its brightness's local standard deviation, as a share of the largest in the image.

    m = floor + (1 - floor) s / max(s), s = standard deviation of Y(target) in the window around each pixel,
    mirrored at the border. Images whose largest is below one grey level (1/255) are divided by that level
    instead, so flat ones give `floor`.

    Args:
        window: its side in pixels, odd
        floor: importance where there is no texture, in [0, 1]

    Raises:
        OptionsError: an even window or one below 3, or a floor outside [0, 1].
    """
    _check(floor, "texture")
    if window < 3 or window % 2 == 0:
        raise OptionsError(f"texture: window is {window}; expected an odd number of at least 3.")

    @torch.no_grad()
    def here(target: Tensor) -> Tensor:
        brightness = _brightness(target)
        # Centred first: the variance is a difference of squares, and small squares lose less.
        brightness = surround(brightness - brightness.mean((-2, -1), keepdim=True), window // 2)
        variance = box(brightness.square(), window) - box(brightness, window).square()
        return _normalised(variance.clamp_min(0).sqrt(), floor)

    return here


MAPS: dict[str, Callable[..., Map]] = {
    "importance": importance,
    "domain_distance": domain_distance,
    "edges": edges,
    "texture": texture,
}


def _brightness(image: Tensor) -> Tensor:
    return grey(full_precision(image))


def _normalised(strength: Tensor, floor: float) -> Tensor:
    most = strength.amax((-2, -1), keepdim=True).clamp_min(LEAST)
    return floor + (1 - floor) * strength / most


def _check(floor: float, name: str) -> None:
    if not 0 <= floor <= 1:
        raise OptionsError(f"{name}: floor is {floor:g}; expected a number in [0, 1].")
