"""How a dialect translates: all of a file, or as far as it goes."""

import pytest
import torch

from gansr.models.foreign import DIALECTS, partly, translate
from gansr.models.foreign.dialect import Dialect

NAMES = ((r"first\.(.+)", r"head.\1"), (r"first\.weight", r"never"), (r"(sign|last)\.(.+)", r"\1.0.\2"))


def marked(*names):
    """A distinct tensor for each name."""
    return {name: torch.tensor(float(number)) for number, name in enumerate(names)}


def numbers(state):
    return {name: int(value) for name, value in state.items()}


def test_every_name_is_translated_by_the_first_rule_that_fits():
    found = Dialect("mine", r"sign\..+", NAMES).translate(marked("first.weight", "sign.bias", "last.bias"))
    assert numbers(found) == {"head.weight": 0, "sign.0.bias": 1, "last.0.bias": 2}


@pytest.mark.parametrize(
    "names", [(), ("first.weight", "last.weight"), ("first.weight", "resign.weight"), ("sign.weight", "other.weight")]
)
def test_others_files_are_left_alone(names):
    """No sign, only a part of one, or a name that is unknown."""
    assert Dialect("mine", r"sign\..+", NAMES).translate(marked(*names)) is None


def test_a_rule_must_match_the_whole_name():
    assert Dialect("mine", "sign", (("sign", "ours"),)).translate(marked("sign", "sign.weight")) is None


def test_what_holds_nothing_is_dropped():
    dialect = Dialect("mine", r"sign\..+", NAMES, dropped=r"mean|std")
    assert numbers(dialect.translate(marked("mean", "sign.weight", "std"))) == {"sign.0.weight": 1}
    assert dialect.translate(marked("means", "sign.weight")) is None
    assert numbers(dialect.partly(marked("mean", "sign.weight", "std"))[0]) == {"sign.0.weight": 1}


def test_the_finish_sees_our_names_alone():
    seen = []

    def finish(state):
        seen.append(set(state))
        return {f"{name}!": value for name, value in state.items()}

    dialect = Dialect("mine", r"sign\..+", NAMES, finish=finish)
    assert numbers(dialect.translate(marked("sign.weight"))) == {"sign.0.weight!": 0}
    found, unknown = dialect.partly(marked("sign.weight", "other"))
    assert (numbers(found), unknown) == ({"sign.0.weight!": 0, "other": 1}, 1)
    assert seen == [{"sign.0.weight"}] * 2


@pytest.mark.parametrize("error", [KeyError, IndexError, ValueError])
def test_a_finish_may_find_a_stranger(error):
    def finish(state):
        raise error

    dialect = Dialect("mine", r"sign\..+", NAMES, finish=finish)
    assert dialect.translate(marked("sign.weight")) is None and dialect.partly(marked("sign.weight")) is None


def test_as_far_as_it_goes():
    """At least half of the names."""
    dialect = Dialect("mine", r"sign\..+", NAMES)
    found, unknown = dialect.partly(marked("sign.weight", "other", "sign.bias", "more"))
    assert (numbers(found), unknown) == ({"sign.0.weight": 0, "sign.0.bias": 2, "other": 1, "more": 3}, 2)
    assert dialect.partly(marked("sign.weight", "other", "more")) is None
    assert dialect.partly(marked("first.weight", "last.weight", "other")) is None, "no sign"


def test_no_weight_is_lost_where_names_meet():
    assert Dialect("mine", r"sign\..+", NAMES).partly(marked("sign.weight", "last.bias", "sign.0.weight.x")) is not None
    dialect = Dialect("mine", r"sign\..+", (*NAMES[:2], (r"sign\.weight", "other")))
    assert dialect.partly(marked("sign.weight", "other")) is None


def test_of_projects_with_like_names_the_one_that_knows_most():
    """MMagic's EDSR has most of BasicSR's names."""
    outside = [
        f"{name}.{kind}" for name in ("conv_first", "conv_after_body", "conv_last") for kind in ("weight", "bias")
    ]
    names = [*outside, "body.0.conv1.weight", "body.0.conv2.weight", "upsample.0.upsample_conv.weight", "extra"]
    state = {name: torch.ones(3, 3, 3, 3) for name in names}
    assert translate(state) == (state, None)
    found, source = partly(state)
    assert source == "MMagic's EDSR" and {"extra", "tail.0.0.weight", "sub_mean.bias"} <= found.keys()
    assert partly({"extra": torch.ones(1)}) is None


def test_sources_tell_dialects_apart():
    assert len({dialect.source for dialect in DIALECTS}) == len(DIALECTS)
