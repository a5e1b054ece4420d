"""A step's images, watched over short real runs: a healthy one is left alone, and each failure gets its own advice."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import Tensor, nn

from gansr.build.making import recipes as builders
from gansr.data.batch import Unpaired
from gansr.imaging.resize import enlarge, reduce
from gansr.models.degraders.degraded import Degraded
from gansr.models.degraders.kernel_noise import KernelNoise
from gansr.options.load import validate
from gansr.recipes import watch
from gansr.training.diagnosis.advice import advice

NAME = "learned_kernel_noise"


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Accelerate remembers its settings for the life of the process."""
    for one in (AcceleratorState, GradientState, PartialState):
        one._reset_state()
    yield


class Idle(nn.Module):
    """Bicubic LR, whatever it learns."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, hr: Tensor) -> Degraded:
        lr = reduce(hr, 2) + 0 * self.weight
        return Degraded(lr, noise=torch.zeros_like(lr))


class Tinted(nn.Module):
    """A degrader whose LR is redder than it should be by 5 levels."""

    def __init__(self, degrader: nn.Module) -> None:
        super().__init__()
        self.degrader = degrader

    def forward(self, hr: Tensor) -> Degraded:
        made: Degraded = self.degrader(hr)
        return made._replace(lr=made.lr + torch.tensor([5.0, 0.0, 0.0]).view(3, 1, 1) / 255)


def kernel_noise(**arguments: float) -> KernelNoise:
    tiny = {"kernel": 5, "kernel_features": 4, "kernel_blocks": 1, "noise_features": 4, "noise_blocks": 1}
    return KernelNoise(2, **tiny | arguments)  # pyright: ignore[reportArgumentType]


def batch(random: torch.Generator, noise: float, light: float, images: int = 8) -> Unpaired:
    """Soft shapes with some grain; the real side shows others, small, with noise of so many levels, and less light."""

    def photos(side: int) -> Tensor:
        shapes = enlarge(torch.rand(images, 3, side // 4, side // 4, generator=random), 4)
        return (0.25 + 0.5 * shapes + 0.02 * torch.randn(shapes.shape, generator=random)).clamp(0, 1)

    lr = reduce(photos(24), 2)
    return Unpaired(photos(24), light * (lr + noise / 255 * torch.randn(lr.shape, generator=random)))


@pytest.fixture
def run(tree: Callable[..., Any]) -> Callable[..., dict[str, str]]:
    """Advice at the end of a run of so many steps, from the means of its last ten."""

    def take(degrader: nn.Module, noise: float, light: float = 1.0, steps: int = 12, **changes: Any) -> dict[str, str]:
        torch.manual_seed(0)
        options = validate(tree(NAME, **changes), "run.yml")
        made_of = builders.ingredients(options)
        made_of.networks["degrader"] = degrader
        one: Any = builders.recipe(options, made_of, Accelerator(cpu=True))
        random, lines = torch.Generator().manual_seed(1), []
        for step in range(steps):
            given = batch(random, noise, light)
            lr, report = one.degrading.step(given, step)
            source = watch.at_size(given.hr, lr)
            report |= watch.likeness("lr", lr, given.real_lr, source) | watch.change("degrader", source, lr)
            lines = [*lines[-9:], {name: float(value.detach()) for name, value in report.items() if not value.dim()}]
        return advice({name: sum(line[name] for line in lines) / len(lines) for name in lines[-1]})

    return take


def test_a_healthy_run(run: Callable[..., dict[str, str]]) -> None:
    torch.manual_seed(0)
    assert run(kernel_noise(start_noise=8.0), noise=8.0) == {}


def test_a_degrader_that_does_nothing(run: Callable[..., dict[str, str]]) -> None:
    assert list(run(Idle(), noise=8.0)) == ["nothing/degrader"]


def test_a_degrader_that_shifts_colours(run: Callable[..., dict[str, str]]) -> None:
    torch.manual_seed(0)
    found = run(Tinted(kernel_noise(start_noise=8.0)), noise=8.0)
    assert list(found) == ["drift/lr/red"] and "levels of 255 too high in red" in found["drift/lr/red"]


def test_a_degrader_that_makes_too_much_noise(run: Callable[..., dict[str, str]]) -> None:
    torch.manual_seed(0)
    assert list(run(kernel_noise(start_noise=25.0), noise=8.0)) == ["energy/lr"]


def test_a_kernel_that_collapsed(run: Callable[..., dict[str, str]]) -> None:
    torch.manual_seed(0)
    assert list(run(kernel_noise(start_width=0.1, start_noise=1.0), noise=20.0)) == ["kernel"]


def test_a_discriminator_that_has_won(run: Callable[..., dict[str, str]]) -> None:
    """Real LR is dark, which one look tells, and the degrader may not follow."""
    torch.manual_seed(0)
    rates = {"train__discriminator_lr": 0.03, "degrader__lr": 1e-12}
    hinge = {"adversarial": {"type": "hinge"}}
    found = run(
        kernel_noise(start_noise=8.0), noise=8.0, light=0.2, steps=30, **rates, pool=None, degrader_losses=hinge
    )
    assert list(found) == ["won/lr_discriminator"], "and it is not said twice that fine detail is not learned"
