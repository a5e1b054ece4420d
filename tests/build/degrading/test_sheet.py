"""Pictures with words below them."""

import numpy as np
from PIL import ImageFont

from gansr.build.degrading.sheet import GAP, NARROWEST, broken, caption, sheet


def test_a_line_for_each_operation() -> None:
    operations = [
        {"type": "blur", "kind": "anisotropic", "size": 7, "sigma": [1.2345, 0.5]},
        {"type": "gaussian_noise", "grey": False, "sigma": 30.0},
        {"type": "gaussian_noise", "grey": True},
        {"type": "to_8_bit"},
    ]
    lines = [
        "blur: anisotropic, size 7, sigma 1.23/0.5",
        "gaussian_noise: sigma 30",
        "gaussian_noise: grey",
        "to_8_bit",
    ]
    assert caption(operations) == lines


def test_long_lines_are_broken() -> None:
    font = ImageFont.load_default()
    lines = broken("one two three four five six seven eight", 60, font)
    assert len(lines) > 2 and all(font.getlength(line) <= 60 for line in lines)
    assert " ".join(" ".join(lines).split()) == "one two three four five six seven eight"
    assert broken("alonewordthatislongerthananyline", 20, font) == ["alonewordthatislongerthananyline"]


def test_pictures_and_their_words_lie_where_they_belong() -> None:
    pictures = [np.full((10, 20, 3), shade, np.uint8) for shade in (10, 20, 30)]
    found = sheet(pictures, [["words"], [], []], 2)
    column, row = NARROWEST + GAP, (found.shape[0] - GAP) // 2
    assert found.shape[1] == 2 * column + GAP
    for number, picture in enumerate(pictures):
        left, top = GAP + number % 2 * column, GAP + number // 2 * row
        assert (found[top : top + 10, left : left + 20] == picture).all()
        below = found[top + 10 : top + row - GAP, left : left + NARROWEST]
        assert (below < 128).any() == (number == 0)
