import pytest

from gansr.models.architecture import Architecture, architecture, describe
from gansr.options.reader import parse


def test_round_trip():
    whole = Architecture("rrdbnet", 4, {"blocks": 23, "unshuffle": True}, "y")
    metadata = describe(whole, step=10, recipe="paired")
    assert architecture(metadata) == whole
    assert metadata["format"] == "pt" and metadata["recipe"] == "paired" and metadata["step"] == "10"
    assert all(isinstance(value, str) for value in metadata.values())


def test_a_file_that_says_nothing_of_colours_or_of_its_scale():
    old = {"architecture": '{"type": "msrresnet", "scale": 2, "arguments": {}}'}
    assert architecture(old) == Architecture("msrresnet", 2, {}, "rgb")
    any_scale = Architecture("vdsr", None, {"bias": False}, "y")
    assert architecture(describe(any_scale)) == any_scale
    assert architecture({"architecture": '{"type": "vdsr", "scale": 2, "arguments": {}, "colour": "red"}'}) is None


@pytest.mark.parametrize(
    ("scale", "arguments", "end"),
    [
        (4, {"scales": [3, 4]}, "at scale 4"),
        (None, {"scales": [3, 4]}, "at scales 3 and 4"),
        (None, {"scales": (2,)}, "at scales 2"),
        (None, {"scales": None}, "at any scale"),
        (None, {}, "at any scale"),
    ],
)
def test_scales_for_people(scale, arguments, end):
    assert str(Architecture("mdsr", scale, arguments)).endswith(f"}} {end}")


def test_as_in_an_options_file():
    whole = Architecture("super_fan", 4, {"blocks": (1, 2), "norm": None, "kind": "a b"}, "y")
    assert parse(whole.component(), "") == {
        "type": "super_fan",
        "colour": "y",
        "blocks": [1, 2],
        "norm": None,
        "kind": "a b",
    }


@pytest.mark.parametrize(
    "metadata", [{}, {"architecture": "esrgan"}, {"architecture": "[1]"}, {"architecture": '{"type": "rrdbnet"}'}]
)
def test_files_of_others(metadata):
    assert architecture(metadata) is None
