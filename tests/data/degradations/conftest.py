"""What tests of degradations share."""

import pytest

from gansr.data.degradations.canvas import Canvas


@pytest.fixture
def unseen(monkeypatch):
    """Sizes as on a GPU: known to the device alone, for which the host must not wait."""
    monkeypatch.setattr(Canvas, "seen", False)


@pytest.fixture(params=["seen", "unseen"])
def either(request):
    """Once as on a CPU, once as on a GPU."""
    if request.param == "unseen":
        request.getfixturevalue("unseen")
