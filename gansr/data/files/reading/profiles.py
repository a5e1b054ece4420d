"""Colour profiles (ICC): what a file's numbers mean, and their way to sRGB, which everybody takes them for."""

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

SAME = 2  # levels: a profile whose colours differ from sRGB's by no more is sRGB by another name
MODES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}
"""A profile's colour space -> Pillow's mode of the images that it can describe."""


@dataclass(frozen=True)
class Profile:
    """A profile that is not sRGB.

    Args:
        name: as it calls itself
        transform: to sRGB; None: it does not belong to images of the file's mode, or is damaged
    """

    name: str
    transform: ImageCms.ImageCmsTransform | None


def profile_of(image: Image.Image) -> Profile | None:
    """The profile of an opened file; None where there is none, or it is sRGB's."""
    if image.mode == "LAB":  # says itself what its numbers mean
        return None
    found = image.info.get("icc_profile")
    return _profile(found, described_as(image.mode)) if found else None


def in_srgb(image: Image.Image) -> Image.Image:
    """A decoded image of 8 bits in sRGB: mode L of grey ones, else RGB. Transparency is dropped."""
    profile, mode = profile_of(image), described_as(image.mode)
    image.info.pop("transparency", None)  # else Pillow warns that it is dropped
    if profile is None or profile.transform is None:
        return image.convert("L" if mode == "L" and image.mode != "LA" else "RGB")
    colours = ImageCms.applyTransform(image.convert(mode), profile.transform)
    assert colours is not None
    # The way of a grey profile leads to RGB of equal channels.
    return colours.getchannel("G") if mode == "L" and image.mode != "LA" else colours


def described_as(mode: str) -> str:
    """The mode whose profiles fit images of a mode: L, RGB or CMYK."""
    if mode == "CMYK":
        return mode
    return "L" if mode in ("1", "L", "LA") or mode.startswith(("I", "F")) else "RGB"


@lru_cache(maxsize=256)  # a folder has a few, each in thousands of files
def _profile(data: bytes, mode: str) -> Profile | None:
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(data))
        name = ImageCms.getProfileDescription(opened).strip() or "without a name"
        own = MODES.get(opened.profile.xcolor_space)  # pyright: ignore[reportAttributeAccessIssue]
        if own is None or (own != mode and not (own == "RGB" and _is_srgb(opened, own))):
            return Profile(name, None)
        return None if _is_srgb(opened, own) else Profile(name, _to_srgb(opened, own))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return Profile("a damaged one", None)


def _to_srgb(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    """Relative colorimetric, with black mapped to black: what fits is kept, and printing colours do not turn grey."""
    return ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _is_srgb(profile: ImageCms.ImageCmsProfile, mode: str) -> bool:
    """By what it does, since half a dozen names and versions mean the same."""
    if mode == "CMYK":
        return False
    steps = np.linspace(0, 255, 9 if mode == "RGB" else 256).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3) if mode == "RGB" else steps[None]
    image = Image.fromarray(np.ascontiguousarray(grid))
    made = ImageCms.applyTransform(image, _to_srgb(profile, mode))
    difference = np.asarray(made).astype(int) - np.asarray(image.convert("RGB"))
    return int(np.abs(difference).max()) <= SAME
