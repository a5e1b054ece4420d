"""Do facial landmarks stay where they are?"""

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from gansr.errors import DataError
from gansr.metrics.fidelity.comparison import Comparison
from gansr.metrics.networks import exactly, rgb_pair
from gansr.models.features.landmark_net import (
    LandmarkHeatmaps,
    landmark_network,
    landmarks,
    normalised_mean_error,
)


class LandmarkError:
    """Mean distance of the landmarks found in SR from those found in the ground truth; lower is better.

    The normalised mean error of face alignment (as Bulat and Tzimiropoulos 2018 judge faces), in units of the distance
    between the outer corners of the eyes: 0.05 is a twentieth of it. One frozen network looks at both images, so its
    own mistakes count only where it makes different ones. For whole aligned faces in the network's framing.

    Args:
        weights: path of a landmark network's plain weights: a FAN of any size, such as 2DFAN4-11f355bf06.pth.tar, or
            the small 68-point network; never downloaded. random: for trying out
        by: unit of length: outer_eyes (68 points as in 300-W), or box, the root of the area of the points' box
        gate: least height of the ground truth's heatmaps, on average over landmarks, that is taken for a face, a sure
            one is near 1; an image below it is refused. 0: any image counts

    Raises:
        WeightsError: no such file, a damaged one, or one of another network.
    """

    higher_is_better = False
    unit = ""
    format = ".4f"

    def __init__(self, weights: str, by: Literal["outer_eyes", "box"] = "outer_eyes", gate: float = 0.2) -> None:
        self.by: Literal["outer_eyes", "box"] = by
        self.gate = gate
        self.comparison = Comparison("rgb", 0)
        self.network = LandmarkHeatmaps(landmark_network(weights)).requires_grad_(False).eval()
        unit = {"outer_eyes": "the outer-eye distance", "box": "the root of the box's area"}[by]
        self.protocol = f"Landmark error in units of {unit} ({Path(weights).name}), whole image"

    @torch.no_grad()
    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """Error of two uint8 face images (C, H, W).

        Raises:
            DataError: they cannot be compared, or the ground truth shows no face.
        """
        pair = torch.cat(rgb_pair(sr, hr, self.comparison))  # (2, 3, H, W)
        with exactly():
            heatmaps = self.network.to(pair.device)(pair)["last"]
        height = heatmaps[1].amax((1, 2)).mean().item()
        if height < self.gate:
            raise DataError(
                f"Landmark error: the ground truth shows no face that the network knows: its heatmaps are {height:.2f} "
                f"high on average, less than the gate of {self.gate:g}. Give gate: 0 to let every image count."
            )
        found, wanted = landmarks(heatmaps, *pair.shape[-2:]).split(1)
        return normalised_mean_error(found, wanted, self.by).item()
