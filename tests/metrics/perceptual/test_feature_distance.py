from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torchvision.models import get_model, squeezenet1_0
from torchvision.transforms.functional import normalize

from gansr.errors import DataError, WeightsError
from gansr.metrics.perceptual.feature_distance import TAPS, FeatureDistance


@pytest.fixture(scope="module")
def squeezenet_file(shared: Path) -> Path:
    return shared / "weights" / "squeezenet1_0_imagenet.pth"


@pytest.fixture(scope="module")
def photo(shared: Path) -> Image.Image:
    return Image.open(shared / "data" / "Set5" / "HR" / "head.png").convert("RGB").crop((60, 60, 188, 188))


@pytest.fixture(scope="module")
def distance(squeezenet_file: Path) -> FeatureDistance:
    return FeatureDistance(4, weights=str(squeezenet_file))


def tensor(image: Image.Image | np.ndarray) -> torch.Tensor:
    return torch.tensor(np.asarray(image)).permute(2, 0, 1)


def test_zero_at_identity_and_grows_with_blur_and_noise(distance: FeatureDistance, photo: Image.Image) -> None:
    hr, random = tensor(photo), np.random.default_rng(0)
    blurred = [distance(tensor(photo.filter(ImageFilter.GaussianBlur(r))), hr) for r in (0.5, 1, 2, 4)]
    noise = random.normal(0, 1, (128, 128, 3))
    noisy = [
        distance(tensor((np.asarray(photo) + sigma * noise).clip(0, 255).astype(np.uint8)), hr) for sigma in (2, 8, 25)
    ]
    assert distance(hr, hr) == 0
    assert 0 < blurred[0] < blurred[1] < blurred[2] < blurred[3]
    assert 0 < noisy[0] < noisy[1] < noisy[2]
    assert distance(hr, tensor(photo.filter(ImageFilter.GaussianBlur(1)))) == pytest.approx(blurred[1], rel=1e-5)


def test_equals_the_formula(distance: FeatureDistance, photo: Image.Image, squeezenet_file: Path) -> None:
    network = squeezenet1_0(weights=None)
    network.load_state_dict(torch.load(squeezenet_file, weights_only=True))
    hr, sr = tensor(photo), tensor(photo.filter(ImageFilter.GaussianBlur(2)))
    expected = 0.0
    with torch.no_grad():
        for tap in TAPS["squeezenet1_0"]:
            maps = [
                network.features[: tap + 1](normalize(image / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])[None])
                for image in (sr, hr)
            ]
            a, b = (one / one.square().sum(1, keepdim=True).sqrt().clamp_min(1e-10) for one in maps)
            expected += (a - b).square().sum(1).mean().item()
    assert distance(sr, hr) == pytest.approx(expected, rel=1e-4)


def test_grey_and_border(distance: FeatureDistance, photo: Image.Image, squeezenet_file: Path) -> None:
    hr = tensor(photo)
    grey = tensor(np.asarray(photo.convert("L"))[..., None])
    assert distance(grey, grey) == 0
    assert distance(grey.expand(3, -1, -1), grey) == pytest.approx(0, abs=1e-6)
    framed = hr.clone()
    framed[:, :4] = 0
    assert distance(framed, hr) > 0
    assert FeatureDistance(4, weights=str(squeezenet_file), border=None)(framed, hr) == 0


@pytest.mark.parametrize("network", TAPS)
def test_every_network_has_the_stages_that_are_tapped(network: str) -> None:
    with torch.device("meta"):
        layers = get_model(network, weights=None).get_submodule("features")
    named = [type(layer).__name__ for layer in layers]
    assert all(named[tap] in ("ReLU", "Fire") for tap in TAPS[network])


def test_too_small(distance: FeatureDistance) -> None:
    image = torch.zeros(3, 31, 64, dtype=torch.uint8)
    with pytest.raises(DataError, match="this image has 64x31"):
        distance(image, image)


def test_weights_that_do_not_fit(tmp_path: Path, squeezenet_file: Path) -> None:
    with pytest.raises(WeightsError, match=r"nowhere\.pth"):
        FeatureDistance(4, weights=str(tmp_path / "nowhere.pth"))
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(WeightsError, match=r"text\.pth.*imagenet"):
        FeatureDistance(4, weights=str(tmp_path / "text.pth"))
    with pytest.raises(WeightsError, match="alexnet"):
        FeatureDistance(4, "alexnet", weights=str(squeezenet_file))


def test_a_failed_download_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("<urlopen error no route to host>")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", unreachable)
    with pytest.raises(WeightsError, match=r"'imagenet' into squeezenet1_0: .*no route to host"):
        FeatureDistance(4)
