"""Random, aligned, flipped and turned crops of training images, as bytes; the device makes floats of them.

Everything random about a sample comes from its number (see `sampler`), so it is the same whoever cuts it,
and when.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from torch.utils.data import Dataset

from gansr.data.files.decoded import Decoded
from gansr.data.files.images import to_rgb
from gansr.data.files.source import ImageSource
from gansr.data.sampler import ScaleDraw, Ticket, sample_generator
from gansr.data.sets.importance import MapSource
from gansr.data.sets.weighted import Weights
from gansr.errors import OptionsError


class TrainingSet(Protocol):
    """What can be cut into samples: `HrOnly`, `PairedFiles`, `WithPairs`, `Scales` of one of them; `UnpairedFiles`."""

    def __len__(self) -> int: ...

    def __getitem__(self, ticket: Ticket, /) -> Any: ...


class Weighted(NamedTuple):
    """A sample, and how much each pixel of its HR crop matters."""

    images: Any  # what the data set gives without importance
    importance: Any  # uint8 (crop, crop); collated (B, crop, crop)


class Cut(NamedTuple):
    """Where a crop lies, in LR pixels, and how it is laid."""

    top: int
    left: int
    flip_rows: bool
    flip_columns: bool
    turn: bool

    def lay(self, crop: np.ndarray) -> np.ndarray:
        """Flip and turn (H, W) or (H, W, C): a view."""
        crop = crop[::-1] if self.flip_rows else crop
        crop = crop[:, ::-1] if self.flip_columns else crop
        return np.rot90(crop) if self.turn else crop


class Cutter:
    """Draws the cut of each sample.

    `crop` is the side of the HR crop in pixels, a multiple of `scale`. `flips` mirrors rows, and columns,
    half of the time each; `rotations` turns by 90 degrees half of the time. Raises OptionsError for a crop
    that does not divide.
    """

    def __init__(self, crop: int, scale: int, seed: int, flips: bool = True, rotations: bool = True):
        if crop <= 0 or crop % scale:
            raise OptionsError(
                f"crop: found {crop}; expected a multiple of the scale {scale}, "
                f"for example {max(1, crop // scale) * scale}."
            )
        self.crop, self.scale, self.seed, self.flips, self.rotations = crop, scale, seed, flips, rotations

    def cut(self, number: int, height: int, width: int) -> Cut:
        """The cut of sample `number` from an HR image of this size; it lies on a multiple of `scale`."""
        random = sample_generator(self.seed, number)
        top, left = (int(random.integers((side - self.crop) // self.scale + 1)) for side in (height, width))
        # Three coins are tossed whatever the options, so that they do not move any crop.
        flip_rows, flip_columns, turn = (bool(coin) for coin in random.integers(2, size=3))
        return Cut(top, left, self.flips and flip_rows, self.flips and flip_columns, self.rotations and turn)

    def take(self, importance: MapSource, file: Path, height: int, width: int, cut: Cut) -> np.ndarray:
        """The part of an HR file's map that lies under the cut, uint8 (crop, crop); the size is the whole file's."""
        levels = importance.of(file, height, width)
        top, left = cut.top * self.scale, cut.left * self.scale
        return cut.lay(levels[top : top + self.crop, left : left + self.crop]).copy()


class HrOnly(Dataset[np.ndarray | Weighted]):
    """Windows of HR images, from which the device makes LR and HR.

    A sample is uint8 (crop + 4*scale, crop + 4*scale, 3): the crop, and 2*scale pixels around it on each
    side, mirrored where the image ends. So `reduce_window_uint8` makes from the window exactly the crop of
    the LR of the whole image. With another `margin` it has so many pixels around. With `importance` it is `Weighted` by
    the map's crop. `weights` say which images come more often than others; omitted: none.
    """

    def __init__(
        self,
        files: Sequence[Path],
        crop: int,
        scale: int,
        seed: int,
        flips: bool = True,
        rotations: bool = True,
        source: ImageSource | None = None,
        importance: MapSource | None = None,
        margin: int | None = None,
        weights: Weights | None = None,
    ):
        self.files = list(files)
        self.margin = 2 * scale if margin is None else margin
        self.cutter = Cutter(crop, scale, seed, flips, rotations)
        self.source = source or Decoded(0)
        self.importance = importance
        self.weights = weights

    def __len__(self) -> int:
        return len(self.weights or self.files)

    def __getitem__(self, ticket: Ticket) -> np.ndarray | Weighted:
        return self.sample(self.file(ticket), ticket.number)

    def file(self, ticket: Ticket) -> Path:
        """The file that a sample is cut from."""
        return self.files[_drawn(ticket, self.weights)]

    def sample(self, file: Path, number: int) -> np.ndarray | Weighted:
        """Sample `number` of the run, cut from this file."""
        crop, scale = self.cutter.crop, self.cutter.scale
        height, width, _ = self.source.shape(file)
        size = without_rest(height, scale), without_rest(width, scale)
        cut = self.cutter.cut(number, *size)
        window = mirrored_window(self.source, file, size, (cut.top * scale, cut.left * scale), crop, self.margin)
        laid = copied(cut.lay(to_rgb(window)))  # what a source gives is read-only
        if self.importance is None:
            return laid
        return Weighted(laid, self.cutter.take(self.importance, file, height, width, cut))


class PairedFiles(Dataset[tuple[np.ndarray, np.ndarray] | Weighted]):
    """Aligned crops of LR and HR files.

    A sample is (lr, hr): uint8 (crop/scale, crop/scale, 3) and uint8 (crop, crop, 3). `pairs` are (lr, hr) as
    `pair_lr` gives them; `lr_source` is where LR comes from, omitted: `source`. With `importance` a sample is
    `Weighted` by the crop of the HR file's map. `weights` say which pairs come more often than others.
    """

    def __init__(
        self,
        pairs: Sequence[tuple[Path, Path]],
        crop: int,
        scale: int,
        seed: int,
        flips: bool = True,
        rotations: bool = True,
        source: ImageSource | None = None,
        importance: MapSource | None = None,
        lr_source: ImageSource | None = None,
        weights: Weights | None = None,
    ):
        self.pairs = list(pairs)
        self.cutter = Cutter(crop, scale, seed, flips, rotations)
        self.source = source or Decoded(0)
        self.lr_source = lr_source or self.source
        self.importance = importance
        self.weights = weights

    def __len__(self) -> int:
        return len(self.weights or self.pairs)

    def pair(self, ticket: Ticket) -> tuple[Path, Path]:
        """The files, (lr, hr), that a sample is cut from."""
        return self.pairs[_drawn(ticket, self.weights)]

    def __getitem__(self, ticket: Ticket) -> tuple[np.ndarray, np.ndarray] | Weighted:
        crop, scale = self.cutter.crop, self.cutter.scale
        lr, hr = self.pair(ticket)
        height, width, _ = self.source.shape(hr)
        cut = self.cutter.cut(ticket.number, without_rest(height, scale), without_rest(width, scale))

        def take(source: ImageSource, file: Path, factor: int) -> np.ndarray:
            side = crop * factor // scale
            return copied(cut.lay(to_rgb(source.window(file, cut.top * factor, cut.left * factor, side, side))))

        large = take(self.source, hr, scale)  # at once, while its source may still have it from asking for its size
        images = take(self.lr_source, lr, 1), large
        if self.importance is None:
            return images
        return Weighted(images, self.cutter.take(self.importance, hr, height, width, cut))


class Scales(Dataset[Any]):
    """The same images at several scales; `draw` says which scale each micro-batch has.

    `sets` holds a set for each scale: of the same images in the same order, so that an index means one image.
    """

    def __init__(self, sets: Mapping[int, TrainingSet], draw: ScaleDraw):
        assert set(draw.scales) == set(sets) and len({len(one) for one in sets.values()}) == 1
        self.sets, self.draw = dict(sets), draw

    def __len__(self) -> int:
        return len(next(iter(self.sets.values())))

    def __getitem__(self, ticket: Ticket) -> Any:
        return self.sets[self.draw(ticket.position)][ticket]


def mirrored_window(
    source: ImageSource, file: Path, size: tuple[int, int], corner: tuple[int, int], side: int, margin: int
) -> np.ndarray:
    """Cut side x side pixels and `margin` more on each side, mirrored where the image ends: uint8 (., ., C).

    The image ends at `size` (height, width), which may be less than the file has; `corner` is (top, left). Edge pixels
    are mirrored too, as in `gansr.imaging.resize.surround`. Nothing but what lies inside is read.
    """
    assert all(0 <= start <= end - side for start, end in zip(corner, size, strict=True)), (size, corner, side)
    spans = [(start - margin, start + side + margin, end) for start, end in zip(corner, size, strict=True)]
    (top, bottom), (left, right) = ((max(start, 0), min(stop, end)) for start, stop, end in spans)
    inside = source.window(file, top, left, bottom - top, right - left)
    missing = [(max(-start, 0), max(stop - end, 0)) for start, stop, end in spans]
    if not any(map(any, missing)):
        return inside
    # What is mirrored lies within `margin` of the border, hence within `inside`.
    return np.pad(inside, [*missing, (0, 0)], mode="symmetric")


def copied(laid: np.ndarray) -> np.ndarray:
    """A contiguous copy of bytes (H, W, C), whose rows and columns may be mirrored and exchanged, its pixels not.

    Pixels are copied as one thing of C bytes: of those of a turned crop NumPy copies 20,000 in 50 us, bytes in 100.
    """
    return laid.view(np.dtype((np.void, laid.shape[2]))).copy().view(np.uint8)


def _drawn(ticket: Ticket, weights: Weights | None) -> int:
    return ticket.index if weights is None else weights.index(ticket.index, ticket.nth_image)


def without_rest(side: int, scale: int) -> int:
    """A side in pixels without what is left over when it is divided by the scale."""
    return side - side % scale
