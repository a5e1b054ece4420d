"""The Inception network that FID and KID are defined with."""

from collections.abc import Iterator, Sequence
from http.client import HTTPException
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.errors import WeightsError
from gansr.models import weights as files
from gansr.models.features.filling import Slots, fill_randomly

URL = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"
"""TensorFlow's Inception of 2015-12-05 as PyTorch weights, Apache-2.0; pytorch-fid's file has the same names."""

SIDE = 299
"""Pixels of the square that images are resized to."""

FEATURES = 2048


class Step(NamedTuple):
    """A convolution of a block: by name, as files have it."""

    name: str
    outputs: int
    kernel: int | tuple[int, int] = 1
    stride: int = 1


Chain = tuple[str | Step | tuple[Step, Step], ...]  # "mean" and "max" are pooling; a pair stands side by side


def block_a(pooled: int) -> list[Chain]:
    """At 35x35 pixels."""
    return [
        (Step("branch1x1", 64),),
        (Step("branch5x5_1", 48), Step("branch5x5_2", 64, 5)),
        (Step("branch3x3dbl_1", 64), Step("branch3x3dbl_2", 96, 3), Step("branch3x3dbl_3", 96, 3)),
        ("mean", Step("branch_pool", pooled)),
    ]


def block_c(inner: int) -> list[Chain]:
    """At 17x17 pixels."""
    wide, high = (1, 7), (7, 1)
    return [
        (Step("branch1x1", 192),),
        (Step("branch7x7_1", inner), Step("branch7x7_2", inner, wide), Step("branch7x7_3", 192, high)),
        (
            Step("branch7x7dbl_1", inner),
            Step("branch7x7dbl_2", inner, high),
            Step("branch7x7dbl_3", inner, wide),
            Step("branch7x7dbl_4", inner, high),
            Step("branch7x7dbl_5", 192, wide),
        ),
        ("mean", Step("branch_pool", 192)),
    ]


def block_e(pooling: str) -> list[Chain]:
    """At 8x8 pixels; the last one has a maximum where the other has a mean, as TensorFlow's network of that day."""
    wide, high = (1, 3), (3, 1)
    return [
        (Step("branch1x1", 320),),
        (Step("branch3x3_1", 384), (Step("branch3x3_2a", 384, wide), Step("branch3x3_2b", 384, high))),
        (
            Step("branch3x3dbl_1", 448),
            Step("branch3x3dbl_2", 384, 3),
            (Step("branch3x3dbl_3a", 384, wide), Step("branch3x3dbl_3b", 384, high)),
        ),
        (pooling, Step("branch_pool", 192)),
    ]


BLOCKS: dict[str, list[Chain]] = {
    "Mixed_5b": block_a(32),
    "Mixed_5c": block_a(64),
    "Mixed_5d": block_a(64),
    "Mixed_6a": [
        (Step("branch3x3", 384, 3, 2),),
        (Step("branch3x3dbl_1", 64), Step("branch3x3dbl_2", 96, 3), Step("branch3x3dbl_3", 96, 3, 2)),
        ("halving",),
    ],
    "Mixed_6b": block_c(128),
    "Mixed_6c": block_c(160),
    "Mixed_6d": block_c(160),
    "Mixed_6e": block_c(192),
    "Mixed_7a": [
        (Step("branch3x3_1", 192), Step("branch3x3_2", 320, 3, 2)),
        (
            Step("branch7x7x3_1", 192),
            Step("branch7x7x3_2", 192, (1, 7)),
            Step("branch7x7x3_3", 192, (7, 1)),
            Step("branch7x7x3_4", 192, 3, 2),
        ),
        ("halving",),
    ],
    "Mixed_7b": block_e("mean"),
    "Mixed_7c": block_e("max"),
}
"""Name of a block -> its branches (Szegedy et al. 2016, "Rethinking the Inception architecture", figures 5 to 7)."""

STEM: list[tuple[Step, int] | None] = [
    (Step("Conv2d_1a_3x3", 32, 3, 2), 0),
    (Step("Conv2d_2a_3x3", 32, 3), 0),
    (Step("Conv2d_2b_3x3", 64, 3), 1),
    None,
    (Step("Conv2d_3b_1x1", 80), 0),
    (Step("Conv2d_4a_3x3", 192, 3), 0),
    None,
]
"""Convolutions with their padding; None halves."""


class Inception(nn.Module):
    """Inception v3 as FID has it, frozen: uint8 RGB patches (N, 3, h, w) -> features (N, 2048).

    TensorFlow's classifier of 2015-12-05 (Heusel et al. 2017 use it), not torchvision's: means do not count the
    padding, and the last block takes a maximum. Images are resized to 299x299 as TensorFlow 1 did, bilinear from the
    corner and not antialiased. Names of weights are pytorch-fid's and torch-fidelity's.
    """

    def __init__(self) -> None:
        super().__init__()
        inputs = 3
        for entry in STEM:
            if entry is not None:
                step, padding = entry
                self.add_module(step.name, Convolution(inputs, step, padding))
                inputs = step.outputs
        for name, chains in BLOCKS.items():
            block = Block(inputs, chains)
            self.add_module(name, block)
            inputs = block.outputs

    def forward(self, patches: Tensor) -> Tensor:
        """(N, 3, h, w) bytes -> (N, 2048)."""
        x = (resized(patches.to(torch.float32)) - 128) / 128
        for entry in STEM:
            x = F.max_pool2d(x, 3, 2) if entry is None else self.get_submodule(entry[0].name)(x)
        for name in BLOCKS:
            x = self.get_submodule(name)(x)
        return x.mean((2, 3))


class Convolution(nn.Module):
    """Convolution without bias, normalisation, ReLU."""

    def __init__(self, inputs: int, step: Step, padding: int | tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, step.outputs, step.kernel, step.stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(step.outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h', w')."""
        return F.relu(self.bn(self.conv(x)), inplace=True)


class Block(nn.Module):
    """Branches side by side."""

    def __init__(self, inputs: int, chains: Sequence[Chain]) -> None:
        super().__init__()
        self.chains, self.outputs = chains, 0
        for chain in chains:
            width = inputs
            for link in chain:
                if not isinstance(link, str):
                    width = sum(self._add(width, step) for step in _steps(link))
            self.outputs += width

    def _add(self, inputs: int, step: Step) -> int:
        height, width = (step.kernel, step.kernel) if isinstance(step.kernel, int) else step.kernel
        padding = (height // 2, width // 2) if step.stride == 1 else 0
        self.add_module(step.name, Convolution(inputs, step, padding))
        return step.outputs

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h', w')."""
        return torch.cat([self._along(chain, x) for chain in self.chains], dim=1)

    def _along(self, chain: Chain, x: Tensor) -> Tensor:
        for link in chain:
            if isinstance(link, str):
                x = POOLING[link](x)
            else:
                x = torch.cat([self.get_submodule(step.name)(x) for step in _steps(link)], dim=1)
        return x


POOLING = {
    "mean": lambda x: F.avg_pool2d(x, 3, 1, 1, count_include_pad=False),
    "max": lambda x: F.max_pool2d(x, 3, 1, 1),
    "halving": lambda x: F.max_pool2d(x, 3, 2),
}


def _steps(link: Step | tuple[Step, Step]) -> Iterator[Step]:
    yield from ((link,) if isinstance(link, Step) else link)


def resized(images: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, C, 299, 299) as TensorFlow 1 resizes: pixel i looks at i * side / 299, from the corner."""
    for axis in (-2, -1):
        side = images.shape[axis]
        place = torch.arange(SIDE, dtype=torch.float32, device=images.device) * (side / SIDE)
        first = place.long()
        share = (place - first).view(-1, 1) if axis == -2 else place - first
        one, other = images.index_select(axis, first), images.index_select(axis, (first + 1).clamp(max=side - 1))
        images = one + (other - one) * share
    return images


def inception(weights: str) -> Inception:
    """The network, frozen, with these weights.

    Args:
        weights: published (a download), random (the same each time), or the path of pytorch-fid's or torch-fidelity's
            file

    Raises:
        WeightsError: the weights cannot be had or do not fit.
    """
    with torch.device("meta"):  # no random numbers are drawn only to be overwritten
        network = Inception()
    network.to_empty(device="cpu")
    if weights == "random":
        fill_randomly(network.modules())
    else:
        state = _download() if weights == "published" else files.read(weights).raw
        own = {name: value for name, value in network.state_dict().items() if "num_batches" not in name}
        Slots(own, lambda name: name.split(".")[0]).take(state, where=weights)
    return network.requires_grad_(False).eval()


def _download() -> dict[str, Tensor]:
    try:
        return torch.hub.load_state_dict_from_url(URL, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, HTTPException) as error:
        raise WeightsError(
            f"The weights of FID's Inception could not be downloaded ({error}): download {URL} on a machine that can, "
            "and give the path of that file as `weights`."
        ) from error
