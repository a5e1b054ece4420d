"""The steps themselves: golden numbers, who moves in whose turn, and every objective with every discriminator."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import Tensor, nn

from gansr.build.making import recipes as builders
from gansr.data.batch import Paired
from gansr.errors import OptionsError
from gansr.losses import ADVERSARIAL
from gansr.models.discriminators import DISCRIMINATORS
from gansr.options.load import validate

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Accelerate remembers its settings for the life of the process."""
    for state in (AcceleratorState, GradientState, PartialState):
        state._reset_state()
    yield


@pytest.fixture
def recipe(tree: Run) -> Run:
    """A recipe on one processor, its networks with the weights that the seed draws."""

    def make(name: str = "paired_gan", **changes: Any) -> Any:
        options = validate(tree(name, **changes), "run.yml")
        made_of = builders.ingredients(options)
        return builders.recipe(options, made_of, Accelerator(cpu=True))

    return make


def batch(number: int, images: int = 2, crop: int = 16) -> Paired:
    """Smooth images that are computed, not drawn: the same with every version of everything."""
    rows, columns = torch.meshgrid(torch.arange(crop) / crop, torch.arange(crop) / crop, indexing="ij")
    waves = [
        torch.sin(3 * rows * (i + 1) + k + number) * torch.cos(5 * columns + i * k)
        for i in range(images)
        for k in range(3)
    ]
    hr = 0.5 + 0.4 * torch.stack(waves).view(images, 3, crop, crop)
    return Paired(lr=nn.functional.avg_pool2d(hr, 2), hr=hr)


@torch.no_grad()
def compute_weights(network: nn.Module) -> None:
    """Weights that are computed, not drawn."""
    for number, (name, tensor) in enumerate(sorted(network.state_dict().items())):
        if tensor.is_floating_point() and tensor.ndim > 1:
            waves = torch.sin(torch.arange(tensor.numel(), dtype=torch.float64) * 1.7 + number)
            tensor.copy_(waves.view(tensor.shape) * (2 / tensor[0].numel()) ** 0.5)
        elif tensor.is_floating_point() and name.endswith(("_u", "_v")):
            tensor.copy_(torch.ones_like(tensor) / len(tensor) ** 0.5)


GOLDEN: dict[str, list[dict[str, float]]] = {
    "paired": [
        {"loss/pixel": 0.018224461, "loss/second": 0.0183136},
        {"loss/pixel": 0.02016548, "loss/second": 0.020233606},
        {"loss/pixel": 0.01879074, "loss/second": 0.018870077},
        {"loss/pixel": 0.017773212, "loss/second": 0.017857236},
    ],
    "vanilla": [
        {"loss/pixel": 0.018224461, "loss/adversarial": 0.6923983, "loss/discriminator": 1.3862112},
        {"loss/pixel": 0.020196128, "loss/adversarial": 0.69861158, "loss/discriminator": 1.3861468},
        {"loss/pixel": 0.018806011, "loss/adversarial": 0.68328967, "loss/discriminator": 1.3843451},
        {"loss/pixel": 0.017548287, "loss/adversarial": 0.67549937, "loss/discriminator": 1.3852019},
    ],
    "relativistic_average": [
        {"loss/pixel": 0.018224461, "loss/adversarial": 0.69346173, "loss/discriminator": 0.69298632},
        {"loss/pixel": 0.020188389, "loss/adversarial": 0.69438204, "loss/discriminator": 0.6921271},
        {"loss/pixel": 0.018795632, "loss/adversarial": 0.69684293, "loss/discriminator": 0.69024556},
        {"loss/pixel": 0.017570129, "loss/adversarial": 0.69944419, "loss/discriminator": 0.68919881},
    ],
}
"""Four steps of `golden_steps`: the pixel loss alone, and with two objectives."""


COLOURS = {"colour/red", "colour/green", "colour/blue"}
GAME: dict[str, Any] = {"discriminator": {"type": "patch", "features": 4, "layers": 1, "norm": "none"}}


def steps(recipe: Any, count: int = 4) -> list[dict[str, float]]:
    for player in recipe.players:
        for network in player.networks.values():
            compute_weights(network)
    return [
        {name: value.item() for name, value in recipe.step(batch(number), number).items() if not value.dim()}
        for number in range(count)
    ]


def golden_steps(tree: Run, objective: str | None) -> list[dict[str, float]]:
    """Four steps in float64, where the order in which a processor adds is of no account."""
    changes: dict[str, Any] = {"train__lr": 0.01, "train__clip": 0.05}
    changes["losses__second"] = {"type": "charbonnier", "weight": 0.5}
    gan = GAME | {"losses__adversarial": {"type": objective, "weight": 0.1}}
    options = validate(tree("paired_gan", **changes, **gan) if objective else tree(**changes), "run.yml")
    made_of = builders.ingredients(options)
    for network in made_of.networks.values():
        compute_weights(network.double())
    recipe = builders.recipe(options, made_of, Accelerator(cpu=True))
    batches = (batch(number) for number in range(4))
    doubled = (Paired(lr=one.lr.double(), hr=one.hr.double()) for one in batches)
    return [
        {name: value.item() for name, value in recipe.step(one, number).items() if not value.dim()}
        for number, one in enumerate(doubled)
    ]


@pytest.mark.parametrize("objective", [None, "vanilla", "relativistic_average"])
def test_golden_numbers(tree: Run, objective: str | None) -> None:
    """A change of these numbers is a change of what is trained: explain it, or take it back."""
    found = golden_steps(tree, objective)
    golden = GOLDEN[objective or "paired"]
    assert len(found) == len(golden)
    for line, expected in zip(found, golden, strict=True):
        assert {name: line[name] for name in expected} == pytest.approx(expected, rel=1e-5)


def test_the_golden_numbers_are_those_of_a_plain_loop(tree: Run) -> None:
    """The game as a textbook writes it, with none of our players, tables and accelerators."""
    options = validate(tree("paired_gan", discriminator=GAME["discriminator"]), "run.yml")
    networks = builders.ingredients(options).networks
    generator, discriminator = (networks[name].double() for name in ("generator", "discriminator"))
    compute_weights(generator)
    compute_weights(discriminator)
    adams = [torch.optim.Adam(network.parameters(), lr=0.01) for network in (generator, discriminator)]
    softplus = nn.functional.softplus

    def turn(number: int, loss: Tensor) -> None:
        adams[0].zero_grad()
        adams[1].zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_((generator, discriminator)[number].parameters(), 0.05)
        adams[number].step()

    for number, golden in enumerate(GOLDEN["vanilla"]):
        lr, hr = (image.double() for image in (batch(number).lr, batch(number).hr))
        sr = generator(lr)
        pixel, adversarial = (sr - hr).abs().mean(), softplus(-discriminator(sr)).mean()
        turn(0, pixel + 0.5 * ((sr - hr).square() + 1e-6).sqrt().mean() + 0.1 * adversarial)
        judged = softplus(discriminator(sr.detach())).mean() + softplus(-discriminator(hr)).mean()
        turn(1, judged)
        assert [term.item() for term in (pixel, adversarial, judged)] == pytest.approx(list(golden.values()), rel=1e-6)


def test_report(recipe: Run) -> None:
    """Every term by its role, not weighted, and what the discriminator says."""
    one = recipe(losses__pixel={"type": "l1", "weight": 1e-3})
    (line,) = steps(one, 1)
    losses = {"loss/pixel", "loss/adversarial", "loss/discriminator"}
    assert line.keys() - COLOURS == losses | {"logit/fake", "logit/real", "discriminator/accuracy"}
    twin = recipe("paired")
    (other,) = steps(twin, 1)
    assert line["loss/pixel"] == other["loss/pixel"]
    assert other.keys() == {"loss/pixel"} | COLOURS


def test_the_terms_are_those_of_the_objective(recipe: Run) -> None:
    """Before anything has moved, the first report can be computed by hand."""
    one = recipe(**GAME)
    generator, discriminator = (next(iter(player.networks.values())) for player in one.players)
    first = batch(0)
    with torch.no_grad():
        sr = generator(first.lr)
        fake, real = discriminator(sr), discriminator(first.hr)
    report = one.step(first, 0)
    torch.testing.assert_close(report["loss/pixel"], (sr - first.hr).abs().mean())
    torch.testing.assert_close(report["loss/adversarial"], nn.functional.softplus(-fake).mean())
    expected = nn.functional.softplus(fake).mean() + nn.functional.softplus(-real).mean()
    torch.testing.assert_close(report["loss/discriminator"], expected)
    torch.testing.assert_close(report["logit/fake"], fake.mean())
    torch.testing.assert_close(report["logit/real"], real.mean())


def generator_gradient(recipe: Any) -> list[Tensor]:
    """The gradient of the generator in its turn, caught before it is used up."""
    player, caught = recipe.players[0], []
    player.optimizer.register_step_pre_hook(lambda *_: caught.extend(p.grad.clone() for p in player.parameters))
    recipe.step(batch(0), 0)
    return caught


def test_the_generators_gradient_is_the_weighted_sum(recipe: Run) -> None:
    """Linear in the adversarial weight, and the pixel loss alone without it."""
    gradients = {
        weight: generator_gradient(recipe(losses__adversarial={"type": "vanilla", "weight": weight}))
        for weight in (0.0, 1.0, 2.0)
    }
    alone = generator_gradient(recipe("paired"))
    for none, one, two, pixel in zip(*gradients.values(), alone, strict=True):
        torch.testing.assert_close(none, pixel)
        torch.testing.assert_close(two - none, 2 * (one - none), rtol=1e-4, atol=1e-6)
    assert any((one - none).abs().max() > 1e-4 for none, one in zip(gradients[0.0], gradients[1.0], strict=True))


def test_in_the_generators_turn_the_discriminator_stands_still(recipe: Run) -> None:
    one = recipe()
    generator, discriminator = one.players
    before = [p.detach().clone() for p in discriminator.parameters]
    seen: list[bool] = []

    def look(*_: Any) -> None:
        still = all(torch.equal(a, b) for a, b in zip(before, discriminator.parameters, strict=True))
        seen.append(still and all(p.grad is None and p.requires_grad for p in discriminator.parameters))

    generator.optimizer.register_step_post_hook(look)
    one.step(batch(0), 0)
    assert seen == [True]
    assert not all(torch.equal(a, b) for a, b in zip(before, discriminator.parameters, strict=True)), "then it moves"


def test_in_the_discriminators_turn_the_generator_stands_still(recipe: Run) -> None:
    one = recipe()
    generator = one.players[0]
    after_its_turn: list[Tensor] = []
    generator.optimizer.register_step_post_hook(
        lambda *_: after_its_turn.extend(p.detach().clone() for p in generator.parameters)
    )
    one.step(batch(0), 0)
    assert all(torch.equal(a, b) for a, b in zip(after_its_turn, generator.parameters, strict=True))
    assert all(p.grad is None for p in generator.parameters)


def test_the_discriminators_gradient_knows_nothing_of_the_generators_turn(recipe: Run) -> None:
    """Gradients stay between micro-batches that accumulate: the generator's turn must add none to the other's."""
    gradients = []
    for weight in (0.1, 100.0):
        one = recipe(losses__adversarial={"type": "hinge", "weight": weight}, train__lr=1e-12)
        player, caught = one.players[1], []
        player.optimizer.register_step_pre_hook(
            lambda *_, caught=caught, player=player: caught.extend(p.grad.clone() for p in player.parameters)
        )
        one.step(batch(0), 0)
        gradients.append(caught)
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


@pytest.mark.parametrize("discriminator", DISCRIMINATORS)
@pytest.mark.parametrize("objective", ADVERSARIAL)
def test_every_objective_with_every_discriminator(recipe: Run, objective: str, discriminator: str) -> None:
    sizes = {
        "patch": {"layers": 1},
        "projected": {"network_weights": "random"},
        "spectral_residual": {"input_size": 16},
    }
    small = sizes.get(discriminator, {})
    one = recipe(
        losses__adversarial={"type": objective, "weight": 0.1},
        discriminator={"type": discriminator, "features": 2, **small},
    )
    before = [[p.detach().clone() for p in player.parameters] for player in one.players]
    for number in range(2):
        report = one.step(batch(number), number)
        assert {name for name, value in report.items() if value.dim()} == {"logits/fake", "logits/real"}
        assert all(value.isfinite().all() for value in report.values()), report
    for start, player in zip(before, one.players, strict=True):
        assert all(p.isfinite().all() for p in player.parameters)
        assert any(not torch.equal(a, b) for a, b in zip(start, player.parameters, strict=True))


def test_a_loss_that_weighs_nothing_is_not_computed(recipe: Run) -> None:
    one = recipe("paired", losses={"pixel": {"type": "l1"}, "other": {"type": "l2", "weight": 0}})
    assert steps(one, 1)[0].keys() - COLOURS == {"loss/pixel"}


def test_rates_of_the_two_players(recipe: Run) -> None:
    one = recipe(train__lr=1e-3, train__discriminator_lr=4e-3)
    for player in one.players:
        player.pace(0.5)
    assert [player.optimizer.param_groups[0]["lr"] for player in one.players] == pytest.approx([5e-4, 2e-3])
    assert [player.rate for player in recipe().players] == [1e-3, 1e-3]


def test_only_the_generator_is_averaged(recipe: Run) -> None:
    generator, discriminator = recipe().players
    assert generator.averages.keys() == {"generator"} and discriminator.averages == {}


def test_a_content_loss_leaves_its_features_alone(recipe: Run) -> None:
    content = {"type": "vgg19", "weights": "random", "layers": {"conv1_2": 1.0}}
    one = recipe("paired", losses__content=content)
    features = one.losses["content"].loss.lens
    before = [p.clone() for p in features.parameters()]
    assert not any(p.requires_grad for p in before)
    steps(one, 2)
    assert all(torch.equal(a, b) for a, b in zip(before, features.parameters(), strict=True))


def test_nothing_to_learn_from(recipe: Run) -> None:
    with pytest.raises(OptionsError, match="every row weighs 0"):
        recipe("paired", losses={"pixel": {"type": "l1", "weight": 0}}).step(batch(0), 0)


def test_seed(recipe: Run) -> None:
    one, same, other = (recipe(seed=seed).players[0].parameters for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
