"""PDM-SR's step: its turns as a textbook would write them, who gets which gradient, and exact resumption."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import Tensor, nn

from gansr.build.examining.check import examine
from gansr.build.making import recipes as builders
from gansr.data.batch import Unpaired
from gansr.errors import OptionsError
from gansr.models.degraders.degraded import kernel_width
from gansr.options.load import dump, validate
from gansr.recipes.unpaired.degrading import as_in_files
from gansr.training import state

Run = Callable[..., Any]
NAME = "learned_kernel_noise"


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Accelerate remembers its settings for the life of the process."""
    for one in (AcceleratorState, GradientState, PartialState):
        one._reset_state()
    yield


@pytest.fixture
def recipe(tree: Run) -> Run:
    """The recipe on one processor, last layers of its degrader shaken so that no noise is 0."""

    def make(accumulate: int = 1, **changes: Any) -> Any:
        options = validate(tree(NAME, **changes), "run.yml")
        made_of = builders.ingredients(options)
        shake(made_of.networks["degrader"])
        return builders.recipe(options, made_of, Accelerator(cpu=True, gradient_accumulation_steps=accumulate))

    return make


@torch.no_grad()
def shake(degrader: Any) -> None:
    torch.manual_seed(5)
    for part in (degrader.kernel_net, degrader.noise_net):
        part[-1].weight += 0.3 * torch.randn_like(part[-1].weight)


def batch(number: int, images: int = 2) -> Unpaired:
    random = torch.Generator().manual_seed(number)
    return Unpaired(torch.rand(images, 3, 16, 16, generator=random), torch.rand(images, 3, 8, 8, generator=random))


def networks(one: Any) -> dict[str, nn.Module]:
    return {name: network for player in one.players for name, network in player.networks.items()}


def weights(one: Any) -> dict[str, list[Tensor]]:
    return {name: [p.detach().clone() for p in network.parameters()] for name, network in networks(one).items()}


def moved(before: dict[str, list[Tensor]], after: dict[str, list[Tensor]]) -> set[str]:
    return {
        name for name in before if not all(torch.equal(a, b) for a, b in zip(before[name], after[name], strict=True))
    }


def test_it_is_a_plain_loop(recipe: Run) -> None:
    """Three turns in the source's order, each on the LR made at the beginning, with none of our players and tables."""
    rates = {"train__lr": 1e-3, "train__discriminator_lr": 2e-3, "degrader__lr": 3e-3}
    # Of centred noise some biases cancel out: their gradients are rounding, which Adam makes whole steps of.
    rates["degrader__centred"] = False
    one, twin = recipe(**rates), recipe(**rates)
    for mine, theirs in zip(networks(one).values(), networks(twin).values(), strict=True):
        theirs.load_state_dict(mine.state_dict())
    generator, discriminator, degrader = (networks(twin)[n] for n in ("generator", "lr_discriminator", "degrader"))
    adams = {
        network: torch.optim.Adam(network.parameters(), lr=rate)
        for network, rate in ((generator, 1e-3), (discriminator, 2e-3), (degrader, 3e-3))
    }

    def turn(network: nn.Module, loss: Tensor) -> None:
        for adam in adams.values():
            adam.zero_grad()
        loss.backward()
        adams[network].step()

    for number in range(3):
        given = batch(number)
        torch.manual_seed(number)
        report = one.step(given, number)
        torch.manual_seed(number)
        made = degrader(given.hr)
        lr = made.lr.detach()
        adversarial = (discriminator(made.lr) - 1).square().mean()
        noise_mean = made.noise.mean((2, 3)).square().mean()
        turn(degrader, adversarial + 100 * noise_mean)
        judged = (discriminator(lr).square().mean() + (discriminator(given.real_lr) - 1).square().mean()) / 2
        turn(discriminator, judged)
        pixel = (generator((lr.clamp(0, 1) * 255).round() / 255) - given.hr).abs().mean()
        turn(generator, pixel)
        expected = {
            "degrader/adversarial": adversarial / 2,  # ours has the half of the paper, and weight 2
            "degrader/noise_mean": noise_mean,
            "degrader/discriminator": judged,
            "loss/pixel": pixel,
            "degrader/kernel_width": kernel_width(made.kernel).mean(),
            "degrader/noise_level": 255 * made.noise.flatten(1).std(1).mean(),
        }
        assert {name: report[name].item() for name in expected} == pytest.approx(
            {name: value.item() for name, value in expected.items()}, rel=1e-4
        )
    for name, found in weights(one).items():
        for mine, theirs in zip(found, weights(twin)[name], strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6, msg=name)


def test_every_turn_moves_one_player(recipe: Run) -> None:
    one, order = recipe(), []
    before = weights(one)
    seen = dict(before)
    for player in one.players:
        (name,) = player.networks

        def look(*_: Any, name: str = name) -> None:
            now = weights(one)
            order.append((name, moved(seen, now)))
            seen.update(now)
            others = [p for p in one.players if name not in p.networks]
            assert all(p.grad is None and p.requires_grad for other in others for p in other.parameters)

        player.optimizer.register_step_post_hook(look)
    one.step(batch(0), 0)
    assert [name for name, _ in order] == ["degrader", "lr_discriminator", "generator"]
    assert all(found == {name} for name, found in order)


def test_the_generators_loss_does_not_reach_the_degrader(recipe: Run) -> None:
    """Whatever the generator learns from, the degrader moves alike."""
    found = []
    for pixel in ({"type": "l1"}, {"type": "l2", "weight": 1000.0}):
        one = recipe(losses={"pixel": pixel})
        torch.manual_seed(0)
        one.step(batch(0), 0)
        found.append(weights(one)["degrader"])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_the_generator_may_begin_later_and_the_degrader_end_earlier(recipe: Run) -> None:
    one = recipe(train__generator_start=1, degrader__steps=2)
    expected = [{"degrader", "lr_discriminator"}, {"degrader", "lr_discriminator", "generator"}, {"generator"}]
    for number, names in enumerate(expected):
        before = weights(one)
        report = one.step(batch(number), number)
        assert moved(before, weights(one)) == names
        assert ("loss/pixel" in report) == ("generator" in names)
        assert ("degrader/adversarial" in report) == ("degrader" in names)
        assert {"degrader/kernel_width", "degrader/noise_level"} <= report.keys()


def test_micro_batches_add_up(recipe: Run) -> None:
    """Nobody moves before the last micro-batch, and then by the mean of what both asked for."""
    one = recipe(accumulate=2)
    before = weights(one)
    prepared = [network for player in one.players for network in player.prepared.values()]
    accelerator = one.players[0].accelerator
    for number in range(2):
        with accelerator.accumulate(*prepared):
            one.step(batch(number), 0)
        assert moved(before, weights(one)) == (set(before) if number else set())


def test_the_pool_shows_older_images(recipe: Run) -> None:
    one, shown = recipe(pool=2), []
    discriminator = networks(one)["lr_discriminator"]
    discriminator.register_forward_pre_hook(lambda _, given: shown.append(given[0].detach().clone()))
    for number in range(8):
        torch.manual_seed(number)
        one.step(batch(number), number)
    made, pooled = shown[0::3], shown[1::3]  # the degrader's turn, the discriminator's fakes and reals
    assert torch.equal(made[0], pooled[0])
    earlier = [image for images in made for image in images]
    assert any(not torch.equal(a, b) for a, b in zip(made, pooled, strict=True))
    assert all(any(torch.equal(image, known) for known in earlier) for images in pooled for image in images)


def test_resume_is_bit_exact(recipe: Run, tmp_path: Path) -> None:
    """Pool, random numbers and optimizers go on; and without the pool the runs would part."""
    changes = {"pool": 3, "penalties": {"lecam": {"type": "lecam", "weight": 0.1}}}

    def steps(one: Any, numbers: range) -> list[dict[str, float]]:
        return [{k: v.item() for k, v in one.step(batch(n), n).items() if not v.dim()} for n in numbers]

    one = recipe(**changes)
    assert set(one.memory) == {"pool.lr_discriminator", "penalty.lr_discriminator.lecam"}
    torch.manual_seed(0)
    steps(one, range(5))
    accelerator = one.players[0].accelerator
    for name, content in state.collect(one, one.memory, accelerator, lambda _: {}).items():
        (tmp_path / name).write_bytes(content)
    expected = steps(one, range(5, 10))
    found: dict[bool, Any] = {}
    for forgets in (False, True):
        twin = recipe(seed=9, **changes)
        memory = {name: part for name, part in twin.memory.items() if not (forgets and name.startswith("pool"))}
        state.restore(tmp_path, twin, memory, accelerator)
        found[forgets] = steps(twin, range(5, 10))
    assert found[False] == expected
    assert found[True] != expected


def test_lr_as_in_files() -> None:
    given = torch.tensor([-0.2, 0.1, 0.5019, 1.3], requires_grad=True)
    found = as_in_files(given)
    assert not found.requires_grad
    assert (found * 255).tolist() == pytest.approx([0, 26, 128, 255])


def test_check(tree: Run) -> None:
    found = examine(validate(tree(NAME, pool=50), "run.yml"))
    assert found.parameters.keys() == {"generator", "lr_discriminator", "degrader"}
    assert found.activations > 0
    default = tree(NAME)
    del default["degrader"], default["lr_discriminator"]
    options = validate(default, "run.yml")
    assert examine(options).parameters["degrader"] > 600_000
    assert "start" not in dump(options).partition("degrader:")[2].partition("losses")[0]


def test_a_free_form_degrader(tree: Run) -> None:
    """It makes no noise to speak of: rows about noise are refused, and colours are held by the bicubic LR."""
    changes: dict[str, Any] = {"degrader": {"type": "dsgan", "features": 4, "blocks": 1}}
    with pytest.raises(OptionsError, match=r"degrader_losses\.noise_mean|needs 'noise'"):
        examine(validate(tree(NAME, **changes), "run.yml"))
    changes["degrader_losses"] = {
        "adversarial": {"type": "vanilla", "weight": 0.005},
        "colour": {"type": "l1", "through": [{"type": "low_pass"}]},
    }
    changes["lr_discriminator__through"] = [{"type": "high_pass"}]
    assert examine(validate(tree(NAME, **changes), "run.yml")).activations > 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"losses__adversarial": {"type": "hinge"}}, r"losses\.adversarial: .* degrader_losses"),
        ({"degrader_losses": {"noise": {"type": "noise_mean"}}}, r"degrader_losses\.adversarial is missing"),
        ({"data__train__real_lr": None}, r"data\.train\.real_lr is missing"),
        ({"train__discriminator_steps": 2}, "generator_start"),
        ({"train__generator_start": 6}, "less than steps"),
        ({"degrader__kernel": 4}, r"degrader \(type kernel_noise\): kernel is 4"),
        ({"degrader__type": "kernel_nois"}, "Did you mean 'kernel_noise'"),
        ({"losses__noise": {"type": "noise_mean"}}, r"losses\.noise: there is no type 'noise_mean'"),
    ],
    ids=str,
)
def test_mistakes(tree: Run, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        examine(validate(tree(NAME, **changes), "run.yml"))


@pytest.mark.parametrize("objective", ["least_squares", "vanilla", "relativistic_average"])
def test_losses_count_where_made_lr_looks_real(recipe: Run, objective: str) -> None:
    """DASR's map: the discriminator's opinion of what the generator gets, after its turn, enlarged."""
    rows = {"adversarial": {"type": objective}, "noise_mean": {"type": "noise_mean"}}
    one = recipe(
        losses={"pixel": {"type": "l1", "where": {"type": "domain_distance"}}}, degrader_losses=rows, train__ema=None
    )
    seen: list[Tensor] = []
    generator, discriminator = networks(one)["generator"], networks(one)["lr_discriminator"]
    generator.register_forward_hook(lambda _, given, sr: seen.extend([given[0], sr.detach()]))
    given = batch(0)
    torch.manual_seed(0)
    with torch.no_grad():
        discriminator.model[-1].bias += 0.4
    report = one.step(given, 0)
    (lr, sr) = seen
    with torch.no_grad():
        logits = discriminator(lr)
        if objective == "relativistic_average":
            logits = logits - discriminator(given.real_lr).mean()
    belief = logits.clamp(0, 1) if objective == "least_squares" else torch.sigmoid(logits)
    assert 0.1 < belief.mean() < 0.9
    weights = nn.functional.interpolate(belief, (16, 16), mode="bilinear", align_corners=False)
    torch.testing.assert_close(report["loss/pixel"], (weights * (sr - given.hr).abs()).mean(), rtol=1e-4, atol=1e-6)
    assert all(p.requires_grad for p in discriminator.parameters())
