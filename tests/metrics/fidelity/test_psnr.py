import math

import pytest
import torch

from gansr.errors import DataError
from gansr.metrics import METRICS
from gansr.metrics.fidelity.comparison import Comparison
from gansr.metrics.fidelity.psnr import PSNR


def constant(value: int, channels: int = 3, side: int = 20) -> torch.Tensor:
    return torch.full((channels, side, side), value, dtype=torch.uint8)


def test_rgb_of_a_constant_difference_is_worked_out_by_hand() -> None:
    # MSE = 10^2, so 10 log10(65025 / 100)
    assert PSNR(4, "rgb")(constant(100), constant(110)) == pytest.approx(28.130803608679344, abs=1e-12)


def test_y_spans_219_levels_of_255() -> None:
    expected = 10 * math.log10(255**2 / (10 * 219 / 255) ** 2)
    assert PSNR(4, round_y=False)(constant(100), constant(110)) == pytest.approx(expected, abs=1e-9)


def test_y_weighs_colours() -> None:
    hr, sr = constant(0), constant(0)
    sr[1] = 255  # green alone: 128.553 levels of Y
    assert PSNR(4, round_y=False)(sr, hr) == pytest.approx(10 * math.log10(255**2 / 128.553**2), abs=1e-5)
    assert PSNR(4)(sr, hr) == pytest.approx(10 * math.log10(255**2 / 129**2), abs=1e-5)  # 16 + 128.553 -> 145


def test_grey_ground_truth_is_compared_over_the_full_range() -> None:
    grey, colour = constant(100, 1), constant(110, 3)
    expected = PSNR(4, "rgb")(constant(110), constant(100))
    assert PSNR(4)(constant(110, 1), grey) == pytest.approx(expected)
    assert PSNR(4)(colour, grey) == pytest.approx(expected, abs=1e-5)


def test_the_border_is_the_scale_unless_given() -> None:
    hr, sr = constant(0), constant(0)
    sr[:, :3, :] = 255
    assert PSNR(3, "rgb")(sr, hr) == math.inf
    assert PSNR(2, "rgb")(sr, hr) < math.inf
    assert PSNR(2, "rgb", border=3)(sr, hr) == math.inf
    assert PSNR(3, "rgb", border=0)(sr, hr) == pytest.approx(10 * math.log10(20 / 3))


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(DataError, match=r"3 channels of 20x20 .* 3 channels of 24x24"):
        PSNR(4)(constant(0), constant(0, side=24))
    with pytest.raises(DataError, match="1 channels"):
        PSNR(4)(constant(0, 1), constant(0, 3))
    with pytest.raises(DataError, match="border of 4"):
        PSNR(4)(constant(0, side=8), constant(0, side=8))


def test_every_metric_says_what_it_measures() -> None:
    assert PSNR(4).protocol == "PSNR [dB], 8-bit Y of BT.601 studio range, 4 px border cropped (protocol sr)"
    assert PSNR(4, "rgb", 0).protocol == "PSNR [dB], RGB, whole image"
    assert all(isinstance(metric.higher_is_better, bool) and metric.__doc__ for metric in METRICS.values())


def test_exact_halves_of_y_round_up() -> None:
    # Y of each of these is k + 1/2; in floating point some of them are a little less.
    halves = [(r, g, b) for r in range(0, 256, 31) for g in range(256) for b in range(256) if is_half(r, g, b)]
    assert len(halves) > 0
    image = torch.tensor(halves, dtype=torch.uint8).T.reshape(3, 1, -1)
    expected = [(65481 * r + 128553 * g + 24966 * b + 127500) // 255000 + 16 for r, g, b in halves]
    assert Comparison("y", 0).y(image).flatten().tolist() == expected


def is_half(red: int, green: int, blue: int) -> bool:
    return (65481 * red + 128553 * green + 24966 * blue) % 255000 == 127500
