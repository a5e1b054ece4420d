import pytest

from gansr.models.architecture import Architecture, architecture, describe


def test_round_trip():
    metadata = describe("rrdbnet", 4, {"blocks": 23, "unshuffle": True}, step=10, recipe="paired")
    assert architecture(metadata) == Architecture("rrdbnet", 4, {"blocks": 23, "unshuffle": True})
    assert metadata["format"] == "pt" and metadata["recipe"] == "paired" and metadata["step"] == "10"
    assert all(isinstance(value, str) for value in metadata.values())


@pytest.mark.parametrize(
    "metadata", [{}, {"architecture": "esrgan"}, {"architecture": "[1]"}, {"architecture": '{"type": "rrdbnet"}'}]
)
def test_files_of_others(metadata):
    assert architecture(metadata) is None
