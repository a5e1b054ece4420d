"""Files that almost fit: the network that they come near to, and the names that keep them from it."""

import pytest
import torch

from gansr.models.generators import GENERATORS
from gansr.models.near import namesake, nearest
from gansr.models.recognise import describing

EXTRA = {"extra.weight": torch.zeros(1)}
SIZES = {"features": 16, "blocks": 3}


@pytest.fixture(scope="module")
def edsr():
    return GENERATORS["edsr"](2, **SIZES).state_dict()


def without(state, *names):
    assert set(names) <= state.keys()
    return {name: value for name, value in state.items() if name not in names}


def assert_near(state, missing=(), unexpected=(), misshapen=()):
    found, differs = nearest(state)
    assert (found.type, found.scale) == ("edsr", 2)
    assert found.arguments | SIZES | {"in_channels": 3, "out_channels": 3} == found.arguments
    assert sorted(differs.missing) == sorted(missing) and sorted(differs.unexpected) == sorted(unexpected)
    assert [line.partition(": ")[0] for line in differs.misshapen] == list(misshapen)


def test_every_weight_of_edsr_may_be_missing(edsr):
    """Those too that tell the network's arguments."""
    for name in edsr:
        assert_near(without(edsr, name), missing=[name])


@pytest.mark.parametrize("type", describing())
def test_one_name_is_found_in_every_network(type, small, scales):
    with torch.device("meta"):
        state = GENERATORS[type](scales(type)[-1], **small(type)).state_dict()
    first, *_, last = state
    for other, culprit in [(without(state, first), first), (without(state, last), last), (state | EXTRA, *EXTRA)]:
        found, differs = nearest(other)
        assert (found.type, differs.names) == (type, [culprit])


@pytest.mark.parametrize("name", ["input.weight", "input.bias", "residual_layer.0.conv.bias"])
def test_a_bias_tells_that_there_are_biases(name):
    state = GENERATORS["vdsr"](2, depth=4, features=8, bias=True).state_dict()
    found, differs = nearest(without(state, name))
    assert (found.type, found.arguments["bias"], differs.missing, len(differs)) == ("vdsr", True, [name], 1)


def test_two_weights_that_tell_the_arguments(edsr):
    names = ["head.0.weight", "tail.1.weight"]
    assert_near(without(edsr, *names), missing=names)


def test_a_weight_of_one_colour_is_guessed_too():
    state = GENERATORS["srcnn"](3, in_channels=1, out_channels=1).state_dict()
    found, differs = nearest(without(state, "conv1.weight"))
    assert found.type == "srcnn" and found.colour == "y" and differs.names == ["conv1.weight"]


@pytest.mark.parametrize(
    "strays",
    [
        ["extra.weight"],
        ["body.9.body.0.weight"],
        ["body.3.body.0.weight"],
        ["body.8.body.0.weight", "body.9.body.0.weight", "body.9.body.0.bias"],
        ["body.9.body.0.weight", "tail.0.6.weight"],
    ],
)
def test_names_too_much(edsr, strays):
    """Numbers that are too large say that there are more blocks than there are."""
    assert_near(edsr | dict.fromkeys(strays, torch.zeros(16, 16, 3, 3)), unexpected=strays)


@pytest.mark.parametrize(("name", "shape"), [("head.0.weight", (7, 3, 3, 3)), ("tail.1.weight", (5, 16, 3, 3))])
def test_a_weight_of_another_shape(edsr, name, shape):
    assert_near(edsr | {name: torch.zeros(shape)}, misshapen=[name])


def test_a_missing_and_a_stray_one(edsr):
    state = without(edsr, "head.0.weight") | {"body.9.body.0.weight": torch.zeros(1)}
    assert_near(state, missing=["head.0.weight"], unexpected=["body.9.body.0.weight"])


def test_strangers_are_near_to_nothing(edsr):
    assert nearest({}) is None
    assert nearest(torch.nn.Linear(2, 2).state_dict()) is None
    assert nearest({name: torch.zeros(1) for name in edsr}) is None


def test_names_alone_tell_the_kind(edsr):
    assert namesake({name: torch.zeros(1) for name in edsr}) == "edsr"
    assert namesake(torch.nn.Linear(2, 2).state_dict()) is None
