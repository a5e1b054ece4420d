"""LPIPS as a loss."""

from gansr.models.distances.lpips import LPIPS, Network, lpips_network
from gansr.models.features.lens import Lenses


def lpips(
    network: Network = "vgg",
    weights: str = "imagenet",
    heads: str = "learnt",
    lenses: Lenses | None = None,
) -> LPIPS:
    """LPIPS, version 0.1: learnt perceptual distance of two images, Zhang et al. 2018.

    Eq. 1 as released: the sum over layers of mean_hw sum_c w_c (f_c(sr) - f_c(target))^2, features of length 1 at
    each place; identical images give 0. DSGAN and DASR use it with weights 0.01 and 1. The paper shifts and scales
    images in [-1, 1], which is ImageNet's usual normalisation of images in [0, 1], so `vgg` shares a network and a
    pass with a content loss in `vgg16`.

    Args:
        network: alex as in the paper's comparisons of metrics, vgg (VGG-16) as the authors advise for a loss, or
            squeeze (SqueezeNet 1.1); images are at least 31, 16 and 17 pixels high and wide
        weights: imagenet (torchvision's download), random, or the path of a file in torchvision's layout
        heads: learnt, ones (every channel counts 1: the paper's unlearnt baseline), or the path of a file of heads
    """
    return lpips_network(network, weights, heads, lenses)
