"""Averages, the best step and the clock: each against a loop written out by hand."""

import math

import pytest
import torch
from torch import nn

from gansr.training.best import Best
from gansr.training.ema import Ema
from gansr.training.stopwatch import Stopwatch

# Averages


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(2, 2))


def test_ema_is_the_sum_written_out() -> None:
    source = network()
    ema = Ema(source, 0.35)
    expected = {name: parameter.detach().clone() for name, parameter in source.named_parameters()}
    for step in range(5):
        with torch.no_grad():
            for parameter in source.parameters():
                parameter.add_(torch.randn_like(parameter))
            source[1].running_mean.add_(step + 1)
            source[1].num_batches_tracked.add_(1)
        ema.update(source)
        decay = (0.1, 2 / 11, 3 / 12, 4 / 13, 0.35)[step]  # the first updates count more; 5 / 14 would be beyond 0.35
        for name, parameter in source.named_parameters():
            expected[name] = decay * expected[name] + (1 - decay) * parameter.detach()
    for name, parameter in ema.network.named_parameters():
        torch.testing.assert_close(parameter, expected[name])
    for mean, value in zip(ema.network.buffers(), source.buffers(), strict=True):
        assert torch.equal(mean, value), "buffers are copied, not averaged"


def test_ema_is_a_network_of_its_own() -> None:
    source = network()
    before = [parameter.detach().clone() for parameter in source.parameters()]
    ema = Ema(source, 0.5)
    assert not ema.network.training and source.training
    assert not any(parameter.requires_grad for parameter in ema.network.parameters())
    assert all(parameter.requires_grad for parameter in source.parameters())
    with torch.no_grad():
        next(ema.network.parameters()).zero_()
    assert all(torch.equal(a, b) for a, b in zip(before, source.parameters(), strict=True))


def test_ema_goes_on_from_its_state() -> None:
    ema, other, source = Ema(network(), 0.9), Ema(network(), 0.9), network()
    for _ in range(7):
        ema.update(source)
    other.network.load_state_dict(ema.network.state_dict())
    other.load_state_dict(ema.state_dict())
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.add_(1)
    for one in (ema, other):
        one.update(source)
    for mine, theirs in zip(ema.network.parameters(), other.network.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_a_short_average_forgets_where_it_began() -> None:
    """Of 1200 steps with 0.999, 30 % would be the first weights; now it is one in a million."""
    first = nn.Linear(1, 1, bias=False)
    nn.init.ones_(first.weight)
    ema = Ema(first, 0.999)
    with torch.no_grad():
        first.weight.zero_()
    for _ in range(1200):
        ema.update(first)
    assert 0 < next(ema.network.parameters()).item() < 1e-6
    assert Ema(first, 0).decay == 0, "plain copies"


# The best step


def test_best_of_a_metric_that_should_be_high() -> None:
    best = Best("set5/psnr")
    assert [best.improved(s, {"set5/psnr": v}) for s, v in enumerate([20, 19, 20, 21, math.nan])] == [
        True, False, False, True, False,
    ]  # fmt: skip
    assert (best.value, best.step) == (21, 3)


def test_best_of_a_metric_that_should_be_low() -> None:
    best = Best("set5/lpips", higher_is_better=False)
    assert [best.improved(s, {"set5/lpips": v}) for s, v in enumerate([0.5, 0.6, 0.4])] == [True, False, True]


def test_best_of_nothing() -> None:
    assert not Best(None).improved(1, {"set5/psnr": 20})
    assert not Best("set5/ssim").improved(1, {"set5/psnr": 20})


def test_best_goes_on_from_its_state_unless_another_metric_is_followed() -> None:
    best, same, other = Best("a/psnr"), Best("a/psnr"), Best("b/psnr")
    best.improved(7, {"a/psnr": 30})
    same.load_state_dict(best.state_dict())
    other.load_state_dict(best.state_dict())
    assert not same.improved(8, {"a/psnr": 30}) and same.step == 7
    assert other.improved(8, {"b/psnr": 1})


PAIR = {"a/psnr": 1.0, "a/lpips": -20.0}


def test_best_of_a_weighted_sum() -> None:
    """28 - 20 * 0.3 = 22; 27.5 - 20 * 0.25 = 22.5; 30 - 20 * 0.4 = 22: the second is best, though neither metric is."""
    best = Best(PAIR)
    scores = [(28.0, 0.3), (27.5, 0.25), (30.0, 0.4), (27.0, 0.2)]
    found = [best.improved(step, {"a/psnr": psnr, "a/lpips": lpips}) for step, (psnr, lpips) in enumerate(scores)]
    assert found == [True, True, False, True] and best.value == pytest.approx(23) and best.step == 3
    assert best.title == "1 a/psnr -20 a/lpips"


def test_a_sum_takes_all_its_scores_and_no_sum_is_no_best() -> None:
    best = Best(PAIR)
    assert not best.improved(1, {"a/psnr": 99.0}) and best.judged == 0
    assert not best.improved(2, {"a/psnr": math.inf, "a/lpips": math.inf}) and best.judged == 2
    assert best.improved(3, {"a/psnr": 1.0, "a/lpips": 0.0, "a/ssim": 1.0})


def test_best_of_another_sum_starts_afresh() -> None:
    best, same, other = Best(PAIR), Best(dict(reversed(PAIR.items()))), Best(PAIR | {"a/lpips": -10.0})
    best.improved(7, {"a/psnr": 30.0, "a/lpips": 0.1})
    best.improved(9, {"a/psnr": 29.0, "a/lpips": 0.1})
    for one in (same, other):
        one.load_state_dict(best.state_dict())
    assert (same.value, same.step, same.judged) == (28, 7, 9)
    assert (other.value, other.step, other.judged) == (None, 0, 0)


def test_patience_is_counted_from_the_best_to_the_newest_comparison() -> None:
    best = Best("a/psnr")
    waited = []
    for step, value in ((10, 1.0), (20, 0.5), (30, 2.0), (40, 2.0), (50, math.nan), (60, 2.5)):
        best.improved(step, {"a/psnr": value})
        best.improved(step + 5, {"a/lpips": 0.0})  # a validation of other metrics
        waited.append(best.waited(20))
    assert waited == [False, False, False, False, True, False]
    assert not best.waited(None)


def test_patience_is_known_after_a_checkpoint_also_of_the_version_before() -> None:
    best, same, older = Best("a/psnr"), Best("a/psnr"), Best("a/psnr")
    best.improved(10, {"a/psnr": 1.0})
    best.improved(30, {"a/psnr": 1.0})
    same.load_state_dict(best.state_dict())
    older.load_state_dict({"metric": "a/psnr", "value": 1.0, "step": 10})
    assert same.waited(20) and not same.waited(21) and not older.waited(1)


# The clock


def test_stopwatch() -> None:
    now = 0.0
    watch = Stopwatch(10, clock=lambda: now)
    now = 6.0
    assert watch.lap(12) == 3
    now = 7.0
    with watch.paused():
        now = 100.0
    now = 101.0
    watch.waited(0.5)
    watch.waited(1.0)
    assert watch.lap(14) == 1 and watch.waiting == 0.75
    assert (
        watch.lap(14) == pytest.approx(0, abs=1e-6) and watch.lap(14) > 0 and watch.waiting == 0
    )  # images per second are divided by it
