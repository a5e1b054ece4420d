from pathlib import Path

import pytest
import torch
import torchmetrics.functional.image.dists as torchmetrics_dists
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import vgg16 as torchvision_vgg16

from gansr.errors import WeightsError
from gansr.losses.perceptual.dists import dists
from gansr.models.distances.dists import DISTS, differ, read_weights
from gansr.models.features.dists_network import L2Pool, dists_network
from gansr.models.features.lens import Lens, Lenses


@pytest.fixture(scope="module")
def loss() -> DISTS:
    return dists("random").double()


def images(height: int = 33, width: int = 38) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    return (
        torch.rand(2, 3, height, width, generator=draw, dtype=torch.float64),
        torch.rand(2, 3, height, width, generator=draw, dtype=torch.float64),
    )


def test_equals_torchmetrics_with_the_same_backbone(loss: DISTS, monkeypatch: pytest.MonkeyPatch) -> None:
    def undownloaded(weights: object) -> nn.Module:
        with torch.device("meta"):
            return torchvision_vgg16(weights=None)

    monkeypatch.setattr(torchmetrics_dists, "vgg16", undownloaded)
    theirs = torchmetrics_dists.DISTSNetwork()
    backbone = {name: value for name, value in theirs.named_parameters() if name not in ("alpha", "beta")}
    for (name, _), mine in zip(backbone.items(), loss.lens.parameters(), strict=True):
        stage, index, kind = name.split(".")
        setattr(theirs.get_submodule(f"{stage}.{index}"), kind, nn.Parameter(mine.detach(), requires_grad=False))
    sr, target = images()
    torch.testing.assert_close(loss(sr, target), theirs.double()(sr, target).mean(), rtol=1e-6, atol=1e-8)


def test_identical_images_give_exactly_zero(loss: DISTS) -> None:
    sr, _ = images()
    assert loss(sr, sr) == 0


def test_by_hand() -> None:
    # Means 2 and 5, variances 1 and 4, covariance -2.
    one, other = torch.tensor([1.0, 3.0]).reshape(1, 1, 1, 2), torch.tensor([7.0, 3.0]).reshape(1, 1, 1, 2)
    texture, structure = differ(one, other)
    torch.testing.assert_close(texture.squeeze(), torch.tensor(1 - 2 * 2 * 5 / (4 + 25)))
    torch.testing.assert_close(structure.squeeze(), torch.tensor(1 - 2 * -2 / (1 + 4.0)))


def test_small_differences_survive_single_precision(loss: DISTS) -> None:
    sr, _ = images()
    near = sr + 1e-4 * torch.randn(sr.shape, generator=torch.Generator().manual_seed(1), dtype=sr.dtype)
    exact = loss(near, sr)
    single = dists("random")(near.float(), sr.float())
    assert 0 < exact < 1e-6
    torch.testing.assert_close(single.double(), exact, rtol=0.05, atol=0)


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_flat_images_have_finite_gradients(loss: DISTS, level: float) -> None:
    flat = torch.full((1, 3, 17, 20), level, dtype=torch.float64)
    for target in (flat, images(17, 20)[0][:1]):
        sr = flat.clone().requires_grad_()
        (value := loss(sr, target)).backward()
        assert value.isfinite() and sr.grad is not None and sr.grad.isfinite().all()


def test_gradient(loss: DISTS) -> None:
    sr, target = (image[:1].requires_grad_() for image in images(9, 11))
    assert torch.autograd.gradcheck(lambda image: loss(image, target), sr, fast_mode=True)
    loss(sr, target).backward()
    assert target.grad is None


def test_bfloat16_within_three_percent() -> None:
    loss, (sr, target) = dists("random"), (image.float() for image in images())
    with torch.autocast("cpu", torch.bfloat16):
        half = loss(sr, target)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, loss(sr, target), rtol=0.03, atol=0)


def test_meta_device() -> None:
    with torch.device("meta"):
        sr, target = torch.rand(1, 3, 24, 24, requires_grad=True), torch.rand(1, 3, 24, 24)
        loss = dists()  # nothing is downloaded
    loss(sr, target).backward()
    assert sr.grad is not None


@pytest.mark.parametrize("size", [(8, 8), (7, 5), (1, 2)])
def test_pooling(size: tuple[int, int]) -> None:
    x = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    window = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
    patches = F.unfold(x.square(), 3, padding=1, stride=2).reshape(2, 3, 9, -1)
    expected = (patches * window.flatten()[:, None]).sum(2).sqrt()
    pooled = L2Pool()(x)
    assert pooled.shape[2:] == ((size[0] + 1) // 2, (size[1] + 1) // 2)
    torch.testing.assert_close(pooled.flatten(2), expected)


def test_pooling_holds_squares_that_float16_cannot() -> None:
    pooled = L2Pool()(torch.full((1, 1, 6, 6), 1000.0, dtype=torch.float16))
    assert pooled.dtype == torch.float16 and pooled[0, 0, 1, 1] == 1000


def test_the_network_has_no_other_pooling() -> None:
    network = dists_network(["relu5_3"], "random")
    kinds = [type(layer) for layer in network.features]
    assert kinds.count(L2Pool) == 4 and nn.MaxPool2d not in kinds


def test_two_rows_share_one_network() -> None:
    lenses = Lenses()
    first, second = dists("random", lenses=lenses), dists("random", lenses=lenses)
    assert first.lens is second.lens and isinstance(first.lens, Lens)


def test_the_package_has_the_published_weights(shared: Path) -> None:
    path = shared / "weights" / "dists.pt"
    for own, published in zip(read_weights("package"), read_weights(str(path)), strict=True):
        assert torch.equal(own, published)


def test_weights_of_any_size_count_as_shares(tmp_path: Path) -> None:
    alpha, beta = read_weights("package")
    torch.save({"alpha": 7 * alpha, "beta": 7 * beta}, path := tmp_path / "larger.pt")
    sr, target = (image.float() for image in images())
    torch.testing.assert_close(dists("random", str(path))(sr, target), dists("random")(sr, target))


def test_other_weights_are_refused(tmp_path: Path) -> None:
    torch.save({"alpha": torch.ones(1, 1475, 1, 1)}, path := tmp_path / "half.pt")
    with pytest.raises(WeightsError, match="beta is absent"):
        dists("random", alpha_beta=str(path))
    torch.save({"alpha": torch.ones(3), "beta": torch.ones(3)}, path)
    with pytest.raises(WeightsError, match=r"alpha has the shape \[3\]; expected \[1, 1475, 1, 1\]"):
        dists("random", alpha_beta=str(path))
