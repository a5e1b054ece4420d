"""Other colours, the same for LR, HR and sharpened HR of a sample."""

import math

import torch
from torch import Tensor

from gansr.data.augmentation.lots import Augmentation, Lots, each
from gansr.data.batch import Paired
from gansr.errors import OptionsError

Range = tuple[float, float]
GREY = (0.299, 0.587, 0.114)  # BT.601


def blend(least: float = 0.6) -> Augmentation:
    """v x + (1 - v) c for a colour c of each sample, v evenly from `least` to 1 (Yoo et al. 2020, "Blend").

    Args:
        least: of the image's own share
    """
    if not 0 <= least <= 1:
        raise OptionsError(f"least is {least:g}; expected a number from 0 to 1.")

    def augmentation(batch: Paired, lots: Lots) -> Paired:
        share, colour = lots.uniform(least, 1)[:, None, None, None], lots.uniform(0, 1, 3)[:, :, None, None]
        return each(batch, lambda image: torch.lerp(colour, image, share))

    return augmentation


def permute_channels() -> Augmentation:
    """Red, green and blue in one of the six orders, all as likely (Yoo et al. 2020, "RGB permutation")."""

    def augmentation(batch: Paired, lots: Lots) -> Paired:
        order = lots.permutation(3)[:, :, None, None]
        return each(batch, lambda image: image.gather(1, order.expand_as(image)))

    return augmentation


def colour_jitter(
    brightness: Range = (0.8, 1.2), contrast: Range = (0.8, 1.2), saturation: Range = (0.8, 1.2), hue: Range = (-18, 18)
) -> Augmentation:
    """Brightness, contrast, saturation and hue of each sample by random factors, in this order; clamps to [0, 1].

    All four are one matrix and one offset for each sample, so that LR and HR change alike: multiplication; distance to
    the mean grey of the sample's HR; distance to its own grey; and a turn around the axis of greys.

    Args:
        brightness: range of the factor, 1 for no change
        contrast: the same
        saturation: the same; 0 is grey
        hue: range of the angle in degrees, 0 for no change
    """
    for name, factors in (("brightness", brightness), ("contrast", contrast), ("saturation", saturation)):
        _check(name, factors, 0)
    _check("hue", hue, -math.inf)

    def augmentation(batch: Paired, lots: Lots) -> Paired:
        light, spread, chroma, angle = (lots.uniform(*ends) for ends in (brightness, contrast, saturation, hue))
        weights = torch.tensor(GREY).to(light.device, non_blocking=True)
        turned, saturated = _turned(torch.deg2rad(angle)), _saturated(chroma, weights)
        # A sum, since products of matrices may be in TF32.
        matrix = (turned[..., None] * saturated[:, None]).sum(2) * (light * spread)[:, None, None]
        mean = (batch.hr.mean((2, 3)) * weights).sum(1)  # of HR, for LR and HR alike
        offset = (light * mean * (1 - spread))[:, None, None, None]
        return each(batch, lambda image: (_mixed(matrix, image) + offset).clamp_(0, 1))

    return augmentation


def _saturated(factor: Tensor, weights: Tensor) -> Tensor:
    """grey + factor (x - grey) as a matrix: (B,) to (B, 3, 3)."""
    factor = factor[:, None, None]
    return factor * torch.eye(3, device=factor.device) + (1 - factor) * weights.expand(3, 3)


def _turned(angle: Tensor) -> Tensor:
    """The turn around (1, 1, 1) by an angle in radians (Rodrigues' formula): (B,) to (B, 3, 3)."""
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None] / math.sqrt(3)
    across = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]).to(angle.device, non_blocking=True)
    return cosine * torch.eye(3, device=angle.device) + sine * across + (1 - cosine) / 3


def _mixed(matrix: Tensor, image: Tensor) -> Tensor:
    """A matrix (B, 3, 3) times the channels of (B, 3, H, W)."""
    one, two, three = (column[..., None, None] for column in matrix.unbind(2))  # (B, 3, 1, 1) each
    return (one * image[:, :1]).addcmul_(two, image[:, 1:2]).addcmul_(three, image[:, 2:])


def _check(name: str, found: Range, least: float) -> None:
    low, high = found
    if not least <= low <= high < math.inf:
        more = "" if math.isinf(least) else f" of {least:g} or more"
        raise OptionsError(f"{name} is ({low:g}, {high:g}); expected two finite numbers{more}, the smaller one first.")
