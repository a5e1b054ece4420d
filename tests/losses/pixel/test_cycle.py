from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gansr.errors import OptionsError
from gansr.imaging.resize import enlarge, reduce
from gansr.losses.pixel.cycle import cycle, image_cycle
from gansr.losses.table import needs


def photo(*shape: int) -> Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


DISTANCES = [("l1", 0.2), ("l2", 0.04), ("charbonnier", (0.04 + 1e-6) ** 0.5)]


@pytest.mark.parametrize("resolution", ["lr", "hr"])
@pytest.mark.parametrize(("distance", "expected"), DISTANCES)
def test_worked_out_by_hand(distance: Any, expected: float, resolution: Any) -> None:
    loss = cycle(3, resolution=resolution, distance=distance)
    assert list(needs(loss)) == ["sr", "lr"]
    found = loss(torch.full((1, 3, 15, 9), 0.5).double(), torch.full((1, 3, 5, 3), 0.3).double())
    assert found.item() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(("distance", "expected"), DISTANCES)
def test_image_cycle_worked_out_by_hand(distance: Any, expected: float) -> None:
    loss = image_cycle(distance)
    assert list(needs(loss)) == ["sr", "target"]
    original = torch.full((1, 3, 2, 2), 0.3, dtype=torch.float64, requires_grad=True)
    found = loss(torch.full_like(original, 0.5).requires_grad_(), original)
    assert found.item() == pytest.approx(expected, abs=1e-12)
    found.backward()
    assert original.grad is None


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("resolution", ["lr", "hr"])
def test_the_ground_truth_of_bicubic_lr_costs_nothing(scale: int, resolution: Any) -> None:
    hr = photo(1, 3, 5 * scale, 3 * scale)
    assert cycle(scale, resolution=resolution)(hr, reduce(hr, scale)).item() < 1e-15


def test_on_the_grid_of_hr_both_are_enlarged() -> None:
    sr, lr = photo(2, 3, 8, 6), photo(2, 3, 4, 3)
    expected = (enlarge(reduce(sr, 2), 2) - enlarge(lr, 2)).square().mean()
    assert cycle(2, resolution="hr", distance="l2")(sr, lr).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("resolution", ["lr", "hr"])
def test_true_gradient_for_sr_and_none_for_lr(resolution: Any) -> None:
    sr, lr = photo(1, 3, 6, 10).requires_grad_(), (photo(1, 3, 3, 5) - 1).requires_grad_()
    loss = cycle(2, resolution=resolution)
    assert torch.autograd.gradcheck(lambda image: loss(image, lr), (sr,))
    loss(sr, lr).backward()
    assert lr.grad is None


class Halve(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 2, stride=2)
        self.dropout = nn.Dropout(0.5)

    def forward(self, image: Tensor) -> Tensor:
        return self.dropout(self.convolution(image))


def test_by_a_network_that_is_frozen_and_stays_in_evaluation_mode() -> None:
    asked, network = [], Halve()
    loss = cycle(2, by="back.safetensors", load_network=lambda path: asked.append(path) or network)
    assert asked == ["back.safetensors"]
    loss.train()
    assert not network.training
    sr = photo(1, 3, 8, 6).float().requires_grad_()
    lr = network.convolution(sr.detach())
    assert loss(sr, lr).item() == 0
    loss(sr, lr - 0.1).backward()
    assert sr.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in network.parameters())
    assert network in list(loss.modules())  # so it moves to the device with the loss table


def test_in_half_precision() -> None:
    sr, lr = photo(1, 3, 8, 6).float(), photo(1, 3, 4, 3).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(cycle(2)(sr, lr), cycle(2)(sr, lr).float())
    found = cycle(2)(sr.bfloat16(), lr.bfloat16())
    assert found.dtype is torch.float32
    assert found.item() == pytest.approx(cycle(2)(sr, lr).item(), abs=4e-3)


def test_mistakes_are_named() -> None:
    with pytest.raises(OptionsError, match="networks cannot be read here"):
        cycle(2, by="back.safetensors")
    loss = cycle(2, by="same.safetensors", load_network=lambda path: nn.Identity())
    with pytest.raises(OptionsError, match=r"lr is 3x4 pixels of 3 channels; expected a network .* 2 times smaller"):
        loss(photo(1, 3, 8, 6), photo(1, 3, 4, 3))
