"""Distance between the features that a classifier sees in two images."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from gansr.errors import DataError, WeightsError
from gansr.metrics.fidelity.comparison import Comparison
from gansr.metrics.networks import exactly, rgb_pair

Network = Literal["squeezenet1_0", "squeezenet1_1", "alexnet", "vgg16"]
# Indices into torchvision's `features`: the stages that LPIPS taps, all of them after a ReLU.
TAPS: dict[str, tuple[int, ...]] = {
    "squeezenet1_0": (1, 4, 7, 8, 9, 10, 12),
    "squeezenet1_1": (1, 4, 7, 9, 10, 11, 12),
    "alexnet": (1, 4, 7, 9, 11),
    "vgg16": (3, 8, 15, 22, 29),
}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, RGB in [0, 1]
SMALLEST = 32  # pixels; below that some network's last stage is empty


class FeatureDistance:
    """Distance between two images in the features of an ImageNet classifier; lower is better, 0 is identical.

    LPIPS without its learnt weights (Zhang et al. 2018, Eq. 1 with w = 1): features of unit length over the
    channels, squared difference summed over channels, mean over positions, sum over layers. Closer to what
    people see than PSNR; its numbers are not LPIPS and compare only with the same network and weights.

    Args:
        scale: the magnification, the border if that is null
        network: which classifier looks at the images
        weights: imagenet (torchvision's download), or the path of a file in torchvision's layout
        border: pixels cut off each side; null: the scale

    Raises:
        WeightsError: the weights cannot be had or do not fit the network.
    """

    higher_is_better = False
    unit = ""
    format = ".4f"

    def __init__(
        self,
        scale: int,
        network: Network = "squeezenet1_0",
        weights: str = "imagenet",
        border: int | None = 0,
    ) -> None:
        self.comparison = Comparison("rgb", scale if border is None else border)
        self.taps = TAPS[network]
        self.layers = load_features(network, weights)
        self.protocol = f"Feature distance, {network} ({Path(weights).name}), {self.comparison}"

    @torch.no_grad()
    def __call__(self, sr: Tensor, hr: Tensor) -> float:
        """Distance between two uint8 images (C, H, W); `DataError` where they cannot be compared."""
        pair = torch.cat(rgb_pair(sr, hr, self.comparison))  # (2, 3, H, W)
        height, width = pair.shape[-2:]
        if min(height, width) < SMALLEST:
            raise DataError(
                f"The feature distance needs at least {SMALLEST}x{SMALLEST} pixels inside the border of "
                f"{self.comparison.border}; this image has {width}x{height} there."
            )
        with exactly():
            return sum(unit_distance(features) for features in self.features(pair))

    def features(self, images: Tensor) -> Iterator[Tensor]:
        """The tapped maps of RGB images in [0, 1], (B, 3, H, W), one layer after another."""
        mean, std = (images.new_tensor(values).view(3, 1, 1) for values in (MEAN, STD))
        x = (images - mean) / std
        for index, layer in enumerate(self.layers.to(images.device)):
            x = layer(x)
            if index in self.taps:
                yield x


def unit_distance(features: Tensor) -> float:
    """Squared distance of the pair (2, C, h, w) after scaling to unit length over C, mean over h and w."""
    first, second = nn.functional.normalize(features, dim=1, eps=1e-10)
    return (first - second).square().sum(0).mean().item()


def load_features(network: Network, weights: str) -> nn.Sequential:
    """The convolutional part of torchvision's network, frozen, with these weights.

    Raises:
        WeightsError: the weights cannot be had or do not fit the network.
    """
    from torchvision.models import get_model, get_model_weights

    try:
        if weights == "imagenet":
            state = get_model_weights(network)["IMAGENET1K_V1"].get_state_dict(progress=False, check_hash=True)
        else:
            state = torch.load(weights, map_location="cpu", weights_only=True)
        state = {name.removeprefix("features."): value for name, value in state.items() if name.startswith("features.")}
        with torch.device("meta"):  # no memory and no time for weights that are replaced at once
            layers = get_model(network, weights=None).get_submodule("features")
        layers.load_state_dict(state, assign=True)
    except Exception as error:  # noqa: BLE001  downloads, pickles and state dicts fail in many ways
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(
            f"The feature distance cannot load weights '{weights}' into {network}: {reason} "
            "Expected: imagenet, which downloads them, or the path of a file in torchvision's layout."
        ) from None
    assert isinstance(layers, nn.Sequential)
    return layers.requires_grad_(False).eval()
