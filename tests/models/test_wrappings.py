"""What other projects put around weights, and how it is taken off again."""

import pytest
import torch

from gansr.models.readings import in_our_names
from gansr.models.weights import Weights, load_into
from gansr.models.wrappings import bared, outline, table

W = torch.ones(2)
OTHER = {"w": torch.zeros(1)}


@pytest.mark.parametrize(
    "content",
    [
        {"w": W},
        {"state_dict": {"params": {"w": W}}},
        {"netG": {"state_dict": {"w": W}}, "netD": {"state_dict": OTHER}},
        {"generator_state_dict": {"w": W}, "discriminator_state_dict": OTHER},
        {"params_ema": {}, "model": {"w": W}},
        {"params_ema": {"w": W}, "params": OTHER},
        {"ema": {"decay": 0.999, "shadow": {"w": W}}, "state_dict": OTHER},
        {"ema": 0.999, "state_dict": {"w": W}},
        {"epoch": 1, "name": "edsr", "best": None, "w": W},
        {"sr_network": {"w": W}, "epoch": 3},
        {"w": W, "optimizer": {"state": {0: OTHER}}},
    ],
)
def test_the_table_of_a_checkpoint(content):
    found = table(content)
    assert found is not None and list(found) == ["w"] and found["w"] is W


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (W, "one Tensor"),
        ([W], "one list"),
        ({}, "nothing"),
        ({1: W}, "1 (Tensor)"),
        ({"first": OTHER, "second": OTHER}, "first (w), second (w)"),
        ({"epoch": 1, "params": {}}, "epoch (int), params (empty)"),
        ({"optimizer": {"state": {0: OTHER}, "param_groups": []}}, "optimizer (state, param_groups)"),
        ({f"n{number}": 0 for number in range(7)}, ", ".join(f"n{number} (int)" for number in range(6)) + ", ..."),
    ],
)
def test_no_table(content, told):
    assert table(content) is None and outline(content) == told


@pytest.mark.parametrize(
    "prefix",
    ["", "module.", "model._orig_mod.", "model.module.", "_orig_mod.module.netG.module.net.", "generator._orig_mod."],
)
def test_prefixes_are_taken_off_one_after_another(prefix):
    assert any(list(bare.state) == ["w"] and not bare.others for bare in bared({f"{prefix}w": W}))


def test_a_counter_is_taken_out():
    assert [list(bare.state) for bare in bared({"module.w": W, "n_averaged": torch.tensor(3)})] == [["w"]]


def test_other_networks_are_named():
    found = list(bared({"module.netG.w": W, "module.netD.v": W, "loss.mean": W}))
    assert [(list(one.state), one.others) for one in found] == [
        (["netG.w", "netD.v", "loss.mean"], ()),
        (["w"], ("netD.v", "loss.mean")),
        (["v"], ("netG.w", "loss.mean")),
    ]


def test_no_name_is_lost_where_only_some_are_wrapped():
    assert [bare.state for bare in bared({"w": W, "module.w": OTHER["w"]})] == [{"w": W, "module.w": OTHER["w"]}]


def prefixed(state, prefix):
    return {prefix + name: value for name, value in state.items()}


def test_a_holders_name_stays_where_the_names_mean_nothing_without_it():
    state = prefixed(torch.nn.Linear(2, 2).state_dict(), "model.")
    assert in_our_names(state).state.keys() == state.keys()


@pytest.mark.parametrize("player", ["netG.", "netD."])
def test_each_network_finds_its_own_weights(player):
    """Of one table for both players."""
    sizes = {"netG.": 3, "netD.": 5}
    states = {name: torch.nn.Linear(size, 1).state_dict() for name, size in sizes.items()}
    whole = prefixed(states["netG."], "netG.") | prefixed(states["netD."], "netD.")
    network = torch.nn.Linear(sizes[player], 1)
    left_out = load_into(network, Weights(whole, {}), "here")
    assert torch.equal(network.weight, states[player]["weight"])
    assert left_out == [name for name in whole if not name.startswith(player)]


def test_a_network_with_such_names_of_its_own():
    """What wraps for others is a name of this one."""
    network = torch.nn.ModuleDict({"module": torch.nn.ModuleDict({"model": torch.nn.Linear(2, 2)})})
    state = {name: value + 1 for name, value in network.state_dict().items()}
    assert load_into(network, Weights(state, {}), "here") == []
    assert torch.equal(network.state_dict()["module.model.bias"], state["module.model.bias"])
