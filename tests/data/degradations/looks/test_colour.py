import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from gansr.data.degradations.canvas import Canvas
from gansr.data.degradations.draws import Draws
from gansr.data.degradations.looks import colour as module
from gansr.data.degradations.looks.colour import colour_shift, halftone, interlace, quantise, to_8_bit
from gansr.errors import OptionsError

MAKERS = [colour_shift, quantise, to_8_bit, interlace, halftone]


def rand(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def calls_of(name: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple]:
    calls, original = [], getattr(module, name)
    monkeypatch.setattr(module, name, lambda *arguments: (calls.append(arguments), original(*arguments))[1])
    return calls


def evenly(found: Tensor, low: float, high: float) -> bool:
    return stats.kstest(found.flatten().numpy(), stats.uniform(low, high - low).cdf).pvalue > 0.01


def test_shifted_multiplies_and_adds_by_channel() -> None:
    image, gain, shift = rand(2, 3, 4, 5), rand(2, 3, seed=1), rand(2, 3, seed=2)
    found = module.shifted(image, gain, shift)
    for sample in range(2):
        for channel in range(3):
            expected = image[sample, channel] * gain[sample, channel] + shift[sample, channel]
            torch.testing.assert_close(found[sample, channel], expected)


def test_colour_shift_draws_evenly_for_each_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = calls_of("shifted", monkeypatch)
    result = colour_shift()(Canvas.of(torch.ones(1000, 3, 1, 1)), Draws(1000, seed=1)).image
    _, gain, shift = calls[0]
    assert evenly(gain, 0.9, 1.1) and evenly(shift * 255, -10, 10)
    assert abs(np.corrcoef(torch.cat([gain, shift], 1).T.numpy()) - np.eye(6)).max() < 0.12
    assert result.max() > 1  # not clamped


def test_rounded_takes_the_nearest_level() -> None:
    image, levels = rand(3, 3, 9, 9), torch.tensor([2, 16, 256])
    found = module.rounded(image, levels).numpy()
    for number, count in enumerate(levels.tolist()):
        choices = np.linspace(0, 1, count)
        expected = choices[np.abs(image[number].numpy()[..., None] - choices).argmin(-1)]
        np.testing.assert_allclose(found[number], expected, atol=1e-6)


def test_quantise_draws_whole_numbers_with_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = calls_of("rounded", monkeypatch)
    quantise(levels=(2, 9))(Canvas.of(rand(2000, 3, 1, 1)), Draws(2000, seed=1))
    found, counts = calls[0][1].unique(return_counts=True)
    assert found.tolist() == list(range(2, 10))
    assert stats.chisquare(counts.numpy()).pvalue > 0.01


def test_to_8_bit_rounds_and_clamps() -> None:
    image = torch.tensor([-0.2, 0.0, 0.3, 100.4 / 255, 100.6 / 255, 1.0, 1.7]).expand(1, 3, 1, 7)
    found = to_8_bit()(Canvas.of(image), Draws(1, seed=0)).image
    assert (found[0, 0, 0] * 255).tolist() == pytest.approx([0, 0, 76, 100, 101, 255, 255])


def test_interlaced_moves_odd_rows_within_each_image() -> None:
    images, shifts = rand(5, 3, 7, 9), [0.0, 2.0, -3.0, 1.25, -20.0]
    sizes = [(7, 9), (7, 9), (6, 5), (7, 4), (2, 1)]
    height, width = (torch.tensor(sides) for sides in zip(*sizes, strict=True))
    canvas = Canvas(images, height, width)
    canvas = canvas.with_image(torch.where(canvas.mask(), images, torch.nan))
    found = module.interlaced(canvas, torch.tensor(shifts))
    for number, ((rows, columns), shift) in enumerate(zip(sizes, shifts, strict=True)):
        expected = images[number, :, :rows, :columns].double().numpy().copy()
        for row in range(1, rows, 2):
            for channel in range(3):
                places = np.arange(columns) - shift
                expected[channel, row] = np.interp(places, np.arange(columns), expected[channel, row].copy())
        np.testing.assert_allclose(found[number, :, :rows, :columns].numpy(), expected, atol=1e-6)


def test_interlace_draws_both_directions(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = calls_of("interlaced", monkeypatch)
    interlace()(Canvas.of(rand(2000, 3, 2, 2)), Draws(2000, seed=1))
    assert evenly(calls[0][1], -3, 3)


def test_screen_has_dots_at_the_corners_of_turned_squares() -> None:
    period, angle, place = torch.tensor([4.0, 5.5]), torch.tensor([0.0, 30.0]), torch.tensor([[0.25, 0.0], [0.1, 0.7]])
    found = module.screen(torch.empty(2, 3, 9, 11), period, angle, place)
    assert found.shape == (2, 1, 9, 11)
    for number in range(2):
        turn, each = math.radians(angle[number].item()), period[number].item()
        first, second = place[number].tolist()
        for row in range(9):
            for column in range(11):
                along = (column * math.cos(turn) + row * math.sin(turn)) / each + first
                across = (row * math.cos(turn) - column * math.sin(turn)) / each + second
                expected = 0.5 + (math.cos(2 * math.pi * along) + math.cos(2 * math.pi * across)) / 4
                assert found[number, 0, row, column].item() == pytest.approx(expected, abs=1e-5)


def test_halftone_prints_more_ink_where_it_is_darker(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = calls_of("screen", monkeypatch)
    grey = torch.tensor([0.2, 0.5, 0.8]).repeat(500)[:, None, None, None].expand(1500, 3, 16, 16)
    result = halftone()(Canvas.of(grey), Draws(1500, seed=1)).image
    _, period, angle, place = calls[0]
    assert evenly(period, 3, 8) and evenly(angle, 0, 90) and evenly(place, 0, 1)
    assert result.min() == 0 and result.max() == 1
    dark, middle, bright = (result[tone::3].mean().item() for tone in range(3))
    # Symmetric about the middle, and near the tone that it stands for.
    assert middle == pytest.approx(0.5, abs=0.01)
    assert dark == pytest.approx(0.2, abs=0.05) and bright == pytest.approx(1 - dark, abs=0.01)


@pytest.mark.parametrize("make", [quantise, interlace, halftone])
def test_a_probability_leaves_the_others_as_they_are(make) -> None:
    canvas = Canvas.of(rand(1, 3, 6, 6).expand(400, 3, 6, 6))
    result = make(probability=0.3)(canvas, Draws(400, seed=2)).image
    changed = ~(result == canvas.image).flatten(1).all(1)
    assert stats.binomtest(int(changed.sum()), 400, 0.3).pvalue > 0.01
    assert len(result[changed].unique(dim=0)) > 50  # a parameter for each sample


@pytest.mark.parametrize("make", MAKERS)
def test_shapes_need_no_values(make) -> None:
    result = make()(Canvas.of(torch.empty(2, 3, 5, 7, device="meta")), Draws(2, 0, "meta")).image
    assert result.is_meta and result.shape == (2, 3, 5, 7)


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (colour_shift, {"shift": (10, -10)}, r"shift is \(10, -10\); expected the smaller number first: \(-10, 10\)"),
        (
            colour_shift,
            {"shift": (-math.inf, 0)},
            r"shift is \(-inf, 0\); expected two finite numbers from -255 to 255\.",
        ),
        (colour_shift, {"gain": (-1, 1)}, r"gain is \(-1, 1\); expected two finite numbers of 0 or more"),
        (quantise, {"levels": (1, 16)}, r"levels is \(1, 16\); expected two finite numbers from 2 to 65536"),
        (quantise, {"probability": -0.1}, "probability is -0.1; expected a probability from 0 to 1"),
        (interlace, {"shift": (-1, 3)}, r"shift is \(-1, 3\); expected two finite numbers of 0 or more"),
        (interlace, {"probability": 2}, "probability is 2; expected a probability"),
        (halftone, {"period": (0, 8)}, r"period is \(0, 8\); expected two finite numbers of 2 or more"),
        (halftone, {"angle": (90, 0)}, r"angle is \(90, 0\); expected the smaller"),
        (halftone, {"hardness": (-1, 0)}, r"hardness is \(-1, 0\); expected two finite"),
        (halftone, {"probability": 2}, "probability is 2; expected a probability"),
    ],
)
def test_what_cannot_be_is_refused(make, arguments: dict, message: str) -> None:
    with pytest.raises(OptionsError, match=message):
        make(**arguments)
