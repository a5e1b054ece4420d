"""LPIPS: distances of unit-length features, weighted by what people found different."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from gansr.errors import WeightsError
from gansr.models import weights as files
from gansr.models.features.lens import Lens, Lenses
from gansr.models.features.networks import lens
from gansr.models.features.precision import at_least_single

Network = Literal["alex", "vgg", "squeeze"]

EPS = 1e-8
"""Inside the root of a feature's length."""

Channels = dict[str, int]  # layer -> how many channels its map has

TAPS: dict[str, tuple[str, Channels]] = {
    "alex": ("alexnet", {"relu1": 64, "relu2": 192, "relu3": 384, "relu4": 256, "relu5": 256}),
    "vgg": ("vgg16", {"relu1_2": 64, "relu2_2": 128, "relu3_3": 256, "relu4_3": 512, "relu5_3": 512}),
    "squeeze": (
        "squeezenet1_1",
        {"relu1": 64, "fire3": 128, "fire5": 256, "fire6": 384, "fire7": 384, "fire8": 512, "fire9": 512},
    ),
}
"""LPIPS's name of a network -> ours, and the layers that it compares."""


class LPIPS(nn.Module):
    """Sum over layers of the weighted squared distance of unit-length features, averaged over places and batch.

    Args:
        lens: the network; has all `layers`
        layers: whose maps are compared
        heads: for each layer the weight of each channel, (1, C, 1, 1)
    """

    def __init__(self, lens: Lens, layers: Sequence[str], heads: Sequence[Tensor]) -> None:
        super().__init__()
        self.lens = lens.need(layers)
        self.layers = tuple(layers)
        for layer, head in zip(layers, heads, strict=True):
            self.register_buffer(f"head_{layer}", head, persistent=False)

    def forward(self, sr: Tensor, target: Tensor) -> Tensor:
        """Distance of `sr` to `target`, (B, 3, H, W) both; no gradient reaches `target`."""
        found, wanted = self.lens.pair(sr, target)
        distances = [
            (getattr(self, f"head_{layer}") * (unit(found[layer]) - unit(wanted[layer])).square()).sum(1).mean()
            for layer in self.layers
        ]
        return torch.stack(distances).sum()


def unit(features: Tensor) -> Tensor:
    """Every place's vector of features (B, C, H, W), scaled to length 1; zero stays zero, with a finite slope."""
    features = at_least_single(features)
    return features * (features.square().sum(1, keepdim=True) + EPS).rsqrt()


def lpips_network(network: Network, weights: str, heads: str, lenses: Lenses | None = None) -> LPIPS:
    """LPIPS, version 0.1, Zhang et al. 2018, Eq. 1 as released.

    The learnt heads are the files that torchmetrics carries. Its own LPIPS is not used: it can only download its
    backbone and shares it with nobody. The length of a feature is sqrt(|f|^2 + 1e-8) as there; the first release
    has |f| + 1e-10, whose gradient is not finite where all features are 0.

    Args:
        network: alex, vgg (VGG-16) or squeeze (SqueezeNet 1.1)
        weights: imagenet (torchvision's download), random, or the path of a file in torchvision's layout
        heads: learnt, ones (every channel counts 1: the paper's unlearnt baseline), or the path of a file of heads
        lenses: shares the network with others

    Raises:
        WeightsError: weights or heads cannot be had or do not fit.
    """
    backbone, channels = TAPS[network]
    made = read_heads(heads, network, channels)
    return LPIPS(lens(lenses, backbone, weights), list(channels), made)


def read_heads(heads: str, network: str, channels: Channels) -> list[Tensor]:
    """The weights of channels, (1, C, 1, 1) for each layer, on the default device.

    Raises:
        WeightsError: there is no such file, or it holds other heads.
    """
    if heads == "ones":
        return [torch.ones(1, count, 1, 1) for count in channels.values()]
    path = package_file(f"lpips_models/{network}.pth") if heads == "learnt" else Path(heads)
    state = files.read(path).state
    made = []
    for number, (layer, count) in enumerate(channels.items()):
        name, shape = f"lin{number}.model.1.weight", (1, count, 1, 1)
        head = state.get(name)
        if head is None or head.shape != shape:
            found = "is absent" if head is None else f"has the shape {list(head.shape)}"
            raise WeightsError(
                f"{path}: these are not the heads of LPIPS for network '{network}': {name}, the weights of "
                f"{layer}, {found}; expected {list(shape)}."
            )
        made.append(head.to(torch.get_default_device()))
    return made


def package_file(name: str) -> Path:
    """A file beside torchmetrics' functional image metrics, found without importing it, which takes a second."""
    spec = find_spec("torchmetrics")
    assert spec is not None and spec.submodule_search_locations, "a dependency of this package"
    return Path(spec.submodule_search_locations[0]) / "functional" / "image" / name
