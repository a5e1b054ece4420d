"""What noise must not do: carry the image's colour, or everything."""

from collections.abc import Callable

from torch import Tensor

from gansr.imaging.filters import full_precision


def noise_mean() -> Callable[..., Tensor]:
    """Squared mean of the noise of each image and channel, which would change colours (PDM-SR, Luo et al. 2022).

    mean over images and channels of (mean over pixels of n)^2. How strong the noise is it leaves alone.
    """

    def measure(noise: Tensor) -> Tensor:
        return full_precision(noise).mean((-2, -1)).square().mean()

    return measure


def noise_power() -> Callable[..., Tensor]:
    """Mean square of the noise: what can be blur is blur, and noise stays as weak as it may.

    What the authors' code of PDM-SR computes under the name of noise_mean (weight 10 or 100). It makes noise weaker
    than that of the real images.
    """

    def measure(noise: Tensor) -> Tensor:
        return full_precision(noise).square().mean()

    return measure
