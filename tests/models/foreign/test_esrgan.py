"""Names of old files, written out by hand from their published listings."""

import pytest
import torch

from gansr.models.foreign import translate
from gansr.models.generators.post_upsampling.msrresnet import MSRResNet
from gansr.models.generators.post_upsampling.rrdbnet import RRDBNet
from gansr.models.recognise import recognise


def modernise(state):
    return translate(state)[0]


def marked(names):
    """A distinct tensor for each name."""
    return {name: torch.full((1,), float(number)) for number, name in enumerate(names)}


def test_esrgans_first_names():
    old = marked(
        [
            "model.0.weight",
            "model.1.sub.0.RDB1.conv1.0.weight",
            "model.1.sub.22.RDB3.conv5.0.bias",
            "model.1.sub.23.weight",
            "model.3.weight",
            "model.6.bias",
            "model.8.weight",
            "model.10.bias",
        ]
    )
    assert list(modernise(old)) == [
        "conv_first.weight",
        "body.0.rdb1.conv1.weight",
        "body.22.rdb3.conv5.bias",
        "conv_body.weight",
        "conv_up1.weight",
        "conv_up2.bias",
        "conv_hr.weight",
        "conv_last.bias",
    ]
    assert list(modernise(old).values()) == list(old.values())


@pytest.mark.parametrize(
    ("scale", "numbers"),
    [(1, [0, 2, 4]), (2, [0, 3, 5, 7]), (4, [0, 3, 6, 8, 10]), (8, [0, 3, 6, 9, 11, 13])],
)
def test_whole_files_of_every_scale(scale, numbers, fill):
    """A network renamed to the old names comes back weight for weight."""
    network = fill(RRDBNet(scale, features=4, blocks=2, growth=2, unshuffle=False))
    outer = ["conv_first", *network.steps, "conv_hr", "conv_last"]
    old_names = {f"{name}.": f"model.{number}." for name, number in zip(outer, numbers, strict=True)}
    old_names |= {"conv_body.": "model.1.sub.2."}
    old = {}
    for name, value in network.state_dict().items():
        if name.startswith("body."):
            _, block, dense, conv, kind = name.split(".")
            old[f"model.1.sub.{block}.{dense.upper()}.{conv}.0.{kind}"] = value
        else:
            layer, kind = name.split(".")
            old[old_names[f"{layer}."] + kind] = value
    found = modernise(old)
    assert found.keys() == network.state_dict().keys()
    assert all(torch.equal(found[name], v) for name, v in network.state_dict().items())
    assert recognise(found).scale == scale


def test_esrgans_second_names():
    old = ["conv_first.weight", "RRDB_trunk.3.RDB2.conv4.bias", "trunk_conv.weight"]
    old += ["upconv1.weight", "upconv2.bias", "HRconv.weight", "conv_last.bias"]
    assert list(modernise(marked(old))) == [
        "conv_first.weight",
        "body.3.rdb2.conv4.bias",
        "conv_body.weight",
        "conv_up1.weight",
        "conv_up2.bias",
        "conv_hr.weight",
        "conv_last.bias",
    ]


def test_mmsrs_residual_network():
    old = ["conv_first.weight", "recon_trunk.0.conv1.weight", "upconv1.weight", "HRconv.bias", "conv_last.bias"]
    expected = ["conv_first.weight", "body.0.conv1.weight", "upconv1.weight", "conv_hr.bias", "conv_last.bias"]
    assert list(modernise(marked(old))) == expected


def test_other_files_keep_their_names():
    state = MSRResNet(2, 4, 1).state_dict()
    assert list(modernise(state)) == list(state)
    relative = marked(["model.0.weight", "model.1.sub.0.RDB1.conv1x1.weight", "model.3.weight", "model.5.weight"])
    assert list(modernise(relative)) == list(relative)
