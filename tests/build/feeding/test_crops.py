"""Several crops of each image cost one decoding."""

from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from accelerate import Accelerator

from gansr.build.feeding.crops import recent
from gansr.build.feeding.data import training_batches, training_set
from gansr.data.files import decoded
from gansr.options.load import validate

Run = Callable[..., Any]


def options(tree: Run, **changes: Any) -> Any:
    settings = {"cache": "none", "crops_per_image": 4, **changes}
    return validate(tree(**{f"data__train__{key}": value for key, value in settings.items()}), "test")


def test_how_many_are_held(tree: Run) -> None:
    """32 lanes, and 32 and 2 * 2 batches of 2 more by four crops; for pairs twice as many."""
    one = options(tree, workers=2)
    assert recent(one.data.train, one.train.batch) == 32 + 10
    pairs = options(tree, workers=2, lr="somewhere")
    assert recent(pairs.data.train, pairs.train.batch) == 84
    assert recent(options(tree, crops_per_image=1).data.train, 2) == 0


@pytest.mark.parametrize("lr", [False, True])
def test_each_image_is_decoded_once_for_four_samples(tree: Run, photos: Any, monkeypatch: Any, lr: bool) -> None:
    """Six images, all in the lanes at once: however many samples, each is decoded once."""
    more = {"lr": str(photos / "train/LR")} if lr else {}
    asked = options(tree, workers=2, **more)
    read, read_image = Counter(), decoded.read_image
    images = training_set(asked)
    monkeypatch.setattr(decoded, "read_image", lambda path: read.update([path]) or read_image(path))
    batches = training_batches(images, asked, Accelerator(cpu=True))(0)
    assert len(list(islice(batches, 40))) == 40
    batches.close()  # pyright: ignore[reportAttributeAccessIssue] - a generator
    assert len(read) == (12 if lr else 6) and set(read.values()) == {1}
