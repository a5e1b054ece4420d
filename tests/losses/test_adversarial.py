"""Every objective, both players, with numbers worked out by hand."""

from math import exp, log

import pytest
import torch

from gansr.losses import ADVERSARIAL

# Means: fake 1, real -1.
FAKE = torch.tensor([2.0, 0.0], dtype=torch.float64)
REAL = torch.tensor([-3.0, 1.0], dtype=torch.float64)


def soft(x: float) -> float:
    return log(1 + exp(x))


# Relative logits: fake - mean real = 3, 1; real - mean fake = -4, 0.
BY_HAND = {
    "vanilla": ((soft(-2) + soft(0)) / 2, (soft(2) + soft(0)) / 2 + (soft(3) + soft(-1)) / 2),
    # G: ((2-1)^2 + (0-1)^2)/2/2; D: half of (4+0)/2 plus half of (16+0)/2
    "least_squares": (0.5, 1.0 + 4.0),
    # D: (3 + 1)/2 + (4 + 0)/2
    "hinge": (-1.0, 2.0 + 2.0),
    "wasserstein": (-1.0, 1.0 - -1.0),
    "relativistic_average": (
        ((soft(-3) + soft(-1)) / 2 + (soft(-4) + soft(0)) / 2) / 2,
        ((soft(3) + soft(1)) / 2 + (soft(4) + soft(0)) / 2) / 2,
    ),
    # G: fake should be +1: (4 + 0)/2; real should be -1: (9 + 1)/2. D: fake (16 + 4)/2, real (25 + 1)/2
    "relativistic_average_least_squares": ((2.0 + 5.0) / 2, (10.0 + 13.0) / 2),
    # G: max(0, 1-3), max(0, 1-1) -> 0; max(0, 1-4), max(0, 1+0) -> 1/2. D: (4 + 2)/2; (5 + 1)/2
    "relativistic_average_hinge": ((0.0 + 0.5) / 2, (3.0 + 3.0) / 2),
}


def test_all_of_them_are_here() -> None:
    assert BY_HAND.keys() == ADVERSARIAL.keys()


@pytest.mark.parametrize("name", BY_HAND)
def test_worked_out_by_hand(name: str) -> None:
    objective, (generator, discriminator) = ADVERSARIAL[name](), BY_HAND[name]
    assert objective.generator(FAKE, REAL).item() == pytest.approx(generator, abs=1e-12)
    assert objective.discriminator(FAKE, REAL).item() == pytest.approx(discriminator, abs=1e-12)


@pytest.mark.parametrize("name", BY_HAND)
def test_gradients_are_true_and_the_players_are_opponents(name: str) -> None:
    objective = ADVERSARIAL[name]()
    draw = torch.Generator().manual_seed(0)
    fake, real = (
        torch.rand(2, 1, 3, 3, dtype=torch.float64, generator=draw, requires_grad=True) for _ in range(2)
    )  # between 0 and 1, the targets of least squares
    assert torch.autograd.gradcheck(objective.generator, (fake, real))
    assert torch.autograd.gradcheck(objective.discriminator, (fake, real))
    (up,) = torch.autograd.grad(objective.generator(fake, real), fake)
    down, lift = torch.autograd.grad(objective.discriminator(fake, real), (fake, real))
    assert up.sum() < 0 < down.sum() and lift.sum() < 0


@pytest.mark.parametrize("name", [name for name in ADVERSARIAL if name.startswith("relativistic")])
def test_gradients_flow_through_the_means(name: str) -> None:
    """One logit on each side sees only the other's mean: a detached mean would leave its gradient at zero."""
    objective = ADVERSARIAL[name]()
    assert objective.relativistic
    fake, real = (torch.tensor([value], dtype=torch.float64, requires_grad=True) for value in (0.3, -0.2))
    to_fake, to_real = torch.autograd.grad(objective.generator(fake, real), (fake, real))
    # The loss depends on fake - real alone, so the gradients are opposite only if both means carry theirs.
    assert to_fake.item() == pytest.approx(-to_real.item()) and to_fake.item() < 0
    assert to_fake.item() == pytest.approx(_slope(objective, 0.3, -0.2), rel=1e-6)


def _slope(objective, fake: float, real: float, step: float = 1e-6) -> float:
    def value(x: float) -> float:
        return objective.generator(*(torch.tensor([v], dtype=torch.float64) for v in (x, real))).item()

    return (value(fake + step) - value(fake - step)) / (2 * step)


def test_a_generator_that_looks_at_fakes_alone_needs_no_reals() -> None:
    for make in ADVERSARIAL.values():
        objective = make()
        if not objective.relativistic:
            assert objective.generator(FAKE) == objective.generator(FAKE, REAL)
        else:
            with pytest.raises(AssertionError, match="ground truth"):
                objective.generator(FAKE)
