"""Does the person stay the same?"""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from gansr.metrics.fidelity.comparison import Comparison
from gansr.metrics.networks import exactly, rgb_pair
from gansr.models.features.arcface import FaceIdentity, arcface_network


class IdentityDistance:
    """Distance of the vectors by which ArcFace knows a person, 1 - cosine; lower is better, 0 to 2.

    Deng et al. 2019. For whole aligned faces. Strangers' vectors are about at right angles, a distance of 1. A
    generator that was trained with the same network scores too well.

    Args:
        weights: path of GFPGAN's arcface_resnet18.pth, or of an iresnet of insightface; never downloaded. random: for
            trying out

    Raises:
        WeightsError: no such file, a damaged one, or one of another network.
    """

    higher_is_better = False
    unit = ""
    format = ".4f"

    def __init__(self, weights: str) -> None:
        self.comparison = Comparison("rgb", 0)
        self.network = FaceIdentity(arcface_network(weights)).requires_grad_(False).eval()
        self.protocol = f"Identity distance, 1 - cosine of ArcFace's vectors ({Path(weights).name}), whole image"

    @torch.no_grad()
    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """Distance of two uint8 face images (C, H, W); `DataError` where they cannot be compared."""
        pair = torch.cat(rgb_pair(sr, hr, self.comparison))
        with exactly():
            one, other = F.normalize(self.network.to(pair.device)(pair)["identity"], dim=1)
        return (one - other).square().sum().item() / 2  # 1 - cosine, and exactly 0 for equal vectors
