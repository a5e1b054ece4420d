"""Who plays first, which images each judge sees, and what a contest calls what it reports."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import Tensor

from gansr.build.making import recipes as builders
from gansr.build.making.players import Casting, Ingredients
from gansr.data.batch import Paired, Unpaired
from gansr.options.load import validate

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Accelerate remembers its settings for the life of the process."""
    for one in (AcceleratorState, GradientState, PartialState):
        one._reset_state()
    yield


@pytest.fixture
def recipe(tree: Run) -> Run:
    def make(name: str, **changes: Any) -> Any:
        options = validate(tree(name, **changes), "run.yml")
        return builders.recipe(options, builders.ingredients(options), Accelerator(cpu=True))

    return make


def pair() -> Paired:
    random = torch.Generator().manual_seed(0)
    return Paired(torch.rand(2, 3, 8, 8, generator=random), torch.rand(2, 3, 16, 16, generator=random))


def sides(number: int = 0) -> Unpaired:
    random = torch.Generator().manual_seed(number)
    return Unpaired(torch.rand(2, 3, 16, 16, generator=random), torch.rand(2, 3, 8, 8, generator=random))


def order(one: Any, given: Any) -> list[str]:
    """Titles of the players in the order in which they moved."""
    moved: list[str] = []
    for player in dict.fromkeys(one.players):
        player.optimizer.register_step_post_hook(lambda *_, title=player.title: moved.append(title))
    one.step(given, 0)
    return moved


@pytest.mark.parametrize(("first", "expected"), [(None, "generator"), (False, "generator"), (True, "discriminator")])
def test_who_plays_first(recipe: Run, first: bool | None, expected: str) -> None:
    one = recipe("paired_gan", train__discriminator_first=first)
    moved = order(one, pair())
    assert sorted(moved) == ["discriminator", "generator"] and moved[0] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("learned_kernel_noise", ["degrader", "lr_discriminator", "generator"]),
        ("degradation_gan", ["lr_discriminator", "degrader", "generator"]),
        ("unpaired_cycle", ["generator", "hr_discriminator"]),
        ("pseudo_supervision", ["generator", "clean_discriminator"]),
        ("cincgan", ["generator", "clean_discriminator", "generator", "hr_discriminator"]),
        (
            "semi_cycle",
            ["lr_discriminator", "degrader", "hr_discriminator", "generator", "returned_discriminator", "sr_degrader"],
        ),
    ],
)
def test_every_recipe_has_its_sources_order(recipe: Run, name: str, expected: list[str]) -> None:
    assert order(recipe(name), sides()) == expected


def test_who_plays_second_meets_the_other_as_it_has_become(recipe: Run) -> None:
    """The generator's loss is that of the discriminator after its turn, if that came first."""
    found, plain = [], {"type": "patch", "features": 4, "layers": 1, "stride": 1, "kernel": 3, "norm": "none"}
    for first in (False, True):
        one = recipe("paired_gan", discriminator=plain, train__discriminator_first=first, train__discriminator_lr=0.05)
        found.append(one.step(pair(), 0)["loss/adversarial"].item())
        network = one.contest.discriminators.networks["discriminator"]
        if first:
            fresh = recipe("paired_gan", discriminator=plain)  # a generator that has not moved
            sr = fresh.contest.makers.networks["generator"](pair().lr)
            assert found[-1] == pytest.approx(torch.nn.functional.softplus(-network(sr)).mean().item(), rel=1e-4)
    assert found[0] != pytest.approx(found[1], rel=1e-2)


def test_each_judge_sees_its_own_images(recipe: Run) -> None:
    one, seen = recipe("unpaired_cycle", pool=None), {}
    for name, network in one.contest.discriminators.networks.items():
        network.register_forward_pre_hook(lambda _, given, name=name: seen.setdefault(name, []).append(given[0]))
    given = sides()
    with torch.no_grad():
        expected = {
            "hr_discriminator": (one.contest.makers.networks["generator"](given.real_lr), given.hr),
            "lr_discriminator": (one.contest.makers.networks["degrader"](given.hr).lr, given.real_lr),
        }
    one.step(given, 0)
    for name, (fake, real) in expected.items():
        makers_turn, shown, truth = (image.detach() for image in seen[name])
        torch.testing.assert_close(makers_turn, fake, rtol=0, atol=1e-6)
        assert torch.equal(shown, makers_turn) and torch.equal(truth, real)


def test_each_judge_has_a_pool_of_its_own(recipe: Run) -> None:
    one = recipe("pseudo_supervision", pool=2)
    assert set(one.memory) == {f"pool.{name}" for name in one.contest.judges} and len(one.memory) == 3
    for number in range(3):
        one.step(sides(number), number)
    stored = [one.memory[f"pool.{name}"].images for name in one.contest.judges]
    assert [len(images) for images in stored] == [2, 2, 2]
    assert stored[2][0].shape[-1] == 2 * stored[0][0].shape[-1] == 16
    assert not any(image.requires_grad for images in stored for image in images)


def test_several_scales_see_the_same_side(recipe: Run) -> None:
    one = recipe("unpaired_cycle", hr_discriminator={"type": "patch", "features": 4, "layers": 1, "scales": 2})
    assert one.contest.sides["hr_discriminator_2"] == one.contest.sides["hr_discriminator"] == ("real_sr", "hr")
    assert set(one.contest.discriminators.networks) == {"hr_discriminator", "hr_discriminator_2", "lr_discriminator"}


def test_titles_keep_reports_apart(recipe: Run) -> None:
    report = recipe("semi_cycle").step(sides(), 0)
    assert {"loss/pixel", "degrader/pixel", "returning/pixel", "returning/discriminator", "logit/real"} <= report.keys()
    assert len({report[name].item() for name in ("loss/pixel", "degrader/pixel", "returning/pixel")}) == 3
    assert {"logits/fake/hr_discriminator", "degrader/logits/fake", "returning/logits/real"} <= report.keys()


def test_averages_are_the_generators_and_its_cleaners(recipe: Run) -> None:
    one = recipe("pseudo_supervision")
    assert set(one.players[0].averages) == {"generator", "cleaner", "lr_degrader"}
    assert not any(player.averages for player in one.players[1:])


def test_a_degraders_own_rate(tree: Run) -> None:
    options = validate(
        tree("learned_kernel_noise", degrader__lr=0.25, train__lr=0.5, train__discriminator_lr=0.125), ""
    )
    made_of: Ingredients = builders.ingredients(options)
    casting = Casting(options, made_of, Accelerator(cpu=True), lambda rate: lambda p: torch.optim.SGD(p, lr=rate))
    one: Any = builders.BUILDERS["learned_kernel_noise"](casting)
    assert {player.title: player.rate for player in one.players} == {
        "generator": 0.5,
        "lr_discriminator": 0.125,
        "degrader": 0.25,
    }


def test_a_game_needs_the_judges_of_its_own_sides_alone(recipe: Run) -> None:
    """Two contests share no discriminator."""
    one: Any = recipe("cincgan")
    inner, outer = set(one.inner.discriminators.networks), set(one.outer.discriminators.networks)
    assert inner == {"clean_discriminator"} and outer == {"hr_discriminator"}
    images: dict[str, Tensor] = {"cleaned_lr": sides().real_lr, "lr": sides().real_lr.flip(-1)}
    shown = one.inner._shown("clean_discriminator", images)
    assert torch.equal(shown[0], images["cleaned_lr"]) and torch.equal(shown[1], images["lr"])
