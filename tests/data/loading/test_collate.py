from typing import NamedTuple

import numpy as np
import torch
from torch.utils.data import default_collate

from gansr.data.loading.collate import collated, with_each


class Pair(NamedTuple):
    image: object
    given: object


def samples(count=3):
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (4, 5, 3), dtype=np.uint8) for _ in range(count)]
    points = [random.random((6, 2), dtype=np.float32) for _ in range(count)]
    return [
        Pair((image[::-1], point), bool(n % 2)) for n, (image, point) in enumerate(zip(images, points, strict=True))
    ]


def test_as_torch_collates():
    found, expected = collated(samples()), default_collate([
        Pair((one.image[0].copy(), one.image[1]), one.given) for one in samples()
    ])  # fmt: skip
    assert isinstance(found, Pair) and isinstance(found.image, tuple)
    for one, other in zip((*found.image, found.given), (*expected.image, expected.given), strict=True):
        assert torch.equal(one, other) and one.dtype == other.dtype
    assert found.given.tolist() == [False, True, False]


def test_a_batch_is_a_copy():
    image = np.zeros((1, 2, 2, 3), np.uint8)
    batch = collated(list(image))
    image[:] = 7
    assert batch.eq(0).all() and batch.shape == (1, 2, 2, 3)


def test_with_each_keeps_the_form():
    found = with_each(collated(samples()), lambda tensor: tensor[:1])
    assert isinstance(found, Pair) and found.given.tolist() == [False] and found.image[0].shape == (1, 4, 5, 3)
