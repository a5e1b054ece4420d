"""How pixels of natural photos relate to their neighbours: 36 numbers for each block of a grey image.

Mittal, Soundararajan, Bovik 2013, "Making a completely blind image quality analyzer", section II, after the
definition of its authors' MATLAB release. All in float64: the numbers go through an inverse of a covariance.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from gansr.imaging.filters import gaussian, separable
from gansr.imaging.resize import reduce

BLOCK = 96  # pixels; half of that at the second scale
WINDOW = gaussian(7, 7 / 6)
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))  # by how many rows and columns, around the block's border
SHAPES = 0.2 + torch.arange(9801, dtype=torch.float64) / 1000  # 0.2 to 10: the shapes that are tried
# A flat region differs from its mean by what was lost in rounding, 1e-14, of the same sign all over. Those are no
# samples, but would count as so many below or above 0: Set14's face scores 8.76 with them, 8.49 without.
FLAT = 1e-9


def block_statistics(plane: Tensor) -> Tensor:
    """A float64 plane (H, W) on the scale 0..255 -> (blocks, 36): two scales, 18 numbers each, for each whole block.

    Rows and columns beyond the last whole block of 96x96 do not count. A flat block has statistics that are NaN.
    """
    rows, columns = (side // BLOCK for side in plane.shape)
    plane = plane[: rows * BLOCK, : columns * BLOCK][None, None]
    halved = reduce(plane, 2)
    scales = [
        statistics(blocks(normalised(image)[0, 0], side)) for image, side in ((plane, BLOCK), (halved, BLOCK // 2))
    ]
    return torch.cat(scales, dim=1)


def normalised(image: Tensor) -> Tensor:
    """Difference from the local mean over (local deviation + 1), Eq. 1; edge pixels repeated: (1, 1, H, W), same size.

    On images of 0..255; the 1 is a grey level, so the image's scale matters.
    """
    margin = len(WINDOW) // 2
    padded = F.pad(image, (margin,) * 4, mode="replicate")
    mean, square = (separable(values, WINDOW, WINDOW) for values in (padded, padded.square()))
    difference = image - mean
    difference = torch.where(difference.abs() < FLAT, 0.0, difference)
    return difference / ((square - mean.square()).abs().sqrt() + 1)


def blocks(plane: Tensor, side: int) -> Tensor:
    """(rows * side, columns * side) -> (rows * columns, side, side)."""
    height, width = plane.shape
    cut = plane.view(height // side, side, width // side, side)
    return cut.transpose(1, 2).reshape(-1, side, side)


def statistics(coefficients: Tensor) -> Tensor:
    """Blocks of normalised values (blocks, h, w) -> (blocks, 18).

    Shape and width of the values' distribution; then of the products of neighbours, in four directions, shape,
    mean (Eq. 8), left and right width.
    """
    shape, left, right = asymmetric_gaussian(coefficients.flatten(1))
    found = [shape, (left + right) / 2]
    for shift in NEIGHBOURS:
        products = coefficients * coefficients.roll(shift, dims=(1, 2))
        shape, left, right = asymmetric_gaussian(products.flatten(1))
        mean = (right - left) * (torch.lgamma(2 / shape) - torch.lgamma(1 / shape)).exp()
        found += [shape, mean, left, right]
    return torch.stack(found, dim=1)


def asymmetric_gaussian(samples: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Shape, left and right width, (n,) each, of the asymmetric generalised Gaussian that fits (n, samples).

    By moments (Lasmar, Stitou, Berthoumieu 2009), the shape from a table in steps of 0.001. Without samples on
    one side of 0 the widths are NaN, and the shape is the table's first.
    """
    square = samples.square()
    left, right = (
        ((square * side).sum(1) / side.sum(1)).sqrt() for side in (samples < 0, samples > 0)
    )  # root mean squares of the negative and of the positive samples
    skew = left / right
    ratio = samples.abs().mean(1).square() / square.mean(1)
    shape = _shape_of(ratio * (skew**3 + 1) * (skew + 1) / (skew**2 + 1).square())
    width = ((torch.lgamma(1 / shape) - torch.lgamma(3 / shape)) / 2).exp()
    return shape, left * width, right * width


def _shape_of(ratio: Tensor) -> Tensor:
    """The shape whose ratio of moments comes nearest: the ratio grows with the shape."""
    shapes = SHAPES.to(ratio.device)
    inverse = 1 / shapes
    ratios = (2 * torch.lgamma(2 * inverse) - torch.lgamma(inverse) - torch.lgamma(3 * inverse)).exp()
    above = torch.searchsorted(ratios, ratio.contiguous()).clamp(1, len(shapes) - 1)
    below = above - 1
    nearest = torch.where(ratio - ratios[below] <= ratios[above] - ratio, below, above)
    return shapes[torch.where(ratio.isnan(), 0, nearest)]
