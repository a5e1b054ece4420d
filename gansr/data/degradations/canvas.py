"""Images of different sizes in one tensor: what resizing by a factor for each sample leaves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gansr.data.degradations.draws import Draws
from gansr.errors import OptionsError

ALIKE = 0.7
"""The smallest part of a group's largest image that another image of the group has."""
CHUNK = 4 * 400 * 400
"""Pixels of a group, about: what is made of so many finds memory that was used before, and the processor's caches."""


@dataclass(frozen=True)
class Canvas:
    """A batch of images, each in the upper left corner of its part of the tensor.

    What lies outside of an image is undefined: operations that look at neighbours call `filled` first.
    """

    image: Tensor  # (B, C, H, W), float32 in [0, 1], RGB
    height: Tensor  # (B,) whole numbers, on the device
    width: Tensor  # (B,)
    hr_size: tuple[int, int] | None = None  # (H, W) of the tensor that the degradation began with
    full: bool = False  # is it known to the host that every image fills the tensor?
    room: int | None = None  # where options are tried: the side that no kernel may exceed

    @classmethod
    def of(cls, image: Tensor) -> "Canvas":
        """Images that fill their tensor: (B, C, H, W)."""
        batch, _, height, width = image.shape
        sides = (torch.full((batch,), side, device=image.device) for side in (height, width))
        return cls(image, *sides, hr_size=(height, width), full=True)

    @classmethod
    def together(cls, canvases: Sequence["Canvas"]) -> "Canvas":
        """All images one after another, in a tensor that is large enough for each of them."""
        height, width = (max(canvas.image.shape[axis] for canvas in canvases) for axis in (-2, -1))
        return replace(
            canvases[0],
            image=torch.cat([_extended(canvas.image, height, width) for canvas in canvases]),
            height=torch.cat([canvas.height for canvas in canvases]),
            width=torch.cat([canvas.width for canvas in canvases]),
            full=all(canvas.full and canvas.image.shape[-2:] == (height, width) for canvas in canvases),
        )

    @property
    def seen(self) -> bool:
        """Does the host know the sizes without waiting for the device?"""
        return self.image.device.type == "cpu"

    def alike(self) -> list[list[int]]:
        """Places of images in groups that waste little of a tensor of their own. The host waits for the sizes."""
        pixels = (self.height * self.width).tolist()
        groups: list[list[int]] = []
        for place in sorted(range(len(pixels)), key=pixels.__getitem__, reverse=True):
            largest = pixels[groups[-1][0]] if groups else 0
            if groups and pixels[place] > ALIKE * largest and largest * len(groups[-1]) < CHUNK:
                groups[-1].append(place)
            else:
                groups.append([place])
        return groups

    def tight(self) -> "Canvas":
        """The same images in the smallest tensor that holds them. The host waits for the sizes."""
        if self.full:
            return self
        (height, width), least = (self._ends(end) for end in (Tensor.max, Tensor.min))
        return replace(self, image=self.image[..., :height, :width], full=(height, width) == least)

    def _ends(self, end: Callable[[Tensor], Tensor]) -> tuple[int, int]:
        return int(end(self.height)), int(end(self.width))

    def apart(self) -> list["Canvas"]:
        """Each image alone, in tensors of the same size: views."""
        parts = zip(self.image.split(1), self.height.split(1), self.width.split(1), strict=True)
        return [replace(self, image=image, height=height, width=width) for image, height, width in parts]

    def with_image(self, image: Tensor) -> "Canvas":
        """The same sizes with other pixels."""
        return replace(self, image=image)

    def where(self, chosen: Tensor, other: "Canvas") -> "Canvas":
        """This canvas for the samples where `chosen` (B,) is true, the other one elsewhere."""
        height, width = (max(one, two) for one, two in zip(self.image.shape[-2:], other.image.shape[-2:], strict=True))
        mine, theirs = (_extended(canvas.image, height, width) for canvas in (self, other))
        return replace(
            self,
            image=torch.where(chosen[:, None, None, None], mine, theirs),
            height=torch.where(chosen, self.height, other.height),
            width=torch.where(chosen, self.width, other.width),
            full=self.full and other.full and mine.shape == self.image.shape == other.image.shape,
        )

    def mask(self) -> Tensor:
        """Where there is an image: (B, 1, H, W) of booleans."""
        rows, columns = (torch.arange(side, device=self.image.device) for side in self.image.shape[-2:])
        return (rows < self.height[:, None])[:, None, :, None] & (columns < self.width[:, None])[:, None, None, :]

    def filled(self, margin: int, mode: str = "reflect") -> Tensor:
        """Pixels with `margin` more on each side, and what lies outside of each image made of its own border.

        Args:
            margin: pixels added above, below, left and right of the tensor
            mode: reflect: mirrored without the edge pixel (... 2 1 0 1 2 ...), as PyTorch and OpenCV do;
                replicate: the edge pixel again and again

        Returns:
            (B, C, H + 2 margin, W + 2 margin)

        Raises:
            OptionsError: a kernel that reaches so far, where options are tried.
        """
        if self.room is not None and 2 * margin + 1 > self.room:
            raise OptionsError(
                f"its kernel has {2 * margin + 1} pixels along each side, and the images have {self.room}, crop and "
                f"margin together; expected a smaller kernel or larger images."
            )
        batch, channels, height, width = self.image.shape
        if self.full and (margin < min(height, width) or mode == "replicate"):
            return torch.nn.functional.pad(self.image, (margin,) * 4, mode=mode) if margin else self.image
        device = self.image.device
        rows, columns = (
            _inside(torch.arange(-margin, length + margin, device=device)[None], sides[:, None], mode)  # (B, length)
            for length, sides in ((height, self.height), (width, self.width))
        )
        # Whole rows are copied as such, which is quicker than pixels.
        first = torch.arange(batch * channels, device=device).view(batch, channels, 1) * height
        image = self.image.reshape(-1, width).index_select(0, (rows[:, None] + first).flatten())
        image = image.view(batch, channels, -1, width)
        return image.gather(3, columns[:, None, None].expand(-1, channels, image.shape[2], -1))


Operation = Callable[[Canvas, Draws], Canvas]
"""One step of a degradation."""


def _inside(places: Tensor, sides: Tensor, mode: str) -> Tensor:
    """Where to take the pixels at `places` from, in images with so many pixels along this axis."""
    last = sides - 1
    if mode == "replicate":
        return places.clamp_min(0).minimum(last)
    period = (2 * last).clamp_min(1)
    folded = places.remainder(period)
    return folded.minimum((period - folded).minimum(last)).clamp_min(0)


def _extended(image: Tensor, height: int, width: int) -> Tensor:
    bottom, right = height - image.shape[-2], width - image.shape[-1]
    return torch.nn.functional.pad(image, (0, right, 0, bottom)) if bottom or right else image
