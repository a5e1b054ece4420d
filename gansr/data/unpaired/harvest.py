"""Kernels and noise taken from real LR, by which LR is made of HR: RealSR without a network for it.

Ji et al. 2020, "Real-world super-resolution via kernel estimation and noise injection", have one kernel for each real
photo, by KernelGAN, and noise from flat patches of the same photos. Patches here are theirs but for the bound, which
follows from the measured noise. Kernels are not: they are Gaussians, as many as one likes around what the whole folder
was found to have, see `kernel_bank`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gansr.data.calibration.blocks import LUMA
from gansr.data.calibration.fit import MOSTLY, Fit, Parameters
from gansr.data.calibration.samples import Folder, Sample

VARIANCE = (0.75, 1.25)  # of a patch, in units of the noise's: less is clipped or smooth, more a texture
UNEVEN = 2.0  # ratio of the largest to the smallest variance of a patch's quarters: beyond, something lies in it
FLATTEST = 10  # percentile of the photos, by their flattest patches: those that show nothing but noise
MOST_EXCESS = math.log(6)  # what has more is taken for a texture
CLIPPED = 0.005  # share of a patch's values that may be black or white: of noise there, a part is missing
FEWEST = 64  # patches
SMALLEST = 16  # side of a patch that is still tried where too few larger ones are found
NARROWEST = 0.1  # standard deviation in pixels of a kernel that changes nothing


@dataclass(frozen=True)
class Wanted:
    """How much is taken.

    Args:
        kernels: in the bank
        patch: side of a patch of noise, in LR pixels
        patches: at most
    """

    kernels: int = 32
    patch: int = 32
    patches: int = 512


@dataclass(frozen=True)
class Harvest:
    """What was taken from real LR.

    Args:
        kernels: (count, side, side) in HR pixels, each of sum 1; None: real LR is as sharp as bicubic LR
        noise: patches (count, 3, side, side) in units of [0, 1], at a brightness of 1/2; None: none were taken
        growth: share of the variance of such noise that grows with brightness
        fitted_noise: the row that makes noise where there are no patches; None: there is no noise
        jpeg: the row of compression, or None
        words: what was found, a sentence each
    """

    kernels: np.ndarray | None
    noise: np.ndarray | None
    growth: float
    fitted_noise: dict[str, Any] | None
    jpeg: dict[str, Any] | None
    words: tuple[str, ...]

    def rows(self, kernels: str, noise: str) -> list[dict[str, Any]]:
        """The operations, in the order in which the fit has them: kernel, bicubic, noise, compression, 8 bits.

        The kernel is what blurs beyond MATLAB's bicubic, so both together blur as was measured.

        Args:
            kernels: name of the file that holds them
            noise: name of the file with patches
        """
        patches = {"type": "noise_bank", "file": noise, "growth": self.growth}
        return [
            *([{"type": "kernel_bank", "file": kernels}] if self.kernels is not None else []),
            {"type": "matlab_bicubic"},
            *([patches] if self.noise is not None else [self.fitted_noise] if self.fitted_noise else []),
            *([self.jpeg] if self.jpeg else []),
            {"type": "to_8_bit"},
        ]


def harvest(
    images: Sequence[np.ndarray], real: Folder, found: Fit, scale: int, seed: int, wanted: Wanted = Wanted()
) -> Harvest:
    """Kernels from the fit and its uncertainty, noise from flat patches or, where there are too few, from the fit.

    Args:
        images: real LR, uint8 (H, W, 3) each
        real: their measurements, in the same order
        found: what was fitted to them
        scale: of the super-resolution
        seed: of the draws; the same one gives the same harvest
        wanted: how much
    """
    parameters = found.parameters
    kernels = kernel_bank(parameters, real, wanted.kernels, scale, seed)
    noise, said = _noise(images, real, parameters, wanted)
    growth = round(parameters.shot_share or 0.0, 3) if noise is not None else 0.0
    words = (_words_of_blur(parameters, scale, kernels), said, *_words_of_jpeg(parameters))
    return Harvest(kernels, noise, growth, parameters.noise(), parameters.jpeg(), words)


def kernel_bank(parameters: Parameters, real: Folder, count: int, scale: int, seed: int) -> np.ndarray | None:
    """Gaussians around the one that the folder's photos have in common: (count, side, side), or None for no blur.

    Each has the width of another quantile of the fitted range, as far as photos were found to differ, and is off by
    as much as the estimate of another bootstrap sample of the folder: so the bank is as wide as one can tell. Where no
    direction was found, all are round. This is no KernelGAN: shapes other than Gaussians are not found.
    """
    row = parameters.blur(scale)
    if row is None:
        return None
    random = np.random.default_rng(seed)
    quantiles = (random.permutation(count)[:, None] + 0.5) / count
    ends = np.array([row["sigma"], row.get("sigma_across", row["sigma"])])  # along, across; least, most
    widths = ends[:, 0] + quantiles * (ends[:, 1] - ends[:, 0])  # (count, 2)
    angle = row.get("rotation", (0.0,))[0]
    axes = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    covariances = np.einsum("ia,na,ja->nij", axes, widths**2, axes)
    covariances += scale**2 * _deviations(real, parameters.directed, count, random)
    variances, axes = np.linalg.eigh(covariances)
    variances = variances.clip(NARROWEST**2)
    reach = max(3, math.ceil(3.5 * math.sqrt(variances.max())))
    places = np.arange(-reach, reach + 1.0)
    points = np.stack(np.meshgrid(places, places), 2)  # x, y of each pixel
    distances = (np.einsum("yxi,nia->nyxa", points, axes) ** 2 / variances[:, None, None]).sum(3)
    kernels = np.exp(-distances / 2)
    return (kernels / kernels.sum((1, 2), keepdims=True)).astype(np.float32)


def widths(kernels: np.ndarray) -> np.ndarray:
    """Standard deviations of kernels along and across, the larger first: (count, side, side) becomes (count, 2)."""
    places = np.arange(kernels.shape[-1]) - kernels.shape[-1] // 2
    points = np.stack(np.meshgrid(places, places), 2)
    covariances = np.einsum("nyx,yxi,yxj->nij", kernels, points, points)
    return np.sqrt(np.linalg.eigvalsh(covariances)[:, ::-1].clip(0))


@dataclass(frozen=True)
class Patches:
    """Patches of one photo without their means and slopes, which are clipped nowhere and alike in all quarters.

    RealSR takes patches whose variance in grey is below 20 squared levels: none, where noise has 20 levels. Here the
    noise that was measured in the photo says what variance is too much. A plane is taken away, as skies are not of one
    colour.

    Args:
        noise: (count, 3, side, side) in units of [0, 1], brought to half brightness
        excess: (count,), logarithm of each one's variance in grey, in units of that which the photo's noise, measured
            in high frequencies, has at the patch's brightness
    """

    noise: np.ndarray
    excess: np.ndarray

    @classmethod
    def of(cls, image: np.ndarray, sample: Sample, side: int, growth: float = 0.0) -> "Patches":
        """Of uint8 (H, W, 3); they lie half a side apart, from the upper left corner on.

        Args:
            image: a photo
            sample: its measurements
            side: of a patch, even
            growth: share of the variance at half brightness that grows with it
        """
        if min(image.shape[:2]) < side:
            return cls(np.zeros((0, 3, side, side), np.float32), np.zeros(0))
        windows = np.lib.stride_tricks.sliding_window_view(image, (side, side), (0, 1))[:: side // 2, :: side // 2]
        blocks = windows.reshape(-1, 3, side, side).astype(float)
        means = blocks.mean((2, 3))
        noise = blocks - _planes(blocks)
        grey = np.einsum("c,nchw->nhw", LUMA, noise)
        half = side // 2
        quarters = grey.reshape(-1, 2, half, 2, half).var((2, 4)).reshape(-1, 4)
        grown = _grown(means @ LUMA, growth)
        times = grown / _grown(sample.means @ LUMA, growth)
        clipped = ((blocks <= 0) | (blocks >= 255)).mean((1, 2, 3))
        kept = (quarters.max(1) <= UNEVEN * quarters.min(1)) & (clipped <= CLIPPED)
        excess = np.log((grey.var((1, 2)) + 1e-6) / (sample.noise.luma**2 * times + 1e-6))[kept]
        scaled = noise[kept] / (255 * np.sqrt(grown[kept]))[:, None, None, None]
        return cls(scaled.astype(np.float32), excess)

    def near(self, usual: float, most: int) -> np.ndarray:
        """Those whose excess is about the usual one, at most so many, the nearest first."""
        off = self.excess - usual
        low, high = np.log(VARIANCE)
        order = np.argsort(np.abs(off), kind="stable")
        return self.noise[order[(low <= off[order]) & (off[order] <= high)][:most]]


def _noise(
    images: Sequence[np.ndarray], real: Folder, parameters: Parameters, wanted: Wanted
) -> tuple[np.ndarray | None, str]:
    """Patches of all photos, each photo's share of them, or None; and a sentence about it."""
    if parameters.noise() is None:
        return None, "no noise beyond rounding was found, so none is added"
    if parameters.compressed > MOSTLY:
        return None, (
            f"noise is drawn anew, of {parameters.sigma:.1f} levels before compression: patches of JPEG images would "
            f"hold what compression left of it, which would be compressed once more"
        )
    growth, side = parameters.shot_share or 0.0, wanted.patch
    found = _patches(images, real.samples, side, growth, wanted.patches)
    while sum(map(len, found)) < FEWEST and side // 2 >= SMALLEST:
        side = side // 4 * 2
        found = _patches(images, real.samples, side, growth, wanted.patches)
    count = sum(map(len, found))
    if count < FEWEST:
        return None, (
            f"only {count} flat patches of {side}x{side} pixels were found, of {FEWEST} at least, so noise is drawn "
            f"anew as it was fitted, of {parameters.sigma:.1f} levels: white, without what a camera gives it"
        )
    noise = _in_turn(found)[: wanted.patches]
    level = 255 * float(np.sqrt(noise.astype(float).var((2, 3)).mean()))
    return noise, (
        f"noise comes from {len(noise)} flat patches of {side}x{side} pixels in {len(found)} of "
        f"{len(images)} photos: {level:.1f} levels, where {parameters.sigma:.1f} were fitted"
        + (f"; larger ones, of {wanted.patch}x{wanted.patch}, are too few" if side < wanted.patch else "")
        + (f"; {growth:.0%} of its variance grows with brightness" if growth else "")
    )


def _patches(
    images: Sequence[np.ndarray], samples: Sequence[Sample], side: int, growth: float, most: int
) -> list[np.ndarray]:
    """Of each photo that has some and is no JPEG; no more than twice its share of `most`.

    Cameras make noise with more power at low frequencies than at the high ones it is measured in. How much more, the
    photos with the flattest patches tell, and all are held to it.
    """
    raw = [(image, sample) for image, sample in zip(images, samples, strict=True) if sample.compression is None]
    lowest = [np.sort(Patches.of(*one, side, growth).excess)[:2] for one in raw]
    told = [pair[-1] for pair in lowest if len(pair)]
    if not told:
        return []
    usual = float(np.percentile(told, FLATTEST).clip(0, MOST_EXCESS))
    share = -(-2 * most // len(images))
    # Measured twice rather than kept: all patches of all photos would take hundreds of megabytes.
    found = [Patches.of(*one, side, growth).near(usual, share) for one in raw]
    return [patches for patches in found if len(patches)]


def _in_turn(found: Sequence[np.ndarray]) -> np.ndarray:
    """The first of each photo, then the second of each, ..."""
    longest = max(map(len, found))
    return np.stack([patches[place] for place in range(longest) for patches in found if place < len(patches)])


def _planes(blocks: np.ndarray) -> np.ndarray:
    """Of each channel the plane that is nearest: (N, 3, side, side)."""
    side = blocks.shape[-1]
    line = (np.arange(side) - (side - 1) / 2) / math.sqrt(side * (side * side - 1) / 12 * side)
    down, across = np.einsum("nchw,h->nc", blocks, line), np.einsum("nchw,w->nc", blocks, line)
    slopes = down[..., None, None] * line[:, None] + across[..., None, None] * line
    return blocks.mean((2, 3), keepdims=True) + slopes


def _grown(brightness: np.ndarray, growth: float) -> np.ndarray:
    """Variance at a brightness in levels, in units of that at half brightness."""
    return np.maximum(2 * growth * brightness / 255 + 1 - growth, 0.02)


def _deviations(real: Folder, directed: bool, count: int, random: np.random.Generator) -> np.ndarray:
    """Of the blur of bootstrap samples of the folder from their mean: (count, 2, 2), squared LR pixels."""
    chosen = random.integers(0, len(real.samples), (count, len(real.samples)))
    found = np.stack([Folder([real.samples[one] for one in row], real.sharp).covariance for row in chosen])
    found -= found.mean(0)
    return found if directed else np.eye(2) * np.trace(found, axis1=1, axis2=2)[:, None, None] / 2


def _words_of_blur(parameters: Parameters, scale: int, kernels: np.ndarray | None) -> str:
    if kernels is None:
        return "real LR is as sharp as bicubic LR, so there are no kernels"
    along, across = widths(kernels).T
    text = f"{len(kernels)} Gaussian kernels, {_range(along)}"
    if not parameters.directed:
        return f"{text} HR pixels wide beyond bicubic; no direction was found"
    angle = math.degrees((parameters.blur(scale) or {})["rotation"][0])
    return f"{text} HR pixels wide beyond bicubic along {angle:.0f} degrees (clockwise), {_range(across)} across"


def _range(values: np.ndarray) -> str:
    return f"{values.min():.2f} to {values.max():.2f}"


def _words_of_jpeg(parameters: Parameters) -> list[str]:
    if parameters.quality is None:
        return []
    low, high = parameters.quality
    qualities = f"quality {low}" if low == high else f"qualities {low} to {high}"
    return [f"{parameters.compressed:.0%} of the photos are JPEG of {qualities}, and so will be made LR"]
