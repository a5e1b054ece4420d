from pathlib import Path

import pytest
import torch
import torchmetrics.functional.image.dists as torchmetrics_dists
from torch import Tensor, nn
from torchvision.models import vgg16

from gansr.errors import DataError, WeightsError
from gansr.metrics.perceptual.dists import DISTS


def pair(height: int = 33, width: int = 38) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    first, second = torch.randint(0, 256, (2, 3, height, width), generator=draw, dtype=torch.uint8)
    return first, second


@pytest.fixture(scope="module")
def metric() -> DISTS:
    return DISTS(4, "random")


def test_equals_torchmetrics_with_the_same_backbone(metric: DISTS, monkeypatch: pytest.MonkeyPatch) -> None:
    def undownloaded(weights: object) -> nn.Module:
        with torch.device("meta"):
            return vgg16(weights=None)

    monkeypatch.setattr(torchmetrics_dists, "vgg16", undownloaded)
    theirs = torchmetrics_dists.DISTSNetwork()
    backbone = [name for name, _ in theirs.named_parameters() if name not in ("alpha", "beta")]
    for name, mine in zip(backbone, metric.distance.lens.parameters(), strict=True):
        stage, index, kind = name.split(".")
        setattr(theirs.get_submodule(f"{stage}.{index}"), kind, nn.Parameter(mine.detach(), requires_grad=False))
    sr, hr = pair()
    expected = theirs(sr[None] / 255, hr[None] / 255).item()
    assert metric(sr, hr) == pytest.approx(expected, abs=1e-5)
    assert expected > 0.05


def test_identity_border_and_size(metric: DISTS) -> None:
    sr, hr = pair()
    assert metric(hr, hr) == 0 < metric(sr, hr)
    framed = hr.clone()
    framed[:, :4] = sr[:, :4]
    cut = DISTS(4, "random", border=None)
    assert metric(framed, hr) > 0 == cut(framed, hr)
    assert cut.protocol == "DISTS, VGG-16 (random), RGB, 4 px border cropped, not resized"
    with pytest.raises(DataError, match=r"DISTS needs at least 16x16 pixels inside the border of 4.*has 30x15"):
        cut(hr[:, :23], hr[:, :23])


def test_alpha_and_beta_by_path(metric: DISTS, shared: Path, tmp_path: Path) -> None:
    sr, hr = pair()
    own = DISTS(4, "random", str(shared / "weights" / "dists.pt"))
    assert own(sr, hr) == pytest.approx(metric(sr, hr), rel=1e-6) and "dists.pt" in own.protocol
    with pytest.raises(WeightsError, match="there is no such file"):
        DISTS(4, str(tmp_path / "nowhere.pth"))
