"""DISTS as a loss."""

from gansr.models.distances.dists import DISTS, dists_of
from gansr.models.features.lens import Lenses


def dists(weights: str = "imagenet", alpha_beta: str = "package", lenses: Lenses | None = None) -> DISTS:
    """DISTS: distance that forgives textures that were drawn anew, Ding et al. 2020.

    1 - the weighted sum of similarities in the image and in five layers of VGG-16 with L2 pooling; identical images
    give 0. The paper's metric shrinks images to 256 pixels first; a loss sees crops, and takes them as they are.

    Args:
        weights: of VGG-16: imagenet (torchvision's download), random, or the path of a file in torchvision's layout
        alpha_beta: package (the published weights of channels), or the path of a file with `alpha` and `beta`
    """
    return dists_of(weights, alpha_beta, lenses)
