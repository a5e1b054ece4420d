"""What holds for every degrader."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gansr.errors import OptionsError
from gansr.imaging.resize import reduce
from gansr.models.degraders import DEGRADERS

SMALL: dict[str, dict[str, Any]] = {
    "kernel_noise": {"kernel_features": 4, "kernel_blocks": 1, "noise_features": 4, "noise_blocks": 1},
    "dsgan": {"features": 4, "blocks": 1},
    "translator": {"features": 4, "blocks": 1, "noise_channels": 1},
    "cyclegan_resnet": {"features": 4, "blocks": 1},
    "high_to_low": {"input_size": 32, "codes": 3, "widths": (4, 4, 4, 16)},
}
SCALES = {"cyclegan_resnet": (1,), "high_to_low": (4,), "translator": (1, 2, 3, 4, 8)}
DRAWS = ("kernel_noise", "translator", "high_to_low")
MAY_BE_0 = {"kernel_noise": ("kernel_blocks", "noise_blocks"), "dsgan": ("blocks",), "translator": ("noise_channels",)}
Fill = Callable[[nn.Module], nn.Module]
every_degrader = pytest.mark.parametrize("name", DEGRADERS)


def make(name: str, scale: int | None = None) -> nn.Module:
    return DEGRADERS[name](scale or SCALES.get(name, (2, 3, 4))[-1], **SMALL[name])


def sides(name: str, scale: int) -> tuple[int, int]:
    """Of HR: LR has odd ones, where the network takes any."""
    return (32, 32) if name == "high_to_low" else (5 * scale, 7 * scale)


def pixels(batch: int, height: int, width: int) -> Tensor:
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(0))


@every_degrader
def test_lr_has_the_size_that_the_scale_says(name: str, fill: Fill) -> None:
    for scale in SCALES.get(name, (2, 3, 4)):
        height, width = sides(name, scale)
        network = fill(make(name, scale))
        for batch in (1, 3):
            lr = network(pixels(batch, height, width)).lr
            assert lr.shape == (batch, 3, height // scale, width // scale) and lr.isfinite().all()


@every_degrader
def test_every_parameter_and_hr_get_a_gradient(name: str, fill: Fill) -> None:
    network = fill(make(name))
    hr = pixels(2, *sides(name, network.scale)).requires_grad_()
    network(hr).lr.square().mean().backward()
    assert [key for key, p in network.named_parameters() if p.grad is None or not p.grad.any()] == []
    assert hr.grad is not None and hr.grad.any() and hr.grad.isfinite().all()


@every_degrader
def test_what_is_drawn_comes_from_pytorchs_numbers(name: str, fill: Fill) -> None:
    network = fill(make(name)).eval()
    hr = pixels(1, *sides(name, network.scale)).repeat(2, 1, 1, 1)
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(network(hr).lr)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2]) == (name not in DRAWS)
    assert torch.allclose(found[0][0], found[0][1], atol=1e-6) == (name not in DRAWS)  # each image its own


@every_degrader
def test_numbers_are_at_least_one_and_scales_are_known(name: str) -> None:
    for parameter in list(inspect.signature(DEGRADERS[name]).parameters.values())[1:]:
        if parameter.annotation is int and parameter.name not in MAY_BE_0.get(name, ()):
            with pytest.raises(OptionsError, match=parameter.name), torch.device("meta"):
                DEGRADERS[name](SCALES.get(name, (2,))[0], **{parameter.name: 0})
    if name in SCALES:
        with pytest.raises(OptionsError, match=f"{name}: there is no network for scale 5"):
            DEGRADERS[name](5)


@every_degrader
def test_meta_device_at_full_size(name: str) -> None:
    scale = SCALES.get(name, (2,))[-1]
    side = 64 // scale * scale
    with torch.device("meta"):
        found = DEGRADERS[name](scale)(torch.empty(1, 3, side, side)).lr
    assert found.is_meta and found.shape[-1] == side // scale


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_a_translator_begins_as_bicubic_reduction(scale: int) -> None:
    hr = pixels(1, 6 * scale, 4 * scale)
    expected = hr if scale == 1 else reduce(hr, scale)
    assert torch.equal(DEGRADERS["translator"](scale, **SMALL["translator"])(hr).lr, expected)
    moved = DEGRADERS["translator"](scale, **SMALL["translator"], zero_tail=False)(hr).lr
    assert not torch.equal(moved, expected)


@pytest.mark.parametrize(("scale", "extra", "count"), [(4, {}, 645_123), (1, {"blocks": 16}, 1_222_147 + 576)])
def test_numbers_of_parameters_are_those_of_the_authors_code(scale: int, extra: dict[str, Any], count: int) -> None:
    """576: the weights that see pseudo-supervision's map of noise."""
    with torch.device("meta"):
        network = DEGRADERS["translator"](scale, noise_channels=int("blocks" in extra), **extra)
    assert sum(p.numel() for p in network.parameters()) == count


def test_a_translator_sees_its_noise() -> None:
    network = DEGRADERS["translator"](2, features=4, blocks=1, noise_channels=2, zero_tail=False)
    assert network.head[0].in_channels == 5 and network.head[0].kernel_size == (5, 5)
    assert not torch.equal(network(pixels(1, 8, 8)).lr, network(pixels(1, 8, 8)).lr)
    with pytest.raises(OptionsError, match="noise_channels is -1; expected 0 or more"):
        DEGRADERS["translator"](2, noise_channels=-1)
