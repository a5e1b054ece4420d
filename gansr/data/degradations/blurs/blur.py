"""Blur: a kernel for each sample, drawn as the published pipelines draw theirs, and applied to all of them at once."""

import math
from pathlib import Path

import torch
from torch import Tensor

from gansr.data.degradations.blurs import kernels
from gansr.data.degradations.blurs.filtering import Border, filter_canvas
from gansr.data.degradations.blurs.kernel_files import read_kernels
from gansr.data.degradations.canvas import Canvas, Operation
from gansr.data.degradations.checks import MOST_SIDE, Range, check_odd, check_probability, check_range, check_weights
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.pipeline import begun_sometimes
from gansr.errors import OptionsError

# Real-ESRGAN's six kinds (options/train_realesrgan_x4plus.yml); each family's isotropic kind stands first.
KINDS = {
    "isotropic": 0.45,
    "anisotropic": 0.25,
    "generalised_isotropic": 0.12,
    "generalised_anisotropic": 0.03,
    "plateau_isotropic": 0.12,
    "plateau_anisotropic": 0.03,
}
FINAL_CUTOFFS = (math.pi / 3, math.pi)
LARGE_CUTOFFS = (math.pi / 5, math.pi)  # a low cutoff needs a large kernel
LARGE = 13  # pixels


def blur(
    probability: float = 1.0,
    sinc_probability: float = 0.1,
    kinds: dict[str, float] = KINDS,
    sizes: tuple[int, int] = (7, 21),
    sigma: Range = (0.2, 3.0),
    rotation: Range = (-math.pi, math.pi),
    beta_generalised: Range = (0.5, 4.0),
    beta_plateau: Range = (1.0, 2.0),
) -> Operation:
    """Real-ESRGAN's blur: Gaussians of six kinds, or an ideal low-pass that rings. The defaults are its first order.

    Args:
        probability: of any blur
        sinc_probability: of the low-pass, among the blurred; its cutoff is U(pi/3, pi), or U(pi/5, pi) from size 13 on
        kinds: weights of isotropic, anisotropic, and generalised_ and plateau_ with each of the two
        sizes: smallest and largest kernel, odd; all odd numbers between are as likely
        sigma: in pixels, along each axis; isotropic kinds have one for both
        rotation: of anisotropic kinds, in radians
        beta_generalised: exponent of generalised Gaussians: one half is drawn below 1, the other half above
        beta_plateau: exponent of plateaus, drawn in the same way
    """
    check_probability("probability", probability)
    check_probability("sinc_probability", sinc_probability)
    check_weights("kinds", kinds, KINDS)
    _check_sizes(sizes)
    check_range("sigma", sigma)
    check_range("rotation", rotation, least=-math.inf)
    _check_beta("beta_generalised", beta_generalised)
    _check_beta("beta_plateau", beta_plateau)
    weights = [kinds.get(kind, 0.0) for kind in KINDS]

    def draw(draws: Draws) -> Tensor:
        size = _draw_size(draws, sizes)
        low_pass, cutoff = draws.chance(sinc_probability), _draw_cutoff(draws, size)
        family, anisotropic = (kind := draws.choice(weights)) // 2, kind % 2 == 1
        sigma_x, sigma_y, angle = draws.uniform(*sigma), draws.uniform(*sigma), draws.uniform(*rotation)
        sigma_y, angle = torch.where(anisotropic, sigma_y, sigma_x), torch.where(anisotropic, angle, 0)
        generalised, flat = _draw_beta(draws, beta_generalised), _draw_beta(draws, beta_plateau)
        shape, side = (size, sigma_x, sigma_y, angle), sizes[1]
        peaks = kernels.generalised_gaussian(*shape, torch.where(family == 1, generalised, 1), side)
        plateaus = kernels.plateau(*shape, flat, side)
        rings = kernels.sinc(size, cutoff, side)
        if draws.record is not None:
            draws.note(kind=(torch.where(low_pass, len(KINDS), kind), [*KINDS, "sinc"]), size=size)
            draws.note(low_pass, cutoff=cutoff)
            _note_axes(draws, ~low_pass, anisotropic, sigma_x, sigma_y, angle)
            draws.note(~low_pass & (family == 1), beta=generalised)
            draws.note(~low_pass & (family == 2), beta=flat)
        return torch.where(_per_kernel(low_pass), rings, torch.where(_per_kernel(family == 2), plateaus, peaks))

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        return filter_canvas(canvas, draw(draws))

    return begun_sometimes(operation, probability)


def bsrgan_blur(factor: int | None = None, *, scale: int) -> Operation:
    """BSRGAN's `add_blur` (Zhang et al. 2021): isotropic and, as often, anisotropic Gaussians of 7 to 25 pixels.

    Sigma is U(0, 2 + factor/5) for isotropic ones; the others have variances U(0, 4 + factor) and angles U(0, pi).

    Args:
        factor: by which images will still shrink; omitted: the scale
        scale: of the super-resolution
    """
    number = scale if factor is None else factor
    if not 1 <= number <= 64:
        raise OptionsError(f"factor is {number}; expected a whole number from 1 to 64.")

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        anisotropic = draws.chance(0.5)
        size = 2 * draws.whole(2, 11) + 3
        long, short = (draws.uniform(0, 4 + number).sqrt() for _ in range(2))
        angle = draws.uniform(0, math.pi)
        sigma = draws.uniform(0, 2 + number / 5)
        sigma_x, sigma_y = (torch.where(anisotropic, axis, sigma) for axis in (long, short))
        if draws.record is not None:
            draws.note(size=size)
            _note_axes(draws, torch.ones_like(anisotropic), anisotropic, sigma_x, sigma_y, angle)
        return filter_canvas(canvas, kernels.gaussian(size, sigma_x, sigma_y, angle, 25))

    return operation


def sinc(probability: float = 0.8, sizes: tuple[int, int] = (7, 21), cutoff: Range = FINAL_CUTOFFS) -> Operation:
    """An ideal circular low-pass, which rings as sharpening and compression do: Real-ESRGAN's last filter.

    Args:
        probability: of any change
        sizes: smallest and largest kernel, odd; all odd numbers between are as likely
        cutoff: in radians per pixel, at most pi
    """
    check_probability("probability", probability)
    _check_sizes(sizes)
    check_range("cutoff", cutoff, most=math.pi)
    if cutoff[0] == 0:
        raise OptionsError("cutoff begins at 0, which lets nothing through; expected more.")

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        size = _draw_size(draws, sizes)
        frequency = draws.uniform(*cutoff)
        draws.note(size=size, cutoff=frequency)
        return filter_canvas(canvas, kernels.sinc(size, frequency, sizes[1]))

    return begun_sometimes(operation, probability)


def motion(length: Range = (1.0, 15.0), angle: Range = (0.0, math.pi)) -> Operation:
    """Blur along a straight line, as of a camera that moved.

    Args:
        length: of the line in pixels; 1 changes nothing
        angle: in radians, clockwise from left to right
    """
    check_range("length", length, least=1, most=MOST_SIDE)
    check_range("angle", angle, least=-math.inf)
    side = kernels.motion_side(length[1])

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        pixels, direction = draws.uniform(*length), draws.uniform(*angle)
        draws.note(length=pixels, angle=direction)
        return filter_canvas(canvas, kernels.motion(pixels, direction, side))

    return operation


def defocus(radius: Range = (0.5, 5.0)) -> Operation:
    """Blur by a disc, as of a lens that was not in focus.

    Args:
        radius: of the disc in pixels; up to 1/2 changes nothing
    """
    check_range("radius", radius, most=MOST_SIDE // 2)
    side = kernels.disc_side(radius[1])

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        pixels = draws.uniform(*radius)
        draws.note(radius=pixels)
        return filter_canvas(canvas, kernels.disc(pixels, side))

    return operation


def gaussian(
    sigma: Range = (0.2, 3.0),
    size: int = 21,
    border: Border = "reflect",
    shift: float = 0.0,
    sigma_across: Range | None = None,
    rotation: Range = (0.0, 0.0),
) -> Operation:
    """Gaussian blur, isotropic unless it is given a width across.

    That of the degradation BD (Zhang et al. 2018, "Residual Dense Network for Image Super-Resolution", code of x3) has
    sigma 1.6, size 7 and border replicate; afterwards that code keeps the middle one of three pixels. One quarter of
    BSRGAN's "downsample2" is this blur with sigma (0.1, 0.6 scale), size 25 and shift (scale - 1) / 2, and `decimate`.

    Args:
        sigma: in pixels
        size: of the kernel, odd
        border: what is beyond the image: its mirror image, or its edge pixels again and again (replicate)
        shift: pixels by which the kernel is moved to the right and down; (scale - 1) / 2 lets the pixels that
            `decimate` keeps lie in the middle of those that they stand for
        sigma_across: width at right angles to the first, drawn by itself; omitted: equal to it
        rotation: of the first axis, in radians, clockwise from left to right
    """
    check_range("sigma", sigma)
    check_range("rotation", rotation, least=-math.inf)
    if sigma_across is not None:
        check_range("sigma_across", sigma_across)
    check_odd("size", size)
    if not 0 <= shift <= size // 2:
        raise OptionsError(f"shift is {shift:g}; expected 0 to {size // 2} pixels, half of the size.")

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        width = across = draws.uniform(*sigma)
        angle = draws.each(0.0)
        if sigma_across is not None:
            across, angle = draws.uniform(*sigma_across), draws.uniform(*rotation)
        if draws.record is not None:
            elongated = draws.each(float(sigma_across is not None)) > 0
            _note_axes(draws, torch.ones_like(elongated), elongated, width, across, angle)
        made = kernels.gaussian(draws.each(size), width, across, angle, size)
        return filter_canvas(canvas, kernels.moved(made, shift) if shift else made, border=border)

    return operation


def kernel_bank(file: Path) -> Operation:
    """Kernels from a file, one drawn for each sample; they are divided by their sums.

    Args:
        file: .npy, .npz or .pth with (count, side, side) numbers, the side odd
    """
    bank = read_kernels(file)
    banks = {bank.device: bank}  # each device gets it once

    def operation(canvas: Canvas, draws: Draws) -> Canvas:
        if draws.device not in banks:
            banks[draws.device] = bank.to(draws.device, non_blocking=True)
        number = draws.whole(0, len(bank) - 1)
        draws.note(number=number)
        return filter_canvas(canvas, banks[draws.device][number])

    return operation


def _note_axes(
    draws: Draws, shaped: Tensor, anisotropic: Tensor, sigma_x: Tensor, sigma_y: Tensor, angle: Tensor
) -> None:
    draws.note(shaped & ~anisotropic, sigma=sigma_x)
    draws.note(shaped & anisotropic, sigma=torch.stack([sigma_x, sigma_y], 1), rotation=angle)


def _draw_size(draws: Draws, sizes: tuple[int, int]) -> Tensor:
    smallest, largest = sizes
    return smallest + 2 * draws.whole(0, (largest - smallest) // 2)


def _draw_cutoff(draws: Draws, size: Tensor) -> Tensor:
    """A kernel of `blur` has room for lower cutoffs if it is large."""
    low, high = (torch.where(size < LARGE, *ends) for ends in zip(FINAL_CUTOFFS, LARGE_CUTOFFS, strict=True))
    return draws.uniform(low, high)


def _draw_beta(draws: Draws, beta: Range) -> Tensor:
    low, high = beta
    below = draws.chance(0.5)
    return torch.where(below, draws.uniform(low, 1.0), draws.uniform(1.0, high))


def _per_kernel(flags: Tensor) -> Tensor:
    return flags[:, None, None]


def _check_sizes(sizes: tuple[int, int]) -> None:
    check_range("sizes", sizes)
    for size in sizes:
        check_odd("sizes", size)


def _check_beta(name: str, beta: Range) -> None:
    check_range(name, beta)
    if not 0 < beta[0] <= 1 <= beta[1]:
        raise OptionsError(
            f"{name} is ({beta[0]:g}, {beta[1]:g}); expected a range above 0 that has 1 in it: half is drawn below."
        )
