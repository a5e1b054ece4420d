import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from gansr.data.sets.landmarks import crop_face, face_box, heatmaps, read_landmarks
from gansr.errors import OptionsError, WeightsError
from gansr.models import weights as files
from gansr.models.features.fan import FAN
from gansr.models.features.landmark_net import (
    LandmarkHeatmaps,
    LandmarkNet,
    landmark_network,
    landmarks,
    normalised_mean_error,
)


def small_fan(**more: int) -> FAN:
    torch.manual_seed(0)
    return FAN(**({"stacks": 2, "features": 8, "depth": 1, "landmarks": 3} | more))


def test_the_shared_network_finds_real_landmarks(shared: Path):
    """Over 40 photos the median error of all points is 0.076 of the outer-eye distance; guessing gives far more."""
    folder = shared / "data" / "FaceLandmarks69"
    network = landmark_network(str(shared / "weights" / "fan_small_68.pt")).eval()
    assert isinstance(network, LandmarkNet) and network.input_size == 40
    images, points = [], []
    for name, place in list(read_landmarks(folder / "face_landmarks.csv").items())[:40]:
        with Image.open(folder / name) as photo:
            pixels, inside = crop_face(np.array(photo.convert("RGB")), place, face_box(place), 40)
        images.append(torch.from_numpy(pixels).permute(2, 0, 1) / 255)
        points.append(torch.from_numpy(inside))
    wanted = torch.stack(points)
    with torch.no_grad():
        found = landmarks(network(torch.stack(images))[0], 40, 40)
    eyes = (wanted[:, 36] - wanted[:, 45]).norm(dim=1)[:, None]
    assert ((found - wanted).norm(dim=2) / eyes).median() < 0.16
    error = normalised_mean_error(found, wanted)
    assert error.mean() < 0.25
    guess = wanted.mean(0, keepdim=True).expand_as(wanted)
    assert error.median() < 0.6 * normalised_mean_error(guess, wanted).median()


@pytest.mark.parametrize("ending", [".pth.tar", ".pth", ".pt"])
def test_a_fan_of_any_size_is_known_by_its_weights(tmp_path: Path, ending: str):
    network = small_fan()
    path = tmp_path / f"mine{ending}"
    torch.save({"state_dict": {f"module.{name}": value for name, value in network.state_dict().items()}}, path)
    found = landmark_network(str(path))
    assert isinstance(found, FAN) and found.input_size == 256
    assert all(torch.equal(value, found.state_dict()[name]) for name, value in network.state_dict().items())


def test_a_safetensors_file_may_say_its_input_size(tmp_path: Path):
    files.write(tmp_path / "mine.safetensors", small_fan().state_dict(), {"input_size": "64"})
    assert landmark_network(str(tmp_path / "mine.safetensors")).input_size == 64


def test_digits_in_the_name_are_checked(tmp_path: Path):
    torch.save(small_fan().state_dict(), tmp_path / "fan.pth.tar")
    content = (tmp_path / "fan.pth.tar").read_bytes()
    right = tmp_path / f"2DFAN2-{hashlib.sha256(content).hexdigest()[:10]}.pth.tar"
    right.write_bytes(content)
    assert isinstance(landmark_network(str(right)), FAN)
    wrong = tmp_path / "2DFAN4-11f355bf06.pth.tar"
    wrong.write_bytes(content)
    with pytest.raises(WeightsError, match="damaged or cut short: its SHA-256 should begin with 11f355bf06"):
        landmark_network(str(wrong))


def test_torchscript_is_refused_by_the_right_files_name(tmp_path: Path):
    path = tmp_path / "2DFAN4-cd938726ad.zip"
    path.write_bytes(b"PK")
    with pytest.raises(WeightsError, match=r"TorchScript.*2DFAN4-11f355bf06\.pth\.tar"):
        landmark_network(str(path))


def test_other_weights_are_refused(tmp_path: Path):
    with pytest.raises(WeightsError, match=r"there is no such file of weights\. gansr does not download"):
        landmark_network(str(tmp_path / "gone.pth.tar"))
    strangers = {
        "awing.pth": ({"conv1.conv.weight": torch.zeros(2)}, "coordinate channels"),
        "linear.pth": (torch.nn.Linear(2, 2).state_dict(), "not weights of a landmark network .the first are weight"),
        "odd.pth": ({"l0.weight": torch.zeros(68, 12, 1, 1)}, "not weights of a landmark network"),
        "almost.pth": ({k: v for k, v in small_fan().state_dict().items() if k != "al0.bias"}, "1 missing .al0.bias"),
    }
    for name, (state, message) in strangers.items():
        torch.save(state, tmp_path / name)
        with pytest.raises(WeightsError, match=message):
            landmark_network(str(tmp_path / name))


def test_meta_device(tmp_path: Path):
    """Without a file the published network stands in; with one its own shapes count."""
    torch.save(small_fan().state_dict(), tmp_path / "mine.pth")
    with torch.device("meta"):
        absent = landmark_network(str(tmp_path / "gone.pth.tar"))
        mine = landmark_network(str(tmp_path / "mine.pth"))
        maps = LandmarkHeatmaps(mine)(torch.empty(2, 3, 33, 41))
    assert isinstance(absent, FAN) and absent.stacks == 4
    assert mine.conv1.weight.shape == (2, 3, 7, 7) and mine.conv1.weight.is_meta
    assert {name: one.shape for name, one in maps.items()} == dict.fromkeys(
        ("stack1", "stack2", "last"), (2, 3, 64, 64)
    )


def test_images_are_resized_and_computed_in_full_precision(fill):
    network = fill(small_fan(input_size=32)).eval()
    view = LandmarkHeatmaps(network)
    image = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    expected = network(image)
    torch.testing.assert_close(view(image)["stack1"], expected[0])
    assert torch.equal(view(image)["last"], view(image)["stack2"])
    half = image.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        found = view(half)["last"]
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, network(half.float())[1])
    assert view(torch.rand(2, 3, 51, 17))["last"].shape == (2, 3, 8, 8)


def test_landmarks_lie_between_pixels():
    wanted = torch.tensor([[[10.0, 31.0], [40.25, 22.75], [20.4, 55.6]], [[5.0, 5.0], [50.0, 8.0], [33.3, 44.4]]])
    maps = heatmaps(wanted, 64, 64, 0.8)
    torch.testing.assert_close(landmarks(maps, 64, 64), wanted, atol=0.15, rtol=0)
    whole = landmarks(maps, 64, 64, radius=0)
    torch.testing.assert_close(whole, wanted.round())


def test_landmarks_are_in_pixels_of_the_image():
    """Heatmaps of 4x8 for an image of 16x64: a cell is 4 pixels high and 8 wide."""
    maps = torch.zeros(1, 2, 4, 8)
    maps[0, 0, 0, 0] = maps[0, 1, 2, 5] = 1
    expected = torch.tensor([[[3.5, 1.5], [43.5, 9.5]]])
    torch.testing.assert_close(landmarks(maps, 16, 64), expected)
    torch.testing.assert_close(landmarks(maps - 3, 16, 64), expected, msg="also where nothing is positive")


def face(*moves: float) -> Tensor:
    points = torch.zeros(1, 68, 2)
    points[0, 45] = torch.tensor([30.0, 40.0])
    return points + torch.tensor(moves)


def test_normalised_mean_error_by_hand():
    """All points off by (3, 4), so by 5; the eyes are 50 apart, and the box is 30x40."""
    torch.testing.assert_close(normalised_mean_error(face(3, 4), face(0)), torch.tensor([0.1]))
    torch.testing.assert_close(normalised_mean_error(face(3, 4), face(0), "box"), torch.tensor([5 / 1200**0.5]))
    with pytest.raises(OptionsError, match="defined for 68 points, and here are 5"):
        normalised_mean_error(torch.zeros(1, 5, 2), torch.ones(1, 5, 2))
