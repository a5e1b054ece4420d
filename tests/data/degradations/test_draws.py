"""Numbers of one batch: each sample its own, and the same for the same seed."""

from collections import Counter

import pytest
import torch

from gansr.data.degradations.draws import Draws


def test_the_seed_names_the_batch():
    one, same, other = (Draws(5, seed).uniform(0, 1, 3) for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert one.shape == (5, 3) and len(set(one.flatten().tolist())) == 15


def test_ranges_may_differ_from_sample_to_sample():
    drawn = Draws(2000, 0).uniform(torch.tensor([0.0, 10.0]).repeat(1000), torch.tensor([1.0, 20.0]).repeat(1000), 4)
    assert drawn[::2].min() >= 0 and drawn[::2].max() < 1 and drawn[1::2].min() >= 10 and drawn[1::2].max() < 20


def test_chances_and_choices():
    draws = Draws(20_000, 0)
    assert abs(draws.chance(0.3).float().mean() - 0.3) < 0.01
    assert not draws.chance(0.0).any() and draws.chance(1.0).all()
    counts = torch.bincount(draws.choice([1, 0, 3]), minlength=3) / 20_000
    torch.testing.assert_close(counts, torch.tensor([0.25, 0.0, 0.75]), atol=0.01, rtol=0)
    assert (draws.choice([2.0]) == 0).all()
    whole = torch.bincount(draws.whole(2, 4), minlength=5) / 20_000
    torch.testing.assert_close(whole, torch.tensor([0, 0, 1 / 3, 1 / 3, 1 / 3]), atol=0.015, rtol=0)


def test_ways_and_orders_are_the_hosts():
    draws = Draws(12_000, 0)
    ways = torch.bincount(torch.tensor(draws.ways([1, 0, 3])), minlength=3) / 12_000
    torch.testing.assert_close(ways, torch.tensor([0.25, 0.0, 0.75]), atol=0.015, rtol=0)
    counts = Counter(map(tuple, draws.orders(3)))
    assert len(counts) == 6 and all(abs(count - 2000) < 200 for count in counts.values())
    assert Draws(50, 1).ways([1, 1]) == Draws(50, 1).ways([1, 1]) != Draws(50, 2).ways([1, 1])


def test_ways_tell_nothing_of_numbers():
    """On CPUs both streams are of the same kind, and the same seed would make them equal."""
    draws = Draws(4000, 0)
    numbers, ways = draws.uniform(), torch.tensor(draws.ways([1, 1]))
    assert abs(torch.corrcoef(torch.stack([numbers, ways.float()]))[0, 1]) < 0.05


def test_some_of_the_samples_draw_from_the_same_streams():
    draws, whole = Draws(5, 0), Draws(5, 0)
    parts = torch.cat([draws.of([0, 1]).uniform(), draws.of([2, 3, 4]).uniform()])
    assert torch.equal(parts, whole.uniform()) and torch.equal(draws.uniform(), whole.uniform())


def test_ways_in_turn():
    draws = Draws(3, 0, in_turn=True)
    assert draws.ways([1, 0, 1]) == [0, 2, 0] and draws.of([0, 2]).ways([1, 0, 1]) == [2, 0]


@pytest.mark.parametrize("name", ["uniform", "normal"])
def test_without_values(name):
    assert getattr(Draws(3, 0, "meta"), name)().shape == (3,)


class TestSeeded:
    """What networks draw from PyTorch's own numbers."""

    def test_the_batch_names_it_and_nothing_else_does(self):
        found = []
        for before in (1, 2):
            torch.manual_seed(before)
            draws = Draws(2, 7)
            with draws.seeded():
                first = torch.rand(3)
            with draws.seeded():
                found.append((first, torch.rand(3)))
        assert torch.equal(found[0][0], found[1][0]) and torch.equal(found[0][1], found[1][1])
        assert not torch.equal(found[0][0], found[0][1])
        with Draws(2, 8).seeded():
            assert not torch.equal(torch.rand(3), found[0][0])

    def test_other_numbers_go_on_as_if_nothing_had_been_drawn(self):
        torch.manual_seed(1)
        expected = torch.rand(4)
        torch.manual_seed(1)
        with Draws(2, 7).seeded():
            torch.rand(5)
        assert torch.equal(torch.rand(4), expected)
        torch.manual_seed(1)
        with pytest.raises(RuntimeError, match="halfway"), Draws(2, 7).seeded():
            torch.rand(5)
            raise RuntimeError("halfway")
        assert torch.equal(torch.rand(4), expected)

    def test_the_batchs_numbers_do_not_depend_on_what_a_network_draws(self):
        plain, beside = Draws(2, 7), Draws(2, 7)
        with beside.seeded():
            torch.rand(5)
        assert torch.equal(plain.uniform(), beside.uniform())

    def test_meta(self):
        with Draws(2, 7, "meta").seeded():
            assert torch.rand(3, device="meta").is_meta
