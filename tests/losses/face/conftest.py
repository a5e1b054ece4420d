"""Faces to compare, and a landmark network small enough for exact tests."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from gansr.data.sets.landmarks import crop_face, face_box, read_landmarks
from gansr.models import weights as files
from gansr.models.features.fan import FAN


class Faces(NamedTuple):
    """Photos (B, 3, 64, 64) in [0, 1], their 68 points (B, 68, 2), and the weights of a network that knows them."""

    images: Tensor
    points: Tensor
    weights: str


@pytest.fixture(scope="session")
def faces(shared: Path) -> Faces:
    """Twelve real faces, each in a crop 1.3 times the box around its landmarks."""
    folder = shared / "data" / "FaceLandmarks69"
    images, points = [], []
    for name, place in list(read_landmarks(folder / "face_landmarks.csv").items())[:12]:
        with Image.open(folder / name) as photo:
            pixels, inside = crop_face(np.array(photo.convert("RGB")), place, face_box(place), 64)
        images.append(torch.from_numpy(pixels).permute(2, 0, 1) / 255)
        points.append(torch.from_numpy(inside))
    return Faces(torch.stack(images), torch.stack(points), str(shared / "weights" / "fan_small_68.pt"))


@pytest.fixture(scope="session")
def tiny_fan(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of a random FAN with two stacks and 3 landmarks that expects 16x16 pixels."""
    torch.manual_seed(0)
    network = FAN(stacks=2, features=8, depth=1, landmarks=3)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -0.5, 0.5)
            nn.init.uniform_(layer.running_var, 0.2, 1.0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    files.write(path, network.state_dict(), {"input_size": "16"})
    return str(path)
