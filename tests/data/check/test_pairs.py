"""Pairs: LR made otherwise than by bicubic, and what is said of it."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from gansr.data.check.findings import Finding
from gansr.data.check.pairs.compare import compare
from gansr.data.check.pairs.kernels import kernels
from gansr.data.check.pairs.partners import find_partners, misfit, swapped
from gansr.data.check.pairs.shift import find_shift
from gansr.data.files.folders import pair_lr
from gansr.imaging.resize import reduce_uint8


def reduced(image: np.ndarray, scale: int) -> np.ndarray:
    return reduce_uint8(torch.from_numpy(image.copy()).permute(2, 0, 1)[None], scale)[0].permute(1, 2, 0).numpy()


def resized(image: np.ndarray, scale: int, kernel: Image.Resampling) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((image.shape[1] // scale, image.shape[0] // scale), kernel))


def moved(hr: np.ndarray, scale: int, down: int, right: int) -> np.ndarray:
    """LR of HR moved by whole HR pixels: made without any arithmetic of the estimator's."""
    return reduced(np.roll(hr, (down, right), (0, 1)), scale)


def only(found: list[Finding], kind: str) -> Finding:
    assert [one.kind for one in found] == [kind]
    return found[0]


def test_a_forgotten_scale_is_told_by_the_names() -> None:
    found = find_partners(Path("HR"), [Path("HR/a.png")], Path("LR"), [Path("LR/ax2.png")], 4).findings
    assert found[0].said == "nothing of its name in LR; all of these end in x2, and the scale is 4"


@pytest.mark.parametrize("scale", [2, 4])
def test_nothing_is_said_of_bicubic(photo: np.ndarray, scale: int) -> None:
    assert compare(reduced(photo, scale), photo, scale) == []
    assert compare(resized(photo, scale, Image.Resampling.BICUBIC), photo, scale) == []
    assert compare(reduced(photo[..., :1], scale), photo[..., :1], scale) == []


def test_a_rest_of_hr_is_left_out(photo: np.ndarray) -> None:
    assert compare(reduced(photo[:188, :220], 4), photo[:191, :223], 4) == []


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize(
    ("kernel", "name"),
    [
        (Image.Resampling.BILINEAR, "bilinear"),
        (Image.Resampling.BOX, "area"),
        (Image.Resampling.LANCZOS, "Lanczos"),
        (Image.Resampling.HAMMING, "Hamming"),
        (Image.Resampling.NEAREST, "nearest neighbour (the middle"),
    ],
)
def test_kernels_are_named(photo: np.ndarray, scale: int, kernel: Image.Resampling, name: str) -> None:
    found = only(compare(resized(photo, scale, kernel), photo, scale), "kernel")
    assert f"nearest to {name}" in found.said and found.severity == "warning"


def test_the_first_pixel_of_each_block(photo: np.ndarray) -> None:
    assert "the first pixel" in only(compare(photo[::4, ::4], photo, 4), "kernel").said


def test_blur_before_bicubic(photo: np.ndarray) -> None:
    soft = np.asarray(Image.fromarray(photo).filter(ImageFilter.GaussianBlur(2)))
    found = only(compare(reduced(soft, 4), photo, 4), "kernel")
    assert "Gaussian blur of 2 pixels, then bicubic" in found.said


def test_blur_and_every_third_pixel(photo: np.ndarray) -> None:
    """BD, as papers at x3 have it: a Gaussian of 1.6."""
    soft = np.asarray(Image.fromarray(photo[:192, :222]).filter(ImageFilter.GaussianBlur(1.6)))
    assert "Gaussian blur of 1.6 pixels" in only(compare(soft[1::3, 1::3], photo[:192, :222], 3), "kernel").said


@pytest.mark.parametrize(("down", "right"), [(1, 0), (0, -1), (-2, 3)])
def test_shifts_are_measured_and_told_where_to(photo: np.ndarray, down: int, right: int) -> None:
    (found,) = compare(moved(photo, 4, down, right), photo, 4)
    assert found.kind == "shift" and found.severity == "warning"
    measured = re.match(r"by ([\d.]+) (down|up) and ([\d.]+) (right|left)", found.said)
    assert measured is not None
    signs = {"down": 1, "up": -1, "right": 1, "left": -1}
    assert float(measured[1]) * signs[measured[2]] == pytest.approx(down / 4, abs=0.05)
    assert float(measured[3]) * signs[measured[4]] == pytest.approx(right / 4, abs=0.05)


def test_far_shifts_stop_training(photo: np.ndarray) -> None:
    (found, *_) = compare(moved(photo, 4, 8, -12), photo, 4)
    assert (found.kind, found.severity) == ("shift", "error")
    assert found.value == pytest.approx(np.hypot(2, 3), abs=0.06)


@pytest.mark.parametrize(("down", "right"), [(0.0, 0.0), (3.0, -5.0), (0.25, 0.6)])
def test_find_shift_of_waves(down: float, right: float) -> None:
    rows, columns = np.mgrid[:96, :110].astype(float)
    random = np.random.default_rng(0)
    waves = [(*random.uniform(-0.8, 0.8, 2), random.uniform(0, 6)) for _ in range(40)]

    def at(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        return sum((np.cos(v * rows + u * columns + phase) for v, u, phase in waves), np.zeros_like(rows))

    assert find_shift(at(rows, columns), at(rows - down, columns - right)) == pytest.approx((down, right), abs=0.02)


def test_another_photo(photo: np.ndarray, another: np.ndarray) -> None:
    assert only(compare(reduced(another, 4), photo, 4), "mismatch").severity == "error"


@pytest.mark.parametrize(
    ("turn", "name"),
    [
        (lambda image: image[:, ::-1], "mirrored left to right"),
        (lambda image: image[::-1], "mirrored top to bottom"),
        (lambda image: image[::-1, ::-1], "turned by 180 degrees"),
    ],
)
def test_turned(photo: np.ndarray, turn: Callable[[np.ndarray], np.ndarray], name: str) -> None:
    found = only(compare(turn(reduced(photo, 4)), photo, 4), "turned")
    assert found.said == f"LR is {name}" and found.severity == "error"


def test_turned_by_a_quarter(photo: np.ndarray) -> None:
    square = photo[:, :192]
    assert only(compare(np.rot90(reduced(square, 4)), square, 4), "turned").said.endswith("turned by 270 degrees")


def test_channels_in_another_order(photo: np.ndarray) -> None:
    assert only(compare(reduced(photo, 4)[..., ::-1], photo, 4), "channels").said == "LR is BGR"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lr: lr * 0.9 + 10, "contrast is 0.90"),
        (lambda lr: lr + np.array((9, 0, -7)), "mean +9/+0/-7"),
        (lambda lr: 255 * (lr / 255) ** 1.2, "gamma of 1.2"),
    ],
)
def test_colours_and_brightness(photo: np.ndarray, change: Callable[[np.ndarray], np.ndarray], said: str) -> None:
    lr = np.round(change(reduced(photo, 4).astype(float))).clip(0, 255).astype(np.uint8)
    found = compare(lr, photo, 4)
    assert found[0].kind == "colour" and said in found[0].said


def test_real_pairs_are_only_noted(photo: np.ndarray) -> None:
    random = np.random.default_rng(0)
    lr = (reduced(photo, 4) + random.normal(0, 6, (48, 56, 3))).clip(0, 255).astype(np.uint8)
    assert only(compare(lr, photo, 4), "real_pair").severity == "note"


def test_kernels_agree_on_what_is_flat() -> None:
    flat = np.full((24, 36, 3), 77, np.uint8)
    for name, make in kernels(3).items():
        assert make(flat, 3) == pytest.approx(np.full((8, 12, 3), 77.0), abs=1e-4), name


def test_partners_are_those_that_training_finds(tmp_path: Path, photo: np.ndarray) -> None:
    hr, lr = tmp_path / "hr", tmp_path / "lr"
    names = {
        "a.png": "a.png",
        "b.png": "bx4.png",
        "c_HR.png": "c_LR.png",
        "in/d.png": "in/d_LRBI_x4.png",
        "e.bmp": "e.png",
    }
    for one, other in names.items():
        for path, image in ((hr / one, photo), (lr / other, reduced(photo, 4))):
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
    found = find_partners(hr, [hr / one for one in names], lr, [lr / one for one in names.values()], 4)
    assert list(found.findings) == []
    assert sorted(found.pairs) == sorted(pair_lr([hr], [lr], 4, "here"))


def test_who_has_no_partner_or_two() -> None:
    hr, lr = Path("hr"), Path("lr")
    found = find_partners(
        hr,
        [hr / "a.png", hr / "b.png", hr / "c.png"],
        lr,
        [lr / "ax2.png", lr / "bx2.png", lr / "b_x2.png", lr / "d.png"],
        2,
    )
    assert found.pairs == [(lr / "ax2.png", hr / "a.png")]
    said = {(one.kind, one.severity): one.files for one in found.findings}
    assert said == {
        ("ambiguous", "error"): (hr / "b.png", lr / "bx2.png", lr / "b_x2.png"),
        ("hr_alone", "error"): (hr / "c.png",),
        ("lr_alone", "warning"): (lr / "d.png",),
    }


def test_sizes() -> None:
    assert misfit((10, 20), (43, 81), 4) == ""
    assert "x3" in misfit((10, 20), (30, 60), 4) and "10x20" not in misfit((10, 20), (30, 60), 4)
    assert "turned by a quarter" in misfit((20, 10), (40, 80), 4)
    assert swapped([((40, 80), (10, 20)), ((44, 80), (11, 20)), ((10, 20), (40, 80))], 4)
    assert not swapped([((40, 80), (10, 20)), ((10, 20), (40, 80)), ((10, 20), (40, 80))], 4)
    assert not swapped([], 4)
