from pathlib import Path

import pytest
import torch
import torchmetrics.functional.image.lpips as torchmetrics_lpips
from torch import Tensor, nn
from torchvision.models import get_model

from gansr.errors import DataError, WeightsError
from gansr.metrics.perceptual.lpips import LPIPS, SMALLEST
from gansr.models.distances.lpips import TAPS, Network


def pair(height: int = 49, width: int = 54, channels: int = 3) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    first, second = torch.randint(0, 256, (2, channels, height, width), generator=draw, dtype=torch.uint8)
    return first, second


@pytest.mark.parametrize("network", ["alex", "vgg", "squeeze"])
def test_equals_torchmetrics_with_the_same_backbone(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    def unfilled(net: str, pretrained: bool) -> nn.Module:
        assert not pretrained
        with torch.device("meta"):
            return get_model(net, weights=None).get_submodule("features").to_empty(device="cpu")

    monkeypatch.setattr(torchmetrics_lpips, "_get_tv_model_features", unfilled)
    ours = LPIPS(4, network, "random")
    theirs = torchmetrics_lpips._LPIPS(net=network, pnet_rand=True)
    for mine, own in zip(ours.distance.lens.parameters(), theirs.net.parameters(), strict=True):
        own.data.copy_(mine)
    sr, hr = pair()
    expected = theirs(sr[None] / 255, hr[None] / 255, normalize=True).item()
    assert ours(sr, hr) == pytest.approx(expected, rel=1e-5)
    assert expected > 0.01


@pytest.fixture(scope="module")
def metric() -> LPIPS:
    return LPIPS(4, "squeeze", "random")


def test_identity_symmetry_and_growth(metric: LPIPS) -> None:
    sr, hr = pair()
    near = (0.9 * hr.double() + 0.1 * sr.double()).round().to(torch.uint8)
    assert metric(hr, hr) == 0 and metric(sr, hr) == pytest.approx(metric(hr, sr))
    assert 0 < metric(near, hr) < metric(sr, hr)


def test_grey_and_border(metric: LPIPS) -> None:
    sr, hr = pair(channels=1)
    assert metric(sr, hr) == metric(sr.expand(3, -1, -1), hr.expand(3, -1, -1)) > 0
    sr, hr = pair()
    framed = hr.clone()
    framed[:, :4], framed[:, :, -4:] = sr[:, :4], sr[:, :, -4:]
    cut = LPIPS(4, "squeeze", "random", border=None)
    assert metric(framed, hr) > 0 == cut(framed, hr)
    assert cut.protocol == "LPIPS v0.1, squeeze (random), RGB, 4 px border cropped"


@pytest.mark.parametrize("network", TAPS)
def test_too_small(network: Network) -> None:
    metric, side = LPIPS(4, network, "random"), SMALLEST[network]
    image = torch.zeros(3, side, side, dtype=torch.uint8)
    assert metric(image, image) == 0
    with pytest.raises(DataError, match=rf"LPIPS \({network}\) needs at least {side}x{side} pixels"):
        metric(image[:, 1:], image[:, 1:])


def test_what_has_to_be_downloaded_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", unreachable)
    with pytest.raises(
        WeightsError, match=r"alexnet could not be downloaded \(no route to host\): download https://.*path"
    ):
        LPIPS(4)
    with pytest.raises(WeightsError, match=r"nowhere\.pth: there is no such file"):
        LPIPS(4, "squeeze", str(tmp_path / "nowhere.pth"))


def test_weights_by_path(tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = get_model("squeezenet1_1", weights=None).state_dict()
    torch.save(state, tmp_path / "mine.pth")
    mine = LPIPS(4, "squeeze", str(tmp_path / "mine.pth"), heads="ones")
    assert "squeeze (mine.pth, heads ones)" in mine.protocol
    weights = [value for name, value in state.items() if name == "features.0.weight"]
    assert torch.equal(next(iter(mine.distance.lens.parameters())), weights[0])
