"""Wrappers that leave no trace in the names of weights."""

import copy
import pickle

import pytest
import torch
from torch import nn

from gansr.models.layers.transparent import transparent


class Wrapper(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        transparent(self, "network")

    def forward(self, x):
        return self.network(x)


def bare() -> nn.Module:
    """A network with parameters, buffers, a version in its metadata, and a part that is itself called `network`."""
    torch.manual_seed(0)
    parts = {
        "first": nn.Linear(2, 3),
        "network": nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)),
        "0": nn.Linear(3, 1),
    }
    return nn.Sequential().append(nn.ModuleDict(parts))[0]


def test_names_and_their_order_are_those_of_the_network():
    network = bare()
    state, expected = Wrapper(network).state_dict(), network.state_dict()
    assert list(state) == list(expected)
    assert all(state[name] is not None and torch.equal(state[name], expected[name]) for name in expected)
    assert state._metadata == expected._metadata


def test_loads_what_the_network_saved_and_the_other_way_round():
    ours, theirs = Wrapper(bare()), bare()
    for value in theirs.state_dict().values():
        value.add_(1)
    before = dict(theirs.state_dict())
    given = theirs.state_dict()
    ours.load_state_dict(given)
    assert list(given) == list(before)  # the caller's own is left alone
    for name, value in before.items():
        assert torch.equal(ours.state_dict()[name], value)
    again = bare()
    again.load_state_dict(ours.state_dict())
    assert all(torch.equal(again.state_dict()[name], value) for name, value in before.items())


@pytest.mark.parametrize("wrap", [lambda m: m, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_inside_of_other_modules(wrap):
    """Those of torch.compile and of several processes put a name before all others; wrappers may hold wrappers."""
    network = bare()
    outer = wrap(
        nn.ModuleDict({"before": nn.Linear(1, 1), "_orig_mod": Wrapper(Wrapper(network)), "z": nn.Linear(1, 1)})
    )
    expected = [f"_orig_mod.{name}" for name in network.state_dict()]
    expected = ["before.weight", "before.bias", *expected, "z.weight", "z.bias"]
    assert list(outer.state_dict()) == expected
    moved = {name: value + 1 for name, value in outer.state_dict().items()}
    assert not any(outer.load_state_dict(moved))
    assert all(torch.equal(outer.state_dict()[name], value) for name, value in moved.items())


def test_a_copy_has_weights_of_its_own():
    ours = Wrapper(bare())
    other = copy.deepcopy(ours)
    other.load_state_dict({name: torch.zeros_like(value) for name, value in ours.state_dict().items()})
    assert not any(value.any() for value in other.state_dict().values())
    assert ours.state_dict()["first.weight"].any()


def test_keeps_variables():
    ours = Wrapper(bare())
    parameters = set(ours.parameters())
    kept = ours.state_dict(keep_vars=True)
    assert {value for value in kept.values() if isinstance(value, nn.Parameter)} == parameters


@pytest.mark.parametrize("nested", [False, True])
def test_complaints_have_the_names_of_the_file(nested):
    ours: nn.Module = Wrapper(Wrapper(bare()))
    prefix = "generator." if nested else ""
    if nested:
        ours = nn.ModuleDict({"generator": ours})
    state = ours.state_dict()
    state[f"{prefix}first.weight"] = torch.zeros(7, 7)
    state[f"{prefix}stranger"] = state.pop(f"{prefix}network.0.bias")
    with pytest.raises(RuntimeError) as caught:
        ours.load_state_dict(state)
    lines = [line.strip() for line in str(caught.value).splitlines()[1:]]
    assert lines[0] == f'Missing key(s) in state_dict: "{prefix}network.0.bias".'
    assert lines[1] == f'Unexpected key(s) in state_dict: "{prefix}stranger".'
    assert lines[2].startswith(f"size mismatch for {prefix}first.weight: ")
    with pytest.raises(RuntimeError, match="size mismatch"):
        ours.load_state_dict(state, strict=False)
    state.pop(f"{prefix}first.weight")
    missing, unexpected = ours.load_state_dict(state, strict=False)
    assert missing == [f"{prefix}first.weight", f"{prefix}network.0.bias"]
    assert unexpected == [f"{prefix}stranger"]


def test_complaints_about_others_stay():
    both = nn.ModuleDict({"a": nn.Linear(1, 1), "b": Wrapper(nn.Linear(2, 2))})
    state = both.state_dict()
    state["a.weight"] = torch.zeros(3, 3)
    with pytest.raises(RuntimeError, match=r"size mismatch for a\.weight"):
        both.load_state_dict(state)


def test_compiled():
    ours = Wrapper(nn.Linear(2, 2))
    compiled = torch.compile(ours, backend="eager")
    assert list(compiled.state_dict()) == ["_orig_mod.weight", "_orig_mod.bias"]
    compiled.load_state_dict(compiled.state_dict())
    assert compiled(torch.zeros(1, 2)).shape == (1, 2)
