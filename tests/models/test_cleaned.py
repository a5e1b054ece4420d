"""A generator behind a network that keeps the size: what it makes, and what its weights are called."""

import copy

import pytest
import torch
from torch import nn

from gansr.errors import OptionsError
from gansr.models.cleaned import Cleaned
from gansr.models.generators import GENERATORS
from gansr.models.misfit import title
from gansr.models.wishes import accepts, scales


def parts(restorer="msrresnet"):
    torch.manual_seed(0)
    cleaner = GENERATORS["translator"](1, features=4, blocks=1, zero_tail=False)
    more = {"features": 4, "blocks": 1} if restorer == "msrresnet" else {"features": 4, "depth": 1}
    return cleaner, GENERATORS[restorer](4, **more)


def test_lr_passes_the_cleaner_first():
    cleaner, restorer = parts()
    network, image = Cleaned(cleaner, restorer), torch.rand(1, 3, 5, 7)
    assert torch.equal(network(image), restorer(cleaner(image)))
    assert network.scale == 4 and title(network) == "MSRResNet"


def test_both_learn():
    network = Cleaned(*parts())
    network(torch.rand(1, 3, 5, 7)).square().mean().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_wishes_are_the_restorers():
    cleaner, restorer = parts("lapsrn")
    network, image = Cleaned(cleaner, restorer), torch.rand(1, 3, 4, 4)
    assert accepts(network) == accepts(restorer) > {"intermediate"}
    assert scales(network) == scales(restorer)
    for one, other in zip(network(image, intermediate=True), restorer(cleaner(image), intermediate=True), strict=True):
        assert torch.equal(one, other)


def test_names_of_weights():
    cleaner, restorer = parts()
    expected = {f"cleaner.{name}": value for name, value in cleaner.state_dict().items()} | restorer.state_dict()
    state = Cleaned(cleaner, restorer).state_dict()
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[name], value) for name, value in expected.items())


def test_weights_go_there_and_back():
    """Inside of other modules too, in copies, and the restorer's alone."""
    source = nn.ModuleDict({"a": Cleaned(*parts())})
    for value in source.state_dict().values():
        value.add_(1)
    state = source.state_dict()
    assert {name.split(".")[1] for name in state} > {"cleaner", "conv_first"}
    target = copy.deepcopy(nn.ModuleDict({"a": Cleaned(*parts())}))
    target.load_state_dict(state)
    assert all(torch.equal(target.state_dict()[name], value) for name, value in state.items())
    cleaner, restorer = parts()
    alone = Cleaned(cleaner, restorer)
    missing = alone.load_state_dict(source["a"].network.state_dict(), strict=False)
    assert missing.unexpected_keys == [] and all(name.startswith("cleaner.") for name in missing.missing_keys)
    assert len(missing.missing_keys) == len(cleaner.state_dict())
    assert torch.equal(restorer.conv_last.weight, source["a"].network.conv_last.weight)


def test_complaints_have_the_names_of_the_file():
    network = Cleaned(*parts())
    state = network.state_dict()
    del state["cleaner.head.0.weight"]
    state["conv_last.bias"] = torch.zeros(7)
    with pytest.raises(RuntimeError) as caught:
        network.load_state_dict(state)
    assert '"cleaner.head.0.weight"' in str(caught.value) and "for conv_last.bias" in str(caught.value)
    assert "network." not in str(caught.value)


def test_a_restorer_with_a_cleaner_of_its_own():
    cleaner, _ = parts()
    with pytest.raises(OptionsError, match="the generator has a part of that name itself"):
        Cleaned(cleaner, Cleaned(*parts()))
