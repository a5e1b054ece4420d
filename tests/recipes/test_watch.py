"""What is seen of a step's images, by hand-made numbers and by slow ways to the same."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gansr.imaging.resize import enlarge, reduce
from gansr.recipes.watch import at_size, change, contrast, energy, likeness


def images(count: int = 2, side: int = 9, seed: int = 0) -> Tensor:
    return torch.rand(count, 3, side, side + 2, generator=torch.Generator().manual_seed(seed))


def slow_energy(image: Tensor) -> float:
    """Window by window."""
    found = []
    for one in image.double():
        squares = [
            (channel[row, column] - channel[row - 2 : row + 3, column - 2 : column + 3].mean()) ** 2
            for channel in one
            for row in range(2, one.shape[-2] - 2)
            for column in range(2, one.shape[-1] - 2)
        ]
        found.append(255 * math.sqrt(sum(map(float, squares)) / len(squares)))
    return sum(found) / len(found)


def test_energy() -> None:
    image = images() * torch.tensor([1.0, 0.1]).view(2, 1, 1, 1)  # a mean of roots is no root of means
    assert float(energy(image)) == pytest.approx(slow_energy(image), rel=1e-5)
    assert float(energy(torch.full((1, 3, 8, 8), 0.7))) == pytest.approx(0, abs=1e-4)


def test_energy_of_white_noise() -> None:
    noise = 10 / 255 * torch.randn(4, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    assert float(energy(0.5 + noise)) == pytest.approx(10 * math.sqrt(24 / 25), rel=0.01)


@pytest.mark.parametrize("side", [1, 3, 4, 5])
def test_energy_of_tiny_images_is_a_number(side: int) -> None:
    assert math.isfinite(float(energy(torch.rand(1, 3, side, side))))
    assert math.isfinite(float(contrast(torch.rand(1, 3, side, side))))


def test_contrast() -> None:
    """Halves of an image at 0.2 and 0.6, five columns of means between them; and what noise adds."""
    image = torch.full((1, 3, 12, 24), 0.2)
    image[..., 12:] = 0.6
    columns = [0.2] * 8 + [0.2 + 0.08 * k for k in (1, 2, 3, 4)] + [0.6] * 8  # the middles of 5 pixels
    mean = sum(columns) / 20
    expected = 255 * math.sqrt(sum((one - mean) ** 2 for one in columns) / 20)
    assert float(contrast(image)) == pytest.approx(expected, rel=1e-5)
    assert float(contrast(0.5 * image + 0.3)) == pytest.approx(expected / 2, rel=1e-5), "of coarse things alone"
    colour = torch.tensor([0.1, 0.5, 0.9]).view(3, 1, 1).expand(1, 3, 12, 12)
    assert float(contrast(colour)) == pytest.approx(0, abs=1e-4), "of each channel by itself"
    noise = 10 / 255 * torch.randn(4, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    assert float(contrast(0.5 + noise)) == pytest.approx(2, rel=0.05)


def test_energy_of_halves_is_computed_in_full() -> None:
    image = (0.5 + 0.001 * torch.randn(1, 3, 16, 16)).half()
    assert float(energy(image)) == pytest.approx(float(energy(image.float())), rel=1e-6)


def test_likeness() -> None:
    source, real = images(), images(3, 12, seed=1)
    made = source + torch.tensor([5.0, 0.0, -2.0]).view(3, 1, 1) / 255
    found = {
        name.removeprefix("domain/lr/"): float(value) for name, value in likeness("lr", made, real, source).items()
    }
    assert found["energy_made"] == pytest.approx(float(energy(made))) and found["energy_real"] == float(energy(real))
    assert found["energy_source"] == float(energy(source))
    assert found["contrast_made"] == float(contrast(made)) and found["contrast_source"] == float(contrast(source))
    assert [found[channel] for channel in ("red", "green", "blue")] == pytest.approx([5, 0, -2], abs=1e-3)
    wanted = 255 * (made.mean((0, 2, 3)) - real.mean((0, 2, 3)))
    assert [found[f"apart_{channel}"] for channel in ("red", "green", "blue")] == pytest.approx(
        wanted.tolist(), abs=1e-3
    )


def test_likeness_without_a_source_or_colours() -> None:
    assert set(likeness("hr", images(), images())) == {
        f"domain/hr/{name}" for name in ("energy_made", "energy_real", "apart_red", "apart_green", "apart_blue")
    }
    grey = images()[:, :1]
    assert set(likeness("lr", grey, grey, grey)) == {
        f"domain/lr/{name}"
        for name in ("energy_made", "energy_real", "energy_source", "contrast_made", "contrast_source")
    }


def test_change() -> None:
    before = torch.tensor([0.1, 0.2]).view(1, 1, 1, 2)
    after = torch.tensor([0.1 + 3 / 255, 0.2 - 5 / 255]).view(1, 1, 1, 2)
    ((name, value),) = change("cleaner", before, after).items()
    assert name == "change/cleaner" and float(value) == pytest.approx(4, rel=1e-5)
    with pytest.raises(AssertionError):
        change("cleaner", before, after[..., :1])


def test_reports_have_no_graph_and_leave_images_alone() -> None:
    made = images().requires_grad_()
    kept = made.detach().clone()
    report = likeness("lr", made, images(), made) | change("degrader", made, made)
    assert all(value.dim() == 0 and not value.requires_grad for value in report.values())
    assert torch.equal(made, kept) and not at_size(made, made).requires_grad
    assert not at_size(made, torch.rand(1, 3, 18, 22)).requires_grad


def test_at_size() -> None:
    small, large = torch.rand(1, 3, 4, 6), torch.rand(1, 3, 12, 18)
    assert torch.equal(at_size(small, small), small)
    assert torch.equal(at_size(large, small), reduce(large, 3)) and torch.equal(
        at_size(small, large), enlarge(small, 3)
    )
    for one, other in ((large, torch.rand(1, 3, 5, 6)), (torch.rand(1, 3, 4, 5), large)):
        with pytest.raises(AssertionError):
            at_size(one, other)


def test_a_network_that_only_blurs_loses_energy() -> None:
    sharp = images(side=16)
    report = likeness("lr", F.avg_pool2d(sharp, 3, 1, 1), sharp, sharp)
    assert float(report["domain/lr/energy_made"]) < 0.6 * float(report["domain/lr/energy_real"])
