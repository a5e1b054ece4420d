from pathlib import Path
from typing import Literal

import pytest
import torch
import torchmetrics.functional.image.lpips as torchmetrics_lpips
from torch import Tensor, nn
from torchvision.models import get_model

from gansr.errors import WeightsError
from gansr.losses.perceptual.content import vgg16
from gansr.losses.perceptual.lpips import lpips
from gansr.models.distances.lpips import LPIPS, TAPS, package_file, read_heads, unit
from gansr.models.features.lens import Lens, Lenses

Network = Literal["alex", "vgg", "squeeze"]


def images(height: int = 65, width: int = 70, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(0)
    return (
        torch.rand(2, 3, height, width, generator=draw, dtype=dtype),
        torch.rand(2, 3, height, width, generator=draw, dtype=dtype),
    )


@pytest.mark.parametrize("network", ["alex", "vgg", "squeeze"])
def test_equals_torchmetrics_with_the_same_backbone(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    def unfilled(net: str, pretrained: bool) -> nn.Module:
        assert not pretrained
        with torch.device("meta"):
            return get_model(net, weights=None).get_submodule("features").to_empty(device="cpu")

    monkeypatch.setattr(torchmetrics_lpips, "_get_tv_model_features", unfilled)
    ours = lpips(network, "random").double()
    theirs = torchmetrics_lpips._LPIPS(net=network, pnet_rand=True).double()
    for mine, own in zip(ours.lens.parameters(), theirs.net.parameters(), strict=True):
        own.data.copy_(mine)
    sr, target = images()
    expected = theirs(sr, target, normalize=True).mean()
    torch.testing.assert_close(ours(sr, target), expected, rtol=1e-6, atol=0)  # constants are rounded elsewhere
    assert ours(sr, sr) == 0


def test_by_hand() -> None:
    # Features (3, 4) and (4, 3) have length 5: the squared difference is 0.04 in each channel.
    sr, target = torch.tensor([3.0, 4.0]).reshape(1, 2, 1, 1), torch.tensor([4.0, 3.0]).reshape(1, 2, 1, 1)
    head = torch.tensor([1.0, 10.0]).reshape(1, 2, 1, 1)
    loss = LPIPS(Lens(lambda layers: Same()), ["image"], [head])
    torch.testing.assert_close(loss(sr, target), torch.tensor(0.44))


class Same(nn.Module):
    def forward(self, image: Tensor) -> dict[str, Tensor]:
        return {"image": image}


def test_features_of_zero_have_finite_gradients() -> None:
    zero = torch.zeros(1, 4, 2, 2, requires_grad=True)
    unit(zero).sum().backward()
    assert zero.grad is not None and zero.grad.isfinite().all() and unit(zero).abs().sum() == 0
    loss, black = lpips("squeeze", "random"), torch.zeros(1, 3, 40, 37, requires_grad=True)
    (value := loss(black, black)).backward()
    assert value == 0 and black.grad is not None and black.grad.isfinite().all()


def test_gradient() -> None:
    loss = lpips("squeeze", "random").double()
    sr, target = (image[:1] for image in images(33, 34))
    assert torch.autograd.gradcheck(lambda image: loss(image, target), sr.requires_grad_(), fast_mode=True)


def test_target_gets_no_gradient() -> None:
    sr, target = (image.requires_grad_() for image in images(33, 34, torch.float32))
    lpips("squeeze", "random")(sr, target).backward()
    assert sr.grad is not None and sr.grad.abs().sum() > 0 and target.grad is None


def test_bfloat16_within_three_percent() -> None:
    loss, (sr, target) = lpips("squeeze", "random"), images(dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        half = loss(sr, target)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half, loss(sr, target), rtol=0.03, atol=0)


def test_meta_device() -> None:
    with torch.device("meta"):
        sr, target = torch.rand(1, 3, 64, 64, requires_grad=True), torch.rand(1, 3, 64, 64)
        loss = lpips("alex", "imagenet")  # nothing is downloaded
    loss(sr, target).backward()
    assert sr.grad is not None


def test_shares_the_network_of_a_content_loss() -> None:
    lenses = Lenses()
    content = vgg16({"conv1_2": 1.0}, weights="random", lenses=lenses)
    loss = lpips("vgg", "random", lenses=lenses)
    assert len({id(m) for part in (content, loss) for m in part.modules() if isinstance(m, Lens)}) == 1
    assert {"conv1_2", "relu5_3"} <= set(loss.lens.layers)


def test_unlearnt_heads_count_every_channel_once() -> None:
    loss, (sr, target) = lpips("squeeze", "random", heads="ones").double(), images(33, 34)
    found, wanted = loss.lens(sr), loss.lens(target)
    angles = [torch.cosine_similarity(found[layer], wanted[layer]) for layer in TAPS["squeeze"][1]]
    # |u - v|^2 of unit vectors is 2 - 2 cos; places without features are 0 and have cos 0 here, so leave them out.
    alive = [found[layer].any(1) & wanted[layer].any(1) for layer in TAPS["squeeze"][1]]
    assert all(mask.all() for mask in alive)
    expected = torch.stack([(2 - 2 * angle).mean() for angle in angles]).sum()
    torch.testing.assert_close(loss(sr, target), expected, rtol=1e-5, atol=0)


def test_heads_from_a_file(tmp_path: Path) -> None:
    channels = TAPS["alex"][1]
    heads = read_heads("learnt", "alex", channels)
    state = {f"lin{number}.model.1.weight": head for number, head in enumerate(heads)}
    torch.save(state, path := tmp_path / "heads.pth")
    for own, learnt in zip(read_heads(str(path), "alex", channels), heads, strict=True):
        assert torch.equal(own, learnt)
    with pytest.raises(WeightsError, match=r"'vgg': lin1.* has the shape"):
        read_heads(str(path), "vgg", TAPS["vgg"][1])
    with pytest.raises(WeightsError, match=r"lin5.*is absent"):
        read_heads(str(path), "squeeze", channels | {"more": 4, "most": 4})
    with pytest.raises(WeightsError, match="there is no such file"):
        lpips("squeeze", "random", heads=str(tmp_path / "none.pth"))


@pytest.mark.parametrize("network", ["alex", "vgg", "squeeze"])
def test_the_package_has_the_published_heads(network: str) -> None:
    assert package_file(f"lpips_models/{network}.pth").is_file()
    heads = read_heads("learnt", network, TAPS[network][1])
    assert all(head.min() >= 0 for head in heads)  # they were fitted so
