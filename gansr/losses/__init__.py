"""Losses by the name that options use: comparisons of two images, and rules of the adversarial game."""

from gansr.losses.adversarial import (
    hinge,
    least_squares,
    relativistic_average,
    relativistic_average_hinge,
    relativistic_average_least_squares,
    vanilla,
    wasserstein,
)
from gansr.losses.content import vgg16, vgg19
from gansr.losses.pixel import charbonnier, huber, l1, l2

LOSSES = {"l1": l1, "l2": l2, "charbonnier": charbonnier, "huber": huber, "vgg16": vgg16, "vgg19": vgg19}
ADVERSARIAL = {
    "vanilla": vanilla,
    "least_squares": least_squares,
    "hinge": hinge,
    "wasserstein": wasserstein,
    "relativistic_average": relativistic_average,
    "relativistic_average_least_squares": relativistic_average_least_squares,
    "relativistic_average_hinge": relativistic_average_hinge,
}
