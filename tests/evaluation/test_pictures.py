import numpy as np

from gansr.evaluation.pictures import before_and_after, side_by_side
from gansr.evaluation.scores import Triple


def test_panels_hold_the_images_pixel_for_pixel() -> None:
    random = np.random.default_rng(0)
    lr = random.integers(0, 256, (10, 15, 3), dtype=np.uint8)
    sr = random.integers(0, 256, (40, 60, 1), dtype=np.uint8)
    hr = random.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    sheet = before_and_after(Triple(lr, sr, hr))
    assert sheet.dtype == np.uint8 and sheet.shape[1:] == (3 * 60 + 2 * 4, 3)
    panels = [sheet[-40:, left : left + 60] for left in (0, 64, 128)]
    np.testing.assert_array_equal(panels[0], lr.repeat(4, 0).repeat(4, 1))
    np.testing.assert_array_equal(panels[1], sr.repeat(3, 2))
    np.testing.assert_array_equal(panels[2], hr)


def test_every_panel_has_a_label_above_it() -> None:
    image = np.zeros((50, 80, 3), np.uint8)
    sheet = side_by_side({"bicubic": image, "ours": image, "original": image})
    labels = sheet[:-50]
    assert all((labels[:, left : left + 80] < 128).any() for left in (0, 84, 168))
    assert (labels[0] == 255).all() and (labels[-1] == 255).all()  # not cut off
