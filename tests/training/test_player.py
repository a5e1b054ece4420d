"""A player's turn: whose gradients, how many micro-batches, how long a step."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import nn

from gansr.training.optimizers import OPTIMIZERS, adam, adamw
from gansr.training.optimizers import sgd as momentum_sgd
from gansr.training.player import Player


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    """Accelerate remembers its settings for the life of the process."""
    for state in (AcceleratorState, GradientState, PartialState):
        state._reset_state()
    yield


def accelerator(accumulate: int = 1) -> Accelerator:
    return Accelerator(cpu=True, gradient_accumulation_steps=accumulate)


def network(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()


def sgd(rate: float) -> Any:
    return lambda parameters: torch.optim.SGD(parameters, lr=rate)


def values(net: nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in net.parameters()]


def test_a_turn_is_one_step_of_the_optimizer() -> None:
    net, twin = network(), network()
    player = Player({"generator": net}, accelerator(), sgd(0.1), 0.1)
    x = torch.randn(5, 3, dtype=torch.float64)
    loss = twin(x).square().mean()
    loss.backward()
    player.minimize(player(x).square().mean())
    for moved, start in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(moved.detach(), start.detach() - 0.1 * start.grad)
        assert moved.grad is None, "a turn leaves no gradient behind"


def test_pace_scales_the_rate() -> None:
    player = Player({"generator": network()}, accelerator(), sgd(0.1), 0.1)
    player.pace(0.25)
    assert player.optimizer.param_groups[0]["lr"] == pytest.approx(0.025)
    player.pace(0.25)
    assert player.optimizer.param_groups[0]["lr"] == pytest.approx(0.025), "of the player's rate, not of the last one"


def test_the_other_player_is_untouched_in_this_ones_turn() -> None:
    one = accelerator()
    generator = Player({"generator": network(0)}, one, sgd(0.1), 0.1)
    discriminator = Player({"discriminator": network(1)}, one, sgd(0.1), 0.1)
    before = values(discriminator.networks["discriminator"])
    x = torch.randn(5, 3, dtype=torch.float64)
    fake = generator(x).expand(-1, 3)
    with discriminator.frozen():
        loss = discriminator(fake).mean()
        assert not any(p.requires_grad for p in discriminator.parameters)
    start = values(generator.networks["generator"])
    generator.minimize(loss)
    assert all(p.requires_grad and p.grad is None for p in discriminator.parameters)
    assert all(torch.equal(a, b) for a, b in zip(before, discriminator.parameters, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(start, generator.parameters, strict=True)), (
        "gradients flow through"
    )


def test_frozen_ends_when_the_step_fails() -> None:
    player = Player({"discriminator": network()}, accelerator(), sgd(0.1), 0.1)
    with pytest.raises(ZeroDivisionError), player.frozen():
        raise ZeroDivisionError
    assert all(p.requires_grad for p in player.parameters)


@pytest.mark.parametrize("count", [2, 3])
def test_micro_batches_equal_one_batch(count: int) -> None:
    whole = Player({"generator": network()}, accelerator(), adam(lr=0.01), 0.01, ema=0.9, clip=0.1)
    x = torch.randn(2, 4 * count, 3, dtype=torch.float64)
    for batch in x:
        whole.minimize(whole(batch).square().mean())
    AcceleratorState._reset_state()
    GradientState._reset_state()
    one = accelerator(count)
    parts = Player({"generator": network()}, one, adam(lr=0.01), 0.01, ema=0.9, clip=0.1)
    for batch in x:
        for number, micro in enumerate(batch.chunk(count)):
            start = values(parts.networks["generator"])
            with one.accumulate(*parts.prepared.values()):
                parts.minimize(parts(micro).square().mean())
            moved = not all(torch.equal(a, b) for a, b in zip(start, parts.parameters, strict=True))
            assert moved == (number == count - 1)
    for a, b in zip(whole.parameters, parts.parameters, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)
    for a, b in zip(*(p.averages["generator"].network.parameters() for p in (whole, parts)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_clipping_over_all_networks_of_a_player() -> None:
    nets = {"here": nn.Linear(1, 1, bias=False).double(), "there": nn.Linear(1, 1, bias=False).double()}
    player = Player(nets, accelerator(), sgd(1.0), 1.0, clip=1.0)
    before = [net.weight.item() for net in nets.values()]
    player.minimize(3 * player["here"].weight.sum() + 4 * player["there"].weight.sum())  # gradient (3, 4), norm 5
    moved = [start - net.weight.item() for start, net in zip(before, nets.values(), strict=True)]
    assert moved == pytest.approx([0.6, 0.8], rel=1e-5)


def test_a_small_gradient_is_not_clipped() -> None:
    net = nn.Linear(1, 1, bias=False).double()
    player = Player({"generator": net}, accelerator(), sgd(1.0), 1.0, clip=1.0)
    before = net.weight.item()
    player.minimize(0.5 * net.weight.sum())
    assert before - net.weight.item() == pytest.approx(0.5)


def test_a_player_of_several_networks_is_asked_by_name() -> None:
    player = Player({"forth": network(0), "back": network(1)}, accelerator(), sgd(0.1), 0.1)
    assert player["forth"] is player.networks["forth"] and len(player.parameters) == 8
    with pytest.raises(ValueError, match="too many values"):
        player(torch.zeros(1, 3))


def test_what_is_shipped() -> None:
    net = network()
    plain, averaged = (Player({"generator": net}, accelerator(), sgd(0.1), 0.1, ema=ema) for ema in (None, 0.9))
    assert plain.best_networks()["generator"] is net
    assert averaged.best_networks()["generator"] is averaged.averages["generator"].network


def test_goes_on_from_its_state() -> None:
    x = torch.randn(5, 3, dtype=torch.float64)
    one, two = (Player({"generator": network()}, accelerator(), adam(lr=0.1), 0.1) for _ in range(2))
    one.minimize(one(x).square().mean())
    two.networks["generator"].load_state_dict(one.networks["generator"].state_dict())
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    for player in (one, two):
        player.minimize(player(x).square().mean())
    assert all(torch.equal(a, b) for a, b in zip(one.parameters, two.parameters, strict=True))


def test_what_the_options_say_today_wins_over_the_saved_state() -> None:
    old, new = (
        Player({"generator": network()}, accelerator(), adam(lr=0.1, betas=b), 0.1) for b in ((0.9, 0.9), (0.5, 0.6))
    )
    old.minimize(old(torch.randn(5, 3, dtype=torch.float64)).square().mean())
    new.load_state_dict(copy.deepcopy(old.state_dict()))
    assert new.optimizer.param_groups[0]["betas"] == (0.5, 0.6)
    moments = [[state["exp_avg"] for state in player.optimizer.state.values()] for player in (old, new)]
    assert all(torch.equal(a, b) for a, b in zip(*moments, strict=True))


def test_broken_weights_are_named() -> None:
    player = Player({"forth": network(0), "back": network(1)}, accelerator(), sgd(0.1), 0.1)
    assert player.broken() == []
    with torch.no_grad():
        player.networks["back"][0].bias[1] = float("nan")
    assert player.broken() == ["back"]


def test_frozen_parameters_stay_frozen() -> None:
    """A user's own network may hold a part that does not learn."""
    net = network()
    net[0].requires_grad_(False)
    player = Player({"generator": net}, accelerator(), sgd(0.1), 0.1)
    before = net[0].weight.clone()
    with player.frozen():
        pass
    assert not net[0].weight.requires_grad and net[2].weight.requires_grad
    player.minimize(player(torch.randn(5, 3, dtype=torch.float64)).square().mean())
    assert torch.equal(net[0].weight, before)


def test_optimizers() -> None:
    assert list(OPTIMIZERS.values()) == [adam, adamw, momentum_sgd]
    parameters = [nn.Parameter(torch.ones(2))]
    made = adam(lr=0.1, betas=(0.5, 0.9), weight_decay=0.2)(parameters)
    assert type(made) is torch.optim.Adam
    assert made.defaults["betas"] == (0.5, 0.9) and made.defaults["lr"] == 0.1 and made.defaults["weight_decay"] == 0.2
    made = adamw(lr=0.1)(parameters)
    assert type(made) is torch.optim.AdamW and made.defaults["weight_decay"] == 0.01


def linear(values: list[float]) -> nn.Linear:
    """y = w . x, in single precision."""
    net = nn.Linear(len(values), 1, bias=False)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([values]))
    return net


def test_gradient_norms_by_hand() -> None:
    """Of w . x by w it is x; of (w . x)^2 it is 2 (w . x) x."""
    net = linear([1.0, 2.0])
    player = Player({"generator": net}, accelerator(), sgd(0.1), 0.1)
    y = player(torch.tensor([[3.0, 4.0]])).squeeze()  # 11
    elsewhere = torch.ones((), requires_grad=True)
    norms = player.gradient_norms(
        {"plain": y, "tenfold": 10 * y, "square": y**2, "constant": torch.tensor(7.0), "elsewhere": 2 * elsewhere}
    )
    found = {name: norm.item() for name, norm in norms.items()}
    assert found == pytest.approx({"plain": 5, "tenfold": 50, "square": 110, "constant": 0, "elsewhere": 0})
    assert not any(norm.requires_grad for norm in norms.values())
    assert net.weight.grad is None and elsewhere.grad is None


def test_gradient_norms_are_over_all_parameters() -> None:
    player = Player({"forth": linear([1.0]), "back": linear([1.0])}, accelerator(), sgd(0.1), 0.1)
    x = torch.ones(1, 1)
    term = 3 * player["forth"](x).sum() + 4 * player["back"](x).sum()
    assert player.gradient_norms({"both": term})["both"] == pytest.approx(5)


def test_a_turn_is_the_same_with_norms_asked_before() -> None:
    x = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    players = [Player({"generator": network()}, accelerator(), adam(lr=0.01), 0.01, clip=0.1) for _ in range(2)]
    for player, asks in zip(players, (False, True), strict=True):
        for _ in range(3):
            y = player(x)
            terms = {"square": y.square().mean(), "plain": y.mean()}
            if asks:
                assert all(norm.dtype == torch.float64 for norm in player.gradient_norms(terms).values())
            player.minimize(terms["square"] + terms["plain"])
    assert all(torch.equal(a, b) for a, b in zip(players[0].parameters, players[1].parameters, strict=True))


def test_gradient_norms_while_gradients_accumulate() -> None:
    """Those of the micro-batch before stay where they are, and do not count."""
    one = accelerator(2)
    net = linear([1.0, 2.0])
    player, x = Player({"generator": net}, one, sgd(0.1), 0.1), torch.tensor([[3.0, 4.0]])
    with one.accumulate(net):
        player.minimize(player(x).sum())
    before = net.weight.grad
    assert before is not None
    kept = before.clone()
    assert player.gradient_norms({"plain": player(x).sum()})["plain"] == 5
    assert net.weight.grad is before and torch.equal(before, kept)


def test_gradient_norms_in_half_precision() -> None:
    """Scaled, a gradient that halves cannot hold is measured; the scaler itself does not notice."""
    net = linear([1.0, 1.0])
    player = Player({"generator": net}, accelerator(), sgd(0.1), 0.1)
    halves = net.weight.half().float().sum()
    assert player.gradient_norms({"small": 1e-9 * halves})["small"] == 0, "the case is none"
    player.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
    norms = player.gradient_norms({"small": 1e-9 * halves, "usual": 0.5 * halves, "large": 10 * halves})
    assert norms["small"] == pytest.approx(2**0.5 * 1e-9, rel=1e-2)
    assert norms["usual"] == pytest.approx(2**-0.5)
    assert norms["large"] == pytest.approx(65504 / 65536), "as much as can be expressed, and finite"
    assert player.scaler.get_scale() == 2.0**16


def test_gradient_norms_tell_of_a_gradient_that_is_not_finite() -> None:
    net = linear([0.0])
    player = Player({"generator": net}, accelerator(), sgd(0.1), 0.1)
    term = net.weight.abs().sqrt().sum()
    assert not player.gradient_norms({"root": term})["root"].isfinite()


def test_gradient_norms_wait_for_nothing() -> None:
    """On the meta device there is no value to wait for."""
    player = Player({"generator": network()}, accelerator(), sgd(0.1), 0.1)
    player.parameters = list(network().to("meta").parameters())
    term = torch.stack([parameter.sum() for parameter in player.parameters]).sum()
    assert player.gradient_norms({"sum": term})["sum"].is_meta


def test_gradient_norms_are_not_shared_with_other_processes() -> None:
    """DistributedDataParallel sends a bucket of gradients once, in the turn itself, and its mean moves the weights."""
    store = torch.distributed.HashStore()  # pyright: ignore[reportPrivateImportUsage]
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    try:
        net, twin = network(), network()
        player = Player({"generator": net}, accelerator(), sgd(0.1), 0.1)
        wrapped = nn.parallel.DistributedDataParallel(net)
        sent: list[int] = []

        def send(_state: None, bucket: torch.distributed.GradBucket) -> torch.futures.Future[torch.Tensor]:
            sent.append(bucket.index())
            future: torch.futures.Future[torch.Tensor] = torch.futures.Future()
            future.set_result(2 * bucket.buffer())  # as if another process had thrice the gradient
            return future

        wrapped.register_comm_hook(None, send)
        player.prepared = {"generator": wrapped}
        x = torch.randn(5, 3, dtype=torch.float64)
        loss = player(x).square().mean()
        first = player.gradient_norms({"square": loss, "half": loss / 2})
        assert sent == [] and first["square"] == pytest.approx(2 * first["half"].item())
        player.minimize(loss)
        assert sent == [0]
        twin(x).square().mean().backward()
        for moved, start in zip(net.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(moved.detach(), start.detach() - 0.2 * start.grad)
    finally:
        torch.distributed.destroy_process_group()


def test_clipped_elements_move_weights_no_further_at_a_lower_rate() -> None:
    """VDSR's adjustable clipping: elements in [-c/pace, c/pace], so a step moves a weight by rate * c at most."""
    for pace in (1.0, 0.1):
        net = network()
        player = Player({"generator": net}, accelerator(), sgd(0.1), 0.1, clip_value=1e-3)
        player.pace(pace)
        start = values(net)
        player.minimize(1e4 * player(torch.randn(5, 3, dtype=torch.float64)).square().mean())
        moved = max((after - before).abs().max().item() for before, after in zip(start, values(net), strict=True))
        assert moved == pytest.approx(0.1 * 1e-3)


def test_sgd_is_torchs_with_momentum() -> None:
    net, twin = network(), network()
    player = Player({"generator": net}, accelerator(), momentum_sgd(0.1, momentum=0.5), 0.1)
    other = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.5)
    x = torch.randn(5, 3, dtype=torch.float64)
    for _ in range(3):
        player.minimize(player(x).square().mean())
        twin(x).square().mean().backward()
        other.step()
        other.zero_grad()
    for mine, theirs in zip(values(net), values(twin), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_parts_have_rates_of_their_own() -> None:
    net, twin = network(), network()
    rates = {"2": 0.1, "2.bias": 0.0}
    player = Player({"generator": net}, accelerator(), sgd(0.1), 0.1, rates=rates)
    player.pace(0.5)
    start = values(net)
    x = torch.randn(5, 3, dtype=torch.float64)
    player.minimize(player(x).square().mean())
    twin(x).square().mean().backward()
    for (name, after), before, theirs in zip(net.named_parameters(), start, twin.parameters(), strict=True):
        factor = {"2.weight": 0.1, "2.bias": 0.0}.get(name, 1.0)
        torch.testing.assert_close(after.detach(), before - 0.05 * factor * theirs.grad)


def test_each_weight_resumes_with_its_own_moments_whatever_its_rate_is_now() -> None:
    x = torch.randn(5, 3, dtype=torch.float64)
    old = Player({"generator": network()}, accelerator(), adam(0.1), 0.1, rates={"0": 0.5})
    old.minimize(old(x).square().mean())
    moments = {name: old.optimizer.state[p]["exp_avg"] for name, p in old.networks["generator"].named_parameters()}
    for rates in ({"0.bias": 0.5}, {"2": 0.1, "0.bias": 0.2}, {}, {"2.weight": 0.5}):
        new = Player({"generator": network()}, accelerator(), adam(0.1), 0.1, rates=rates)
        new.load_state_dict(copy.deepcopy(old.state_dict()))
        for name, parameter in new.networks["generator"].named_parameters():
            assert torch.equal(new.optimizer.state[parameter]["exp_avg"], moments[name])
        factors = [group.get("factor", 1.0) for group in new.optimizer.param_groups]
        assert set(factors) - {1.0} == set(rates.values()), "rates are those of today"


def test_a_weight_that_never_learned_cannot_resume() -> None:
    frozen = network()
    frozen[0].bias.requires_grad_(False)
    old = Player({"generator": frozen}, accelerator(), adam(0.1), 0.1)
    new = Player({"generator": network()}, accelerator(), adam(0.1), 0.1)
    with pytest.raises(ValueError, match=r"generator\.0\.bias did not learn then"):
        new.load_state_dict(old.state_dict())


def test_the_rate_of_the_moment_is_that_of_no_group() -> None:
    player = Player({"generator": network()}, accelerator(), sgd(0.1), 0.1, rates={"0": 0.1, "2": 0.5})
    player.pace(0.5)
    assert player.lr == pytest.approx(0.05)
