"""What can be seen of a run without any ground truth: do made images look like real ones, and what was changed?

Pure functions of a step's images, without a graph. Nothing waits for the device.
"""

import torch
from torch import Tensor

from gansr.imaging.filters import full_precision, separable
from gansr.imaging.resize import enlarge, reduce, surround
from gansr.training.recipe import Report

CHANNELS = ("red", "green", "blue")
FIFTHS = (0.2,) * 5


@torch.no_grad()
def likeness(domain: str, made: Tensor, real: Tensor, source: Tensor | None = None) -> Report:
    """Do images that a network made look as real ones of that domain do? They need not show the same.

    `domain/DOMAIN/energy_made` and `energy_real` are the energies of high frequencies (see `energy`);
    `domain/DOMAIN/apart_red`, `apart_green` and `apart_blue` the mean of `made` minus that of `real`, in levels of
    255. The latter differ by what is shown, too.

    With `source`, what the very same `made` would be without the network, also `domain/DOMAIN/energy_source`;
    `domain/DOMAIN/red`, `green` and `blue`, the mean of `made` minus that of `source`, in levels of 255; and
    `contrast_made` and `contrast_source` (see `contrast`). Both show the same, so this is the network's own doing.
    Colours are reported of RGB images alone.

    Args:
        domain: a name for the log
        made: (B, C, H, W) in [0, 1]
        real: (B', C, H', W'), of any size
        source: as `made`; see `at_size`
    """
    found = {"energy_made": energy(made), "energy_real": energy(real)}
    found |= {f"apart_{channel}": value for channel, value in _shift(made, real).items()}
    if source is not None:
        found |= {"energy_source": energy(source)} | _shift(made, source)
        found |= {"contrast_made": contrast(made), "contrast_source": contrast(source)}
    return {f"domain/{domain}/{name}": value for name, value in found.items()}


@torch.no_grad()
def change(network: str, before: Tensor, after: Tensor) -> Report:
    """How far a network moves images: `change/NETWORK`, the mean of |after - before|, in levels of 255.

    Args:
        network: its name, for the log
        before: what it was given, at the size of what it made (`at_size`): (B, C, H, W) in [0, 1]
        after: what it made: (B, C, H, W)
    """
    assert before.shape == after.shape, f"{tuple(before.shape)} and {tuple(after.shape)}"
    return {f"change/{network}": 255 * (full_precision(after) - full_precision(before)).abs().mean()}


@torch.no_grad()
def energy(image: Tensor) -> Tensor:
    """Strength of high frequencies: root mean square of pixels minus their 5x5 mean, mean over images, levels of 255.

    White noise of standard deviation s has 0.98 s. (B, C, H, W) -> scalar. Pixels at the border count only in images
    that have no others.
    """
    image, coarse = _coarse(image)
    fine = image[..., 2:-2, 2:-2] - coarse
    return 255 * fine.square().flatten(1).mean(1).sqrt().mean()


@torch.no_grad()
def contrast(image: Tensor) -> Tensor:
    """Strength of what is coarse: deviation of the 5x5 means of each channel, mean over images, levels of 255.

    Of white noise of standard deviation s little is left, 0.2 s. (B, C, H, W) -> scalar.
    """
    _, coarse = _coarse(image)
    return 255 * coarse.flatten(2).std(-1, correction=0).mean()


@torch.no_grad()
def at_size(image: Tensor, like: Tensor) -> Tensor:
    """What bicubic makes of an image at the size of another: (B, C, H, W) -> (B, C, h, w).

    One size must be a multiple of the other, by one whole factor along both sides.
    """
    (height, width), (wanted, across) = image.shape[-2:], like.shape[-2:]
    if height >= wanted:
        factor = height // wanted
        assert (height, width) == (factor * wanted, factor * across), f"{tuple(image.shape)}, {tuple(like.shape)}"
        return reduce(full_precision(image), factor) if factor > 1 else image.detach()
    factor = wanted // height
    assert (wanted, across) == (factor * height, factor * width), f"{tuple(image.shape)}, {tuple(like.shape)}"
    return enlarge(full_precision(image), factor)


def _coarse(image: Tensor) -> tuple[Tensor, Tensor]:
    """Full precision (B, C, H, W), mirrored around if it is tiny; and its 5x5 means (B, C, H - 4, W - 4)."""
    image = full_precision(image)
    image = image if min(image.shape[-2:]) >= 5 else surround(image, 2)
    # Sums of rows and of columns: pooling takes six times as long on a CPU.
    return image, separable(image, FIFTHS, FIFTHS)


def _shift(one: Tensor, other: Tensor) -> Report:
    """Mean of each channel of `one` minus that of `other`, in levels of 255; of RGB alone."""
    if one.shape[1] != 3 or other.shape[1] != 3:
        return {}
    difference = 255 * (_means(one) - _means(other))
    return dict(zip(CHANNELS, difference.unbind(), strict=True))


def _means(image: Tensor) -> Tensor:
    return full_precision(image).mean((0, 2, 3))
