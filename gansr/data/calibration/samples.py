"""What is measured of each image, and what that makes of a folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gansr.data.calibration.blocks import luma
from gansr.data.calibration.compression import Compression, find_compression
from gansr.data.calibration.noise import Noise, measure_noise, shot_and_read
from gansr.data.calibration.spectrum import blur_between, contrast, left_over, power, radial

PERCENTILES = (10, 50, 90)
FLAT = 2.0  # standard deviation in levels below which an image shows nothing
BLOCK = 16  # pixels of a JPEG block with its colour: what is cut begins at one


@dataclass(frozen=True)
class Sample:
    """One image, measured."""

    compression: Compression | None
    noise: Noise
    spectrum: np.ndarray  # of Y, (64, 33), squared levels
    means: np.ndarray  # of R, G and B, (3,), levels
    deviations: np.ndarray  # (3,)

    @cached_property
    def floor(self) -> float:
        """Standard deviation of the noise that is in the spectrum: compression may have taken some of it."""
        return min(self.noise.luma, float(np.sqrt(radial(self.spectrum)[-3:].mean())))

    @cached_property
    def contrast(self) -> float:
        """What the spectrum is divided by to be compared with those of other images."""
        return contrast(self.spectrum, self.floor)


def middle(image: np.ndarray, side: int, block: int = BLOCK) -> np.ndarray:
    """At most `side` pixels of (H, W, C), from a block's corner on, and whole blocks of them where there are any."""
    for axis in (0, 1):
        length = min(side, image.shape[axis] // block * block or image.shape[axis])
        first = (image.shape[axis] - length) // 2 // block * block
        image = image.take(range(first, first + length), axis)
    return image


def measure(image: np.ndarray, quality: int | None = None, search: bool = True, may_be_coded: bool = True) -> Sample:
    """Of uint8 (H, W, 3), at least 64x64.

    Args:
        image: a photo
        quality: of JPEG, where its file tells it; else the pixels are asked
        search: see `find_compression`
        may_be_coded: False: it is known to be no JPEG, and is not asked
    """
    levels = image.astype(float)
    compression = find_compression(levels, search) if may_be_coded else None
    if quality is not None:
        compression = Compression(quality, compression.offset if compression else (0, 0))
    noise = measure_noise(levels, compression)
    return Sample(compression, noise, power(luma(levels)), levels.mean((0, 1)), levels.std((0, 1)))


@dataclass(frozen=True)
class Folder:
    """What many images have in common, and how they differ.

    Args:
        samples: at least one
        sharp: samples of photos without blur, at the same size: what the blur is measured against
    """

    samples: Sequence[Sample]
    sharp: Sequence[Sample]

    @cached_property
    def sigmas(self) -> np.ndarray:
        """Of the noise of each image, (count,), levels."""
        return np.array([sample.noise.sigma for sample in self.samples])

    @property
    def sigma(self) -> np.ndarray:
        """Percentiles 10, 50 and 90 of them: (3,)."""
        return np.percentile(self.sigmas, PERCENTILES)

    @cached_property
    def correlation(self) -> float:
        """Of noise in two channels, mean over the images, each as much as it has noise."""
        weights = np.array([sample.noise.luma for sample in self.samples]) + 1e-3
        return float(np.average([sample.noise.correlation for sample in self.samples], weights=weights))

    @cached_property
    def shot_share(self) -> float:
        """How much of the noise's variance grows with brightness, at half of it: 0 to 1."""
        curves = [sample.noise.curve / (1, (sample.noise.sigma / 255) ** 2 + 1e-9, 1) for sample in self.samples]
        shot, read = shot_and_read(np.concatenate(curves))
        return shot / 2 / max(shot / 2 + read, 1e-12)

    @cached_property
    def covariance(self) -> np.ndarray:
        """Of the blur that all images have in common, (2, 2), squared pixels."""
        return self._covariance(self.samples)

    @cached_property
    def covariance_error(self) -> float:
        """How far halves of the folder disagree about what of the blur has a direction, squared pixels."""
        first, second = (self._covariance(self.samples[start::2]) for start in (0, 1))
        difference = first - second
        return float(np.hypot(difference[0, 0] - difference[1, 1], 2 * difference[0, 1])) / 2

    @cached_property
    def blurs(self) -> np.ndarray:
        """Variance of each image's blur, mean of the two axes, (count,), squared pixels."""
        return np.array([np.trace(self._covariance([sample])) / 2 for sample in self.samples])

    @property
    def blur(self) -> np.ndarray:
        """Percentiles 10, 50 and 90 of them: (3,)."""
        return np.percentile(self.blurs, PERCENTILES)

    @cached_property
    def qualities(self) -> np.ndarray:
        """Of the compressed images, (count,)."""
        return np.array([sample.compression.quality for sample in self.samples if sample.compression])

    @property
    def compressed(self) -> float:
        """Share of the images in which blocks are found."""
        return len(self.qualities) / len(self.samples)

    @cached_property
    def decibels(self) -> np.ndarray:
        """Radial power spectrum, mean over the images, (32,): 10 log10 of squared levels."""
        return np.mean([10 * np.log10(radial(sample.spectrum) + 1e-3) for sample in self.samples], 0)

    @cached_property
    def shape(self) -> np.ndarray:
        """The same of images brought to equal contrast: (32,)."""
        return self.decibels - 10 * np.mean([np.log10(sample.contrast) for sample in self.samples])

    @cached_property
    def colour(self) -> np.ndarray:
        """Means of R, G and B, and mean standard deviations: (6,), levels."""
        return np.concatenate(
            [
                np.mean([sample.means for sample in self.samples], 0),
                np.mean([sample.deviations for sample in self.samples], 0),
            ]
        )

    def left_of(self, made: "Folder", covariance: np.ndarray) -> tuple[np.ndarray, float]:
        """What blur and noise of `made` lack to be this folder's: see `left_over`, which has the units.

        Blur is compared at equal contrast. Noise is compared as it is, since compression takes more of it from an
        image of less contrast.

        Args:
            made: of the same sharp photos
            covariance: of the blur that it was made with
        """
        blur, _ = left_over(_common(self.sharp)[0], covariance, *(_common(one.samples)[0] for one in (made, self)))
        spectra = (np.mean([sample.spectrum for sample in samples], 0) for samples in (made.samples, self.samples))
        sharp = np.mean([sample.spectrum for sample in self.sharp], 0)
        return blur, left_over(sharp, covariance, *spectra)[1]

    def _covariance(self, samples: Sequence[Sample]) -> np.ndarray:
        (sharp, sharp_noise), (blurred, noise) = _common(self.sharp), _common(samples)
        return blur_between(sharp, blurred, sharp_noise, noise)


def _common(samples: Sequence[Sample]) -> tuple[np.ndarray, float]:
    """Mean spectrum of images brought to equal contrast, and the standard deviation of the noise in it."""
    spectrum = np.mean([sample.spectrum / sample.contrast for sample in samples], 0)
    return spectrum, float(np.sqrt(np.mean([sample.floor**2 / sample.contrast for sample in samples])))


def spectral_distance(one: Folder, other: Folder) -> float:
    """Root of the mean square difference of the radial spectra, in decibels."""
    return _root_mean_square(one.decibels - other.decibels)


def shape_distance(one: Folder, other: Folder) -> float:
    """The same at equal contrast: that of the photos depends on what they show."""
    return _root_mean_square(one.shape - other.shape)


def _root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))
