import math

import numpy as np
import pytest

from gansr.report.pictures.layers import Layers
from gansr.report.pictures.shot import Shot, chosen, ranking
from gansr.report.pictures.window import Window, most_detail


def test_the_window_lies_where_the_detail_is() -> None:
    image = np.zeros((64, 80, 1), np.uint8)
    image[36:48, 52:64] = np.random.default_rng(0).integers(0, 256, (12, 12, 1))
    found = most_detail(image, 4, side=18)
    assert found is not None
    assert (found.height, found.width) == (16, 16)
    assert found.top % 4 == found.left % 4 == 0
    assert found.top <= 36 and found.top + 16 >= 48 and found.left <= 52 and found.left + 16 >= 64
    cut = found.cut(image)
    assert np.array_equal(cut, image[found.top : found.top + 16, found.left : found.left + 16])
    assert found.cut(image[::4, ::4], 4).shape == (4, 4, 1)


def test_only_the_long_side_is_cut() -> None:
    found = most_detail(np.zeros((10, 100, 3), np.uint8), 2, side=40)
    assert found == Window(0, 0, 10, 40)
    assert most_detail(np.zeros((40, 40, 3), np.uint8), 2, side=40) is None


def test_the_worst_come_first_and_no_number_is_worst() -> None:
    values = [3.0, math.nan, 1.0, 2.0]
    assert ranking(values, higher_is_better=True) == [1, 2, 3, 0]
    assert ranking(values, higher_is_better=False) == [1, 0, 3, 2]


@pytest.mark.parametrize(("count", "expected"), [(9, [0, 1, 2, 3, 4]), (3, [1, 2, 4]), (2, [1, 4]), (1, [1])])
def test_half_of_the_chosen_are_the_worst(count: int, expected: list[int]) -> None:
    assert chosen([3.0, 0.0, 1.0, 2.0, 9.0], count, higher_is_better=True) == expected


def shot(hr: bool = True) -> Shot:
    black, white = np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)
    return Shot("set", "image", (8, 8), None, black[::2, ::2], {"a": black, "b": white}, white if hr else None)


def test_layers_of_a_shot_with_ground_truth() -> None:
    layers = Layers([shot()])
    assert layers.sources == ["LR", "a", "b", "HR"]
    assert {who: float(error.max()) for who, error in layers.errors(shot()).items()} == {"a": 255, "b": 0}
    found = [(html.html.count('data-view="error"'), html.html) for html in layers.images(shot(), layers.scales)]
    assert len(found) == 4 + 2 + 3 and sum(number for number, _ in found) == 2
    assert all(" hidden" in html for _, html in found)


def test_without_ground_truth_differences_are_to_the_reference() -> None:
    assert Layers([shot(hr=False)]).errors(shot(hr=False)) == {}
    assert set(Layers([shot(hr=False)]).scales) == {"spectrum"}
    layers = Layers([shot(hr=False)], reference="a")
    assert list(layers.errors(shot(hr=False))) == ["b"]
    assert layers.sources == ["LR", "a", "b"]
