"""Facial landmarks: networks that draw a heatmap for each, the files they come in, and the points they mean."""

import hashlib
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.errors import OptionsError, WeightsError
from gansr.models import weights as files
from gansr.models.features.fan import FAN, fan_of, filled, on_meta, randomly
from gansr.models.features.precision import without_autocast

OUTER_EYES = (36, 45)
"""The outer corners of both eyes in the order of 300-W's 68 points."""

HASH = re.compile(r"-([0-9a-f]{10})\.(?:pth|pt|safetensors)")
"""Published names end in the first ten digits of the file's SHA-256, as PyTorch's hub does it."""


class LandmarkNet(nn.Module):
    """A small network without pooling that draws 68 facial landmarks at the size of its input.

    (B, 3, H, W) RGB in [0, 1] -> one heatmap tensor (B, landmarks, H, W), in a tuple as FAN gives it. Meant for
    faces some 30 pixels across: a crop of `input_size` 40 that is 1.3 times as large as the box around the points.
    """

    def __init__(self, landmarks: int = 68) -> None:
        super().__init__()
        self.input_size = 40
        self.conv = nn.Conv2d(3, 32, 5, padding=2)
        layers: list[nn.Module] = []
        for inputs, outputs in ((32, 64), (64, 128), (128, 128)):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.01)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(128, landmarks, 3, padding=1), nn.LeakyReLU(0.01))

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """(B, 3, H, W) in [0, 1] -> heatmaps (B, landmarks, H, W)."""
        return (self.layers(self.conv(image)),)


class LandmarkHeatmaps(nn.Module):
    """A landmark network as losses look through it: whole face images of any size and precision.

    (B, 3, H, W) RGB in [0, 1], one face framed as the network knows it -> {"stack1": heatmaps, ..., "last":
    heatmaps}, (B, landmarks, h, w) each. Images are resized (bicubic, antialiased) to the square that the network
    was trained on, and the network computes in its own precision whatever autocast says.
    """

    def __init__(self, network: FAN | LandmarkNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """(B, 3, H, W) -> {stack: (B, landmarks, h, w)}; "last" is the best of them once more."""
        size = (self.network.input_size, self.network.input_size)
        with without_autocast(image):
            image = image.to(next(self.network.parameters()).dtype)
            if image.shape[-2:] != size:
                image = F.interpolate(image, size=size, mode="bicubic", align_corners=False, antialias=True)
            heatmaps = self.network(image)
        return {f"stack{number}": one for number, one in enumerate(heatmaps, start=1)} | {"last": heatmaps[-1]}


def landmark_network(weights: str) -> FAN | LandmarkNet:
    """The network that a file of weights belongs to, a FAN of any size or the small `LandmarkNet`, by its names.

    A safetensors file may carry `input_size` as metadata, for a FAN that was trained on other than 256 pixels.
    Nothing is ever downloaded: the published weights were trained on data with research terms.

    Args:
        weights: path of a plain state dict (.pth.tar, .pth, .pt, .safetensors), or "random": a FAN of one stack.
            On the meta device a file that is not there is taken for the published FAN of four stacks

    Raises:
        WeightsError: no such file, a damaged download, or weights of another kind of network.
    """
    if weights == "random":
        return _known(randomly(partial(FAN, stacks=1)))
    path = Path(weights)
    if on_meta() and not path.is_file():
        return FAN()
    state, metadata = read_state(path)
    if "conv.weight" in state and "layers.9.weight" in state:
        landmarks = state["layers.9.weight"].shape[0]
        return _known(filled(partial(LandmarkNet, landmarks), state, weights))
    if "conv1.conv.weight" in state:
        raise WeightsError(
            f"{weights}: this is the FAN with coordinate channels (98 points and a boundary, facexlib's), which "
            "is not supported. Give a plain FAN, for example 2DFAN4-11f355bf06.pth.tar."
        )
    try:
        make = partial(fan_of, state, int(metadata.get("input_size", 256)))
        return _known(filled(make, state, weights))
    except (LookupError, ValueError, OptionsError):
        names = ", ".join(list(state)[:3])
        raise WeightsError(
            f"{weights}: these are not weights of a landmark network (the first are {names}). Known are FAN, for "
            "example 2DFAN4-11f355bf06.pth.tar, and the small network with conv.weight and layers.0.weight."
        ) from None


def _known(network: nn.Module) -> FAN | LandmarkNet:
    assert isinstance(network, FAN | LandmarkNet)
    return network


def read_state(path: Path) -> tuple[Mapping[str, Tensor], Mapping[str, str]]:
    """Weights and metadata of a file that may end in .pth.tar, checked against the digits in its name.

    Raises WeightsError for what `gansr.models.weights.read` refuses, for TorchScript, and for a file whose SHA-256
    does not begin as its name says.
    """
    if path.suffix == ".zip":
        raise WeightsError(
            f"{path}: this is TorchScript, a program with weights inside. Give the plain weights instead, "
            "2DFAN4-11f355bf06.pth.tar."
        )
    if not path.is_file():
        raise WeightsError(
            f"{path}: there is no such file of weights. gansr does not download weights of face networks, whose terms "
            "often allow research only: get the file from its authors, or train a network of your own."
        )
    check_hash(path)
    if path.suffix != ".tar":
        content = files.read(path)
        return content.state, content.metadata
    content, metadata = files.read_pickle(path)  # .pth.tar was a custom of the time; it is no archive
    return {files.unwrapped(name): value for name, value in files.tensors(path, content).items()}, metadata


def check_hash(path: Path) -> None:
    """Raise WeightsError if the name carries digits of a SHA-256 that is not the file's."""
    if match := HASH.search(path.name):
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if not found.startswith(match[1]):
            raise WeightsError(
                f"{path}: damaged or cut short: its SHA-256 should begin with {match[1]}, as the name says, and "
                f"begins with {found[:10]}. Download it again."
            )


@torch.no_grad()
def landmarks(heatmaps: Tensor, height: int, width: int, radius: int = 2) -> Tensor:
    """Where the heatmaps' peaks are, in pixels of the image they were made of.

    The centre of what is positive within `radius` of the highest value, so finer than a pixel of the heatmap.

    Args:
        heatmaps: (B, N, h, w), of an image resized from (height, width), or of the image itself
        height: of the image, in pixels
        width: of the image, in pixels
        radius: in pixels of the heatmap; 0: the highest value's own place

    Returns:
        (B, N, 2): x from the left, y from the top. The first pixel's centre is (0, 0).
    """
    rows, columns = heatmaps.shape[-2:]
    place = heatmaps.flatten(2).argmax(2)[..., None, None]  # (B, N, 1, 1)
    y = torch.arange(rows, device=heatmaps.device)[:, None]
    x = torch.arange(columns, device=heatmaps.device)
    distance = torch.maximum((y - place // columns).abs(), (x - place % columns).abs())
    near = heatmaps.float().clamp(min=0) * (distance <= radius)
    near = torch.where(near.sum((2, 3), keepdim=True) > 0, near, (distance == 0).float())  # nothing is positive
    total = near.sum((2, 3))
    found_x, found_y = (near * x).sum((2, 3)) / total, (near * y).sum((2, 3)) / total
    return torch.stack([(found_x + 0.5) * width / columns - 0.5, (found_y + 0.5) * height / rows - 0.5], dim=2)


def normalised_mean_error(found: Tensor, wanted: Tensor, by: Literal["outer_eyes", "box"] = "outer_eyes") -> Tensor:
    """Mean distance of landmarks from where they are, as a share of the face's size: the NME of face alignment.

    Args:
        found: (B, N, 2)
        wanted: (B, N, 2)
        by: the face's size: distance between the outer corners of the eyes (68 points as in 300-W), or the root of
            the area of the box around the points (as in Bulat and Tzimiropoulos 2017)

    Returns:
        (B,), one number for each face.

    Raises:
        OptionsError: `outer_eyes` for other than 68 points.
    """
    distances = (found - wanted).norm(dim=2).mean(1)
    if by == "box":
        sides = wanted.amax(1) - wanted.amin(1)
        return distances / sides.prod(1).sqrt()
    if wanted.shape[1] != 68:
        raise OptionsError(f"by: outer_eyes is defined for 68 points, and here are {wanted.shape[1]}; use box.")
    left, right = (wanted[:, corner] for corner in OUTER_EYES)
    return distances / (left - right).norm(dim=1)
