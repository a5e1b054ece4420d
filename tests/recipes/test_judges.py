"""Several discriminators, what they see, penalties, and when the game begins."""

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
from gansr.options.load import validate
from gansr.recipes.judges import Judge, Penalty, logits, verdicts

Run = Callable[..., Any]
PATCH = {"type": "patch", "features": 4, "layers": 1, "norm": "none"}


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    for state in (AcceleratorState, GradientState, PartialState):
        state._reset_state()
    yield


@pytest.fixture
def recipe(tree: Run) -> Run:
    def make(**changes: Any) -> Any:
        options = validate(tree("paired_gan", **({"discriminator": PATCH} | changes)), "run.yml")
        return builders.recipe(options, builders.ingredients(options), Accelerator(cpu=True))

    return make


def batch(images: int = 2, crop: int = 16) -> Paired:
    hr = torch.rand(images, 3, crop, crop, generator=torch.Generator().manual_seed(0))
    return Paired(lr=nn.functional.avg_pool2d(hr, 2), hr=hr)


def moved(recipe: Any, step: int = 0) -> tuple[list[bool], dict[str, Tensor]]:
    """Which players a step moves, and its report."""
    before = [[p.detach().clone() for p in player.parameters] for player in recipe.players]
    report = recipe.step(batch(), step)
    pairs = zip(before, recipe.players, strict=True)
    return [any(not torch.equal(a, b) for a, b in zip(old, player.parameters, strict=True)) for old, player in pairs], {
        name: value.detach() for name, value in report.items()
    }


@pytest.mark.parametrize(
    ("train", "step", "expected"),
    [
        ({"train__discriminator_steps": 2}, 0, [False, True]),
        ({"train__discriminator_steps": 2}, 1, [True, True]),
        ({"train__discriminator_start": 3}, 2, [True, False]),
        ({"train__discriminator_start": 3}, 3, [True, True]),
        ({"train__generator_start": 3}, 2, [False, True]),
    ],
)
def test_whose_turn(recipe: Run, train: dict[str, int], step: int, expected: list[bool]) -> None:
    found, report = moved(recipe(**train), step)
    assert found == expected
    assert ("loss/adversarial" in report) == all(expected)
    assert ("loss/discriminator" in report) == expected[1]


def test_an_adversarial_weight_that_ramps_up(recipe: Run) -> None:
    """At 0 the generator learns from pixels alone, while the discriminator practises already."""
    ramp = {"from": 0.0, "to": 0.2, "over": 10}
    one = recipe(losses__adversarial={"type": "vanilla", "weight": ramp})
    assert "loss/adversarial" not in moved(one, 0)[1]
    assert "loss/discriminator" in moved(one, 0)[1]
    assert "loss/adversarial" in moved(one, 5)[1]
    weights = [one.losses.weighted({"adversarial": torch.tensor(1.0)}, step) for step in (1, 5, 10, 99)]
    assert [w["adversarial"].item() for w in weights] == pytest.approx([0.02, 0.1, 0.2, 0.2])


def test_two_judges_add_up(recipe: Run) -> None:
    """With equal networks, two judges of shares 1 and 3 are one judge four times."""
    both = {"one": PATCH, "two": PATCH | {"share": 3.0}}
    two = recipe(discriminator=None, discriminators=both)
    assert two.contest.discriminators.networks.keys() == {"one", "two"}
    two.contest.discriminators.networks["two"].load_state_dict(two.contest.discriminators.networks["one"].state_dict())
    sr, hr = batch().hr.flip(-1), batch().hr
    value, maps = two.contest._convince({"sr": sr, "hr": hr}, wants_maps=True)
    alone = nn.functional.softplus(-two.contest.discriminators.networks["one"](sr)).mean()
    torch.testing.assert_close(value, 4 * alone)
    assert len(maps["fake_maps"]) == len(maps["real_maps"]) > 0
    found, report = moved(two)
    assert found == [True, True]
    assert {"logit/fake", "logit/fake/one", "discriminator/accuracy/two"} <= report.keys()


def test_scales_are_several_networks(recipe: Run) -> None:
    one = recipe(discriminator=PATCH | {"scales": 2}, data__train__crop=32)
    assert one.contest.discriminators.networks.keys() == {"discriminator", "discriminator_2"}
    (full,), (half,) = (
        one.contest.judges[name].see(batch(crop=32).hr) for name in ("discriminator", "discriminator_2")
    )
    assert full.shape[-2:] == (32, 32) and half.shape[-2:] == (16, 16)
    torch.testing.assert_close(half, nn.functional.avg_pool2d(full, 2))


def test_a_judge_of_wavelet_bands_sees_no_mean(recipe: Run) -> None:
    one = recipe(discriminator=PATCH | {"in_channels": 9, "through": [{"type": "wavelet"}]})
    hr = batch().hr
    (seen,), (shifted,) = (
        one.contest.judges["discriminator"].see(hr),
        one.contest.judges["discriminator"].see(hr + 0.25),
    )
    assert seen.shape[1] == 9
    torch.testing.assert_close(seen, shifted)
    assert moved(one)[0] == [True, True]


def test_augmentation_changes_both_alike() -> None:
    offsets = iter((0.1, 0.2))

    def brighten(*images: Tensor) -> tuple[Tensor, ...]:
        offset = next(offsets)
        return tuple(image + offset for image in images)

    judge = Judge(augment=(brighten,), views=(lambda image: 2 * image,))
    zero, one = judge.see(torch.zeros(1), torch.ones(1))
    torch.testing.assert_close(torch.cat([zero, one]), torch.tensor([0.2, 2.2]))
    torch.testing.assert_close(judge.see(torch.zeros(1))[0], torch.tensor([0.4]))


def test_lazy_penalties_make_up_for_the_steps_between() -> None:
    judge = Judge(penalties={"r1": Penalty(lambda *_: torch.tensor(1.0), weight=10.0, every=16)})
    images = (torch.zeros(1), torch.zeros(1))
    due = {step: judge.restrained(lambda x: x, images, images, step) for step in range(33)}
    assert [step for step, found in due.items() if found] == [0, 16, 32]
    assert due[16]["r1"][0] == 160.0


@pytest.mark.parametrize("penalty", ["r1", "r2", "wgan_gp", "lecam"])
def test_penalties_restrain_the_discriminator(recipe: Run, penalty: str) -> None:
    """A heavy penalty takes part in the discriminator's one backward, and is reported by its name."""
    one = recipe(penalties={"calm": {"type": penalty, "weight": 10.0}})
    found, report = moved(one)
    assert found == [True, True]
    assert report["penalty/calm"].isfinite() and report["penalty/calm"] >= 0
    assert bool(one.memory) == (penalty == "lecam")
    plain, calm = recipe(), recipe(penalties={"calm": {"type": penalty, "weight": 1e3}})
    gradients = []
    for each in (plain, calm):
        caught: list[Tensor] = []
        player = each.players[1]
        player.optimizer.register_step_pre_hook(
            lambda *_, caught=caught, player=player: caught.extend(
                torch.zeros(1) if p.grad is None else p.grad.clone() for p in player.parameters
            )
        )
        for step in range(3):
            each.step(batch(), step)
        gradients.append(caught)
    assert any(not torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def test_feature_matching(recipe: Run) -> None:
    one = recipe(losses__matching={"type": "feature_matching", "weight": 1.0})
    found, report = moved(one)
    assert found == [True, True] and report["loss/matching"] > 0
    early = recipe(losses__matching={"type": "feature_matching"}, train__discriminator_start=3)
    assert "loss/matching" not in moved(early, 0)[1]


def test_feature_matching_needs_a_game(tree: Run) -> None:
    options = validate(tree("paired", losses__matching={"type": "feature_matching"}), "run.yml")
    one = builders.recipe(options, builders.ingredients(options), Accelerator(cpu=True))
    with pytest.raises(OptionsError, match=r"losses.matching .* needs 'fake_maps', .* recipe: paired_gan"):
        one.step(batch(), 0)


def test_accuracy() -> None:
    fake, real = torch.tensor([[0.0, 2.0, 1.0, 5.0]]), torch.tensor([[1.0, 1.0, 1.0, 9.0]])
    report = verdicts({"discriminator": fake}, {"discriminator": real})
    assert {name: value.item() for name, value in report.items()} == {
        "logit/fake": 2.0,
        "logit/real": 3.0,
        "discriminator/accuracy": 0.5,
    }


def test_logits_are_told_whole() -> None:
    fake, real = torch.tensor([[0.0, 2.0]], requires_grad=True), torch.ones(1, 1, 3, 3)
    report = logits({"discriminator": fake}, {"discriminator": real})
    assert report.keys() == {"logits/fake", "logits/real"}
    assert report["logits/fake"].tolist() == [[0, 2]] and not report["logits/fake"].requires_grad
    assert report["logits/real"] is not real and torch.equal(report["logits/real"], real)
    several = logits({"one": fake, "two": fake + 1}, {"one": real, "two": real})
    assert several.keys() == {f"logits/{side}/{name}" for side in ("fake", "real") for name in ("one", "two")}
    assert several["logits/fake/two"].tolist() == [[1, 3]]


def test_a_judges_share_counts_for_its_penalties_too(recipe: Run) -> None:
    """With shares 1 and 3 the discriminators' gradients are as 1 to 3, when all they have is a penalty."""
    both = {"one": PATCH, "two": PATCH | {"share": 3.0}}
    two = recipe(discriminator=None, discriminators=both, penalties={"calm": {"type": "r1", "weight": 1e6}})
    networks = two.contest.discriminators.networks
    networks["two"].load_state_dict(networks["one"].state_dict())
    caught: list[Tensor] = []
    two.contest.discriminators.optimizer.register_step_pre_hook(
        lambda *_: caught.extend(next(network.parameters()).grad.clone() for network in networks.values())
    )
    two.step(batch(), 0)
    torch.testing.assert_close(caught[1], 3 * caught[0], rtol=1e-3, atol=1e-3 * caught[0].abs().max().item())


def test_penalties_are_taken_in_full_precision(tree: Run) -> None:
    """In bf16 the discriminator's own turn is cast, and what penalties look at is not."""
    dtypes: list[torch.dtype] = []

    def measure(judge: Callable[[Tensor], Tensor], fake: Tensor, real: Tensor, *_: Tensor) -> Tensor:
        return judge(real).square().mean()

    options = validate(tree("paired_gan", discriminator=PATCH), "run.yml")
    one = builders.recipe(options, builders.ingredients(options), Accelerator(cpu=True, mixed_precision="bf16"))
    one.contest.judges = {"discriminator": Judge(penalties={"own": Penalty(measure, 1.0)})}
    convolution = one.contest.discriminators.networks["discriminator"].model[0]
    convolution.register_forward_hook(lambda _, __, out: dtypes.append(out.dtype))
    one.step(batch(), 0)
    assert dtypes == [torch.bfloat16, torch.bfloat16, torch.bfloat16, torch.float32]
    one.step(batch(), 1)
    assert dtypes[4:] == dtypes[:4], "the cast is back afterwards"


@pytest.mark.parametrize(("penalty", "compiled"), [("r1", False), (None, True)])
def test_the_gradient_of_a_gradient_needs_an_eager_network(
    recipe: Run, monkeypatch: pytest.MonkeyPatch, penalty: str | None, compiled: bool
) -> None:
    asked: list[nn.Module] = []

    def compile_network(network: nn.Module, dynamic: bool) -> None:
        asked.append(network)

    monkeypatch.setattr(nn.Module, "compile", compile_network)
    one = recipe(train__compile=True, penalties={"calm": {"type": penalty}} if penalty else {})
    assert (one.contest.discriminators.networks["discriminator"] in asked) == compiled
    assert one.contest.makers.networks["generator"] in asked


def test_diagnosis_waits_for_the_generators_turn(recipe: Run) -> None:
    one = recipe(train__diagnose_every=4, train__discriminator_steps=2)
    diagnosed = [step for step in range(10) if "gradient/pixel" in moved(one, step)[1]]
    assert diagnosed == [1, 5, 9]


def test_diagnosis_measures_each_loss(recipe: Run) -> None:
    one = recipe(train__diagnose_every=2)
    reports = [moved(one, step)[1] for step in range(2)]
    assert {"gradient/pixel", "gradient/adversarial"} <= reports[0].keys()
    assert not any(name.startswith("gradient") for name in reports[1])
