"""The frozen classifier whose maps compare images by content."""

import math
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from gansr.errors import OptionsError, WeightsError, choices_hint
from gansr.models import weights as files

CONVOLUTIONS = {16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Depth -> convolutions in each of the five blocks (Simonyan and Zisserman 2015, table 1, D and E)."""

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's red, green and blue in [0, 1]: what torchvision's weights expect to be normalised by."""


class VGG(nn.Module):
    """Maps of VGG-16 or VGG-19, frozen (Simonyan and Zisserman 2015).

    (B, 3, H, W) in [0, 1] -> {name: map} for each of `layers`: conv1_1 ... conv5_4 before the ReLU, relu1_1
    ... relu5_4 after it, pool1 ... pool5. Nothing after the last of them is computed. `weights` is
    "imagenet" (torchvision downloads them), "random" (He's initialisation, the same each time), or the path
    of a file with torchvision's names that covers at least these layers. Gradients reach the image, never
    the weights. Raises OptionsError for an unknown layer, WeightsError for weights that are not there.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        depth: Literal[16, 19] = 19,
        layers: Sequence[str] = ("conv5_4",),
        weights: str = "imagenet",
    ) -> None:
        super().__init__()
        names = layer_names(depth)
        check_layers(depth, layers, names)
        self.layers = tuple(layers)
        self.names = names[: 1 + max(names.index(layer) for layer in layers)]
        self.register_buffer("mean", torch.tensor(MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(3, 1, 1), persistent=False)
        # Built without values, so that no random numbers are drawn only to be overwritten.
        with torch.device("meta"):
            self.features = make_features(self.names, tapped=self.layers)
        self.features.to_empty(device=self.mean.device)
        self.requires_grad_(False)
        self.train()
        self._fill(depth, weights)

    def _fill(self, depth: int, weights: str) -> None:
        if weights == "random":
            fill_randomly(self.features)
        elif weights != "imagenet":
            self._load(files.read(weights).state, where=weights)
        elif not self.mean.is_meta:
            self._load(download(depth), where="torchvision's weights")

    def _load(self, state: Mapping[str, Tensor], where: str) -> None:
        """Take the layers needed from a state that may hold more."""
        own = {f"features.{name}": parameter for name, parameter in self.features.named_parameters()}
        covered = [name for name in own if name in state and state[name].shape == own[name].shape]
        if missing := [name for name in own if name not in covered]:
            lacking, there = self._layers_of(missing), self._layers_of(covered)
            raise WeightsError(
                f"{where}: no weights for {', '.join(lacking)} ({missing[0]} is absent or of another "
                f"shape). Of the layers needed it covers {', '.join(there) or 'none'}."
            )
        if not self.mean.is_meta:
            self.load_state_dict({name: state[name] for name in own})

    def _layers_of(self, parameters: Sequence[str]) -> list[str]:
        """features.0.weight, features.0.bias, features.2.weight -> conv1_1, conv1_2."""
        return list(dict.fromkeys(self.names[int(name.split(".")[1])] for name in parameters))

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """(B, 3, H, W) in [0, 1] -> {name of layer: (B, C, H / 2^k, W / 2^k)}."""
        x = (image - self.mean) / self.deviation
        maps = {}
        for name, layer in zip(self.names, self.features, strict=True):
            x = layer(x)
            if name in self.layers:
                maps[name] = x
        return maps

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode, whatever is asked."""
        return super().train(False)


def layer_names(depth: int) -> list[str]:
    """conv1_1, relu1_1, ..., pool5: in the order, and so with the numbers, of torchvision's `features`."""
    names = []
    for block, convolutions in enumerate(CONVOLUTIONS[depth], start=1):
        for convolution in range(1, convolutions + 1):
            names += [f"conv{block}_{convolution}", f"relu{block}_{convolution}"]
        names.append(f"pool{block}")
    return names


def check_layers(depth: int, layers: Sequence[str], names: Sequence[str]) -> None:
    """Raise OptionsError unless each layer has a known name, and there is one."""
    for layer in layers:
        if layer not in names:
            raise OptionsError(f"layers: VGG-{depth} has no '{layer}'. {choices_hint(layer, names)}")
    if not layers:
        raise OptionsError(f"layers: name at least one layer of VGG-{depth}, for example conv5_4.")


def make_features(names: Sequence[str], tapped: Sequence[str]) -> nn.Sequential:
    """The layers, without values. A ReLU works in place unless the map before it is wanted."""
    layers: list[nn.Module] = []
    inputs = 3
    for index, name in enumerate(names):
        if name.startswith("conv"):
            outputs = min(64 * 2 ** (int(name[4]) - 1), 512)
            layers.append(nn.Conv2d(inputs, outputs, 3, padding=1))
            inputs = outputs
        elif name.startswith("relu"):
            layers.append(nn.ReLU(inplace=names[index - 1] not in tapped))
        else:
            layers.append(nn.MaxPool2d(2, 2))
    return nn.Sequential(*layers)


@torch.no_grad()
def fill_randomly(features: nn.Sequential) -> None:
    """He's normal initialisation from a generator of its own, on the CPU: every device gets the same."""
    generator = torch.Generator("cpu").manual_seed(0)
    for layer in features:
        if isinstance(layer, nn.Conv2d):
            values = torch.randn(layer.weight.shape, generator=generator, device="cpu")
            layer.weight.copy_(values * math.sqrt(2 / layer.weight[0].numel()))
            nn.init.zeros_(layer.bias)  # pyright: ignore[reportArgumentType]


def download(depth: int) -> Mapping[str, Any]:
    """ImageNet's weights from torchvision, which keeps them in torch's cache."""
    from torchvision.models import VGG16_Weights, VGG19_Weights

    source = {16: VGG16_Weights, 19: VGG19_Weights}[depth].IMAGENET1K_V1
    try:
        return source.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError, HTTPException) as error:
        raise WeightsError(
            f"The weights of VGG-{depth} could not be downloaded ({error}): download {source.url} on a "
            "machine that can, and give the path of that file as `weights`."
        ) from error
