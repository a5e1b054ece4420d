from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torch import Tensor, nn
from torch.nn import functional as F

from gansr.data.sets.landmarks import crop_face, face_box, read_landmarks
from gansr.errors import DataError, OptionsError, WeightsError
from gansr.metrics.faces.identity import IdentityDistance
from gansr.metrics.faces.landmark_error import LandmarkError
from gansr.models.features.arcface import ArcFace


@pytest.fixture(scope="module")
def faces(shared: Path) -> list[Tensor]:
    """Crops of three faces, uint8 (3, 80, 80), framed as the small network knows them."""
    folder = shared / "data" / "FaceLandmarks69"
    found = []
    for name, place in list(read_landmarks(folder / "face_landmarks.csv").items())[:3]:
        with Image.open(folder / name) as photo:
            pixels, _ = crop_face(np.array(photo.convert("RGB")), place, face_box(place), 80)
        found.append(torch.from_numpy(pixels).permute(2, 0, 1))
    return found


@pytest.fixture(scope="module")
def metric(shared: Path) -> LandmarkError:
    return LandmarkError(str(shared / "weights" / "fan_small_68.pt"), gate=0)


def blurred(image: Tensor, radius: float) -> Tensor:
    photo = Image.fromarray(image.permute(1, 2, 0).numpy()).filter(ImageFilter.GaussianBlur(radius))
    return torch.tensor(np.asarray(photo)).permute(2, 0, 1)


def test_landmarks_of_real_faces(metric: LandmarkError, faces: list[Tensor]) -> None:
    slight, strong = (np.mean([metric(blurred(face, radius), face) for face in faces]) for radius in (0.7, 6))
    assert all(metric(face, face) == 0 for face in faces)
    assert 0 < slight < 0.5 * strong
    assert metric(faces[1], faces[0]) > slight


class Drawn(nn.Module):
    """Heatmaps of 68 points, one pixel high and wide, at places that the image's first channel tells."""

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        maps = torch.zeros(len(image), 68, 20, 20)
        for one, shift in enumerate((255 * image[:, 0, 0, 0]).round().long().tolist()):
            maps[one, :, 10, 10] = 1.0
            maps[one, 36, 10, 10] = maps[one, 45, 10, 10] = 0
            maps[one, 36, 4, 3], maps[one, 45, 4, 13] = 1.0, 1.0
            maps[one, 30, 10, 10], maps[one, 30, 10, 10 + shift] = 0, 1.0
        return {"last": maps}


def test_error_by_hand() -> None:
    metric = LandmarkError("random", gate=0.2)
    metric.network = Drawn()  # pyright: ignore[reportAttributeAccessIssue]
    hr = torch.zeros(3, 40, 40, dtype=torch.uint8)
    sr = hr.clone()
    sr[0] = 5
    # One of 68 points is off by 5 pixels of the heatmap; the eyes are 10 apart.
    assert metric(sr, hr) == pytest.approx(0.5 / 68, rel=1e-5)


def test_images_without_a_face_are_refused(shared: Path) -> None:
    metric = LandmarkError(str(shared / "weights" / "fan_small_68.pt"))
    flat = torch.full((3, 40, 40), 128, dtype=torch.uint8)
    with pytest.raises(DataError, match=r"shows no face .* less than the gate of 0\.2\. Give gate: 0"):
        metric(flat, flat)
    with pytest.raises(WeightsError, match="there is no such file"):
        LandmarkError("nowhere.pth")
    assert metric.protocol == "Landmark error in units of the outer-eye distance (fan_small_68.pt), whole image"


@pytest.fixture(scope="module")
def arcface(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("arcface") / "small.pth"
    torch.save(ArcFace((1, 1, 1, 1), features=4, identity=8).state_dict(), path)
    return path


def test_identity_is_the_cosine_distance_of_the_networks_vectors(arcface: Path) -> None:
    metric = IdentityDistance(str(arcface))
    draw = torch.Generator().manual_seed(0)
    sr, hr = torch.randint(0, 256, (2, 3, 128, 128), generator=draw, dtype=torch.uint8)
    network = ArcFace((1, 1, 1, 1), features=4, identity=8).eval()
    network.load_state_dict(torch.load(arcface, weights_only=True))
    with torch.no_grad():
        one, other = (network(image[None] / 255)[0].double() for image in (sr, hr))
    expected = 1 - F.cosine_similarity(one, other, dim=0).item()
    assert metric(sr, hr) == pytest.approx(expected, abs=1e-6)
    assert expected > 1e-5 and metric(hr, hr) == 0
    assert "(small.pth)" in metric.protocol
    with pytest.raises(WeightsError, match="there is no such file"):
        IdentityDistance("nowhere.pth")


def test_outer_eyes_need_68_points() -> None:
    metric = LandmarkError("random", gate=0)

    class Few(nn.Module):
        def forward(self, image: Tensor) -> dict[str, Tensor]:
            return {"last": torch.rand(2, 5, 8, 8)}

    metric.network = Few()  # pyright: ignore[reportAttributeAccessIssue]
    image = torch.zeros(3, 32, 32, dtype=torch.uint8)
    with pytest.raises(OptionsError, match="use box"):
        metric(image, image)
