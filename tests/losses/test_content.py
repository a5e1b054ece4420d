from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import vgg19 as torchvision_vgg19
from torchvision.transforms.functional import normalize

from gansr.errors import OptionsError
from gansr.losses import LOSSES
from gansr.losses.content import Content

LAYERS = {"conv1_2": 0.1, "relu2_2": 0.5, "conv3_1": 1.0}
INDICES = {"conv1_2": 2, "relu2_2": 8, "conv3_1": 10}


@pytest.fixture(scope="module")
def weights(shared: Path) -> str:
    return str(shared / "weights" / "vgg19_to_conv3_1.pth")


def images() -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, 24, 20, generator=draw), torch.rand(2, 3, 24, 20, generator=draw)


@pytest.mark.parametrize(("distance", "scale"), [("l1", 1.0), ("l2", 1 / 12.75)])
def test_equals_torchvisions_forward(weights: str, distance: str, scale: float) -> None:
    with torch.device("meta"):
        layers = torchvision_vgg19(weights=None).features[:11]
    layers.load_state_dict(
        {key.removeprefix("features."): value for key, value in torch.load(weights).items()}, assign=True
    )

    def features(image: Tensor) -> dict[str, Tensor]:
        x, maps = normalize(image, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), {}
        for index, layer in enumerate(layers):
            x = torch.relu(x) if isinstance(layer, nn.ReLU) else layer(x)
            maps |= {name: x for name, tap in INDICES.items() if tap == index}
        return maps

    sr, hr = images()
    with torch.no_grad():
        found, wanted = features(sr), features(hr)
    power = 1 if distance == "l1" else 2
    expected = sum(
        weight * ((found[name] - wanted[name]).abs() * scale).pow(power).mean().item()
        for name, weight in LAYERS.items()
    )
    loss = LOSSES["vgg19"](layers=LAYERS, weights=weights, distance=distance, feature_scale=scale)
    assert loss(sr, hr).item() == pytest.approx(expected, rel=1e-5)


def test_zero_at_identity_and_nothing_to_train(weights: str) -> None:
    loss = LOSSES["vgg19"](layers=LAYERS, weights=weights)
    _, hr = images()
    assert loss(hr, hr).item() == 0
    assert list(loss.parameters()) and not any(parameter.requires_grad for parameter in loss.parameters())


class TwoLayers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 3, padding=1).double()
        self.graphs: list[bool] = []

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        self.graphs.append(torch.is_grad_enabled())
        x = self.layer(image)
        return {"conv": x, "tanh": x.tanh()}


def test_gradient_reaches_sr_and_never_the_target() -> None:
    torch.manual_seed(0)
    loss = Content(TwoLayers(), {"conv": 0.5, "tanh": 2.0}, "l2", 0.7)
    sr, hr = (image[:1, :, :4, :4].double().requires_grad_() for image in images())
    assert torch.autograd.gradcheck(lambda sr: loss(sr, hr), (sr,))
    (gradient,) = torch.autograd.grad(loss(sr, hr), hr, allow_unused=True)
    assert gradient is None


def test_features_may_be_wrapped() -> None:
    loss = Content(TwoLayers(), {"conv": 1.0}, "l1", 1.0)
    sr, hr = (image.double() for image in images())
    before, inner = loss(sr, hr), loss.features

    class Doubled(nn.Module):
        def forward(self, image: Tensor) -> dict[str, Tensor]:
            return {name: 2 * value for name, value in inner(image).items()}

    loss.features = Doubled()
    torch.testing.assert_close(loss(sr, hr), 2 * before)


def test_at_least_one_layer() -> None:
    with pytest.raises(OptionsError, match="at least one layer"):
        LOSSES["vgg16"](layers={})


def test_shifts_show_both_images_from_the_same_random_places() -> None:
    seen: list[torch.Tensor] = []

    class Eye(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
            seen.append(image)
            return {"all": image}

    loss = Content(Eye(), {"all": 1.0}, "l1", 1.0, shifts=4)
    image = torch.arange(2 * 3 * 10 * 9, dtype=torch.float32).reshape(2, 3, 10, 9)
    torch.manual_seed(0)
    assert [loss(image, image).item() for _ in range(60)] == [0.0] * 60
    assert {one.shape for one in seen} == {(2, 3, 7, 6)}
    assert len({one[0, 0, 0, 0].item() for one in seen}) == 16, "four places in each direction"
    assert loss(image + 1, image).item() == pytest.approx(1.0)
