"""What exactly two images are compared on: which colours, without which border."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from gansr.errors import DataError, OptionsError
from gansr.imaging.colour import grey, luma, luma_uint8
from gansr.metrics.fidelity.protocols import Colour, protocol_of


@dataclass(frozen=True)
class Comparison:
    """The part of a protocol that PSNR, SSIM and MS-SSIM share; papers that differ in it cannot be compared.

    Y against RGB is worth almost 2 dB, full-range against studio-range Y 1.3 dB.
    """

    colour: Colour
    border: int  # pixels cut off each side: the borders of x4 images are guesses
    round_y: bool = True  # as MATLAB's rgb2ycbcr does with 8-bit images; BasicSR does not
    name: str | None = None  # of the protocol, if nothing differs from it

    def __post_init__(self) -> None:
        if self.border < 0:
            raise OptionsError(f"border: expected 0 or more pixels, found {self.border}.")

    @classmethod
    def by(cls, protocol: str, scale: int, colour: Colour | None, border: int | None, round_y: bool | None) -> Self:
        """The protocol of this name at a magnification, with what is given in the place of what it says.

        Raises:
            OptionsError: there is no such protocol, or a border below 0.
        """
        named = protocol_of(protocol)
        own = cls(named.colour, named.border(scale), named.round_y)
        mixed = cls(
            own.colour if colour is None else colour,
            own.border if border is None else border,
            own.round_y if round_y is None else round_y,
        )
        return cls(mixed.colour, mixed.border, mixed.round_y, protocol) if mixed.same_as(own) else mixed

    def same_as(self, other: "Comparison") -> bool:
        """Do both give the same numbers? RGB has no Y to round."""
        mine, theirs = ((one.colour, one.border, one.round_y or one.colour == "rgb") for one in (self, other))
        return mine == theirs

    def planes(self, sr: Tensor, hr: Tensor) -> tuple[Tensor, Tensor]:
        """Both uint8 images as float64 (1 or 3, h, w) on the scale 0..255, border removed.

        A greyscale ground truth is compared as it is, over the full range 0..255, as
        published tables do: through Y of RGB, grey images would gain 1.3 dB.

        Raises:
            DataError: the sizes differ, or nothing is left inside the border.
        """
        sr, hr = match_colours(sr, hr)
        if hr.shape[0] == 3 and self.colour == "y":
            sr, hr = self.y(sr), self.y(hr)
        return self.crop(sr.to(torch.float64)), self.crop(hr.to(torch.float64))

    def y(self, image: Tensor) -> Tensor:
        """Y of a uint8 image (3, H, W), float64 (1, H, W) from 16 to 235: in 8 bits where the protocol says so."""
        return luma_uint8(image).to(torch.float64) if self.round_y else 255 * luma(image.to(torch.float64) / 255)

    def crop(self, image: Tensor) -> Tensor:
        """The image without its border."""
        height, width = image.shape[-2:]
        if min(height, width) <= 2 * self.border:
            raise DataError(
                f"An image of {width}x{height} pixels is too small to be compared: "
                f"nothing is left inside a border of {self.border} pixels."
            )
        return image[..., self.border : height - self.border, self.border : width - self.border]

    def __str__(self) -> str:
        kind = "8-bit" if self.round_y else "unrounded"
        colours = {"y": f"{kind} Y of BT.601 studio range", "rgb": "RGB"}[self.colour]
        border = f"{self.border} px border cropped" if self.border else "whole image"
        return f"{colours}, {border}" if self.name is None else f"{colours}, {border} (protocol {self.name})"


def match_colours(sr: Tensor, hr: Tensor) -> tuple[Tensor, Tensor]:
    """Uint8 images (C, H, W) with as many channels as the ground truth: beside a grey one, `sr` turns grey.

    Raises:
        DataError: different sizes, or a grey `sr` beside a ground truth in colour.
    """
    if sr.shape[-2:] != hr.shape[-2:] or sr.shape[0] < hr.shape[0]:
        found, expected = (
            f"{channels} channels of {width}x{height}" for channels, height, width in (sr.shape, hr.shape)
        )
        raise DataError(f"An image of {found} pixels cannot be compared with a ground truth of {expected}.")
    if sr.shape[0] > hr.shape[0]:
        sr = (grey(sr.to(torch.float64) / 255) * 255 + 0.5).floor().to(torch.uint8)  # as a file would hold it
    return sr, hr
