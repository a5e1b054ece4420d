import os

import numpy as np
import pytest
from PIL import Image

from gansr.data.files.folders import check_sizes, find_images, of_other_scale, pair_lr
from gansr.errors import DataError


def save(file, width=8, height=8):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((height, width, 3), dtype=np.uint8)).save(file)
    return file


def test_images_are_found_in_order(tmp_path):
    for name in ["b.PNG", "a/z.jpg", "a.png", ".hidden.png", ".cache/c.png", "a/b/c.tiff"]:
        save(tmp_path / "one" / name)
    (tmp_path / "one" / "notes.txt").write_text("no image")
    save(tmp_path / "two" / "a.png")
    folders = [tmp_path / "two", tmp_path / "one"]
    found = [file.relative_to(tmp_path).as_posix() for file in find_images(folders, "data.train.hr")]
    assert found == ["two/a.png", "one/a.png", "one/a/b/c.tiff", "one/a/z.jpg", "one/b.PNG"]


def test_links_are_followed_once(tmp_path):
    save(tmp_path / "elsewhere" / "a.png")
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(folder)
    assert find_images([folder], "x") == [folder / "linked" / "a.png"]


def test_folders_that_may_not_be_read_are_not_left_out(tmp_path, monkeypatch):
    save(tmp_path / "HR" / "a.png")
    (tmp_path / "HR" / "locked").mkdir()

    def scandir(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    real = os.scandir
    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(DataError, match=r"^data.train.hr: .*HR/locked cannot be read: Permission denied\.$"):
        find_images([tmp_path / "HR"], "data.train.hr")


def test_missing_folder_names_the_nearest(tmp_path):
    (tmp_path / "DIV2K" / "HR").mkdir(parents=True)
    with pytest.raises(DataError, match=r"^data.train.hr: there is no folder .*Div2k/HR. Did you mean .*/DIV2K\?$"):
        find_images([tmp_path / "Div2k" / "HR"], "data.train.hr")
    with pytest.raises(
        DataError, match=r"there is no folder .*\*.png. Patterns are given beside a folder, .* include:"
    ):
        find_images([tmp_path / "*.png"], "data.train.hr")
    with pytest.raises(DataError, match="has no 'weather'"):
        find_images([tmp_path / "weather"], "data.train.hr")


def test_file_or_empty_folder(tmp_path):
    file = save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a.png is a file; expected a folder of images"):
        find_images([file], "data.train.hr")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no images in .*empty; expected files that end in .*\.png"):
        find_images([tmp_path / "empty"], "data.train.hr")


@pytest.mark.parametrize(
    "hr, lr",
    [
        ("baby.png", "baby.jpg"),
        ("baby.png", "babyx4.png"),
        ("baby.png", "baby_X4.png"),
        ("baby.png", "baby_LRBI_x4.png"),
        ("0001.png", "0001x4w2.png"),
        ("sub/0001.png", "sub/0001x4.png"),
        ("img_001_SRF_4_HR.png", "img_001_SRF_4_LR.png"),
        ("Canon_001_HR.png", "Canon_001_LR4.png"),
    ],
)
def test_lr_is_found_by_name(tmp_path, hr, lr):
    expected = save(tmp_path / "LR" / lr, 2, 2), save(tmp_path / "HR" / hr)
    save(tmp_path / "LR" / "other.png")  # an LR too many does no harm
    assert pair_lr([tmp_path / "HR"], [tmp_path / "LR"], 4, "data.train") == [expected]


def test_exact_names_come_first(tmp_path):
    for name in ("photo.png", "photo_bi.png", "photo_x4.png"):
        save(tmp_path / "HR" / name)
        save(tmp_path / "LR" / name, 2, 2)
    pairs = pair_lr([tmp_path / "HR"], [tmp_path / "LR"], 4, "data.train")
    assert len(pairs) == 3
    assert all(lr.name == hr.name for lr, hr in pairs)


def test_two_candidates_are_refused(tmp_path):
    save(tmp_path / "HR" / "a.png")
    for name in ("ax4.png", "a_x4.png"):
        save(tmp_path / "LR" / name, 2, 2)
    with pytest.raises(DataError, match=r"data.train.lr: both .*a_x4.png and .*ax4.png could be the LR of .*a.png"):
        pair_lr([tmp_path / "HR"], [tmp_path / "LR"], 4, "data.train")


def test_hr_without_lr(tmp_path):
    for name in "abcde":
        save(tmp_path / "HR" / f"{name}.png")
    save(tmp_path / "LR" / "ax4.png", 2, 2)
    with pytest.raises(DataError, match=r"no LR for 4 of 5 HR images: .*b.png, .*c.png, .*d.png, \.\.\..* or _LR\."):
        pair_lr([tmp_path / "HR"], [tmp_path / "LR"], 4, "data.train")


def test_lr_of_another_scale_by_its_names(tmp_path):
    save(tmp_path / "HR" / "a.png")
    save(tmp_path / "LR" / "ax2.png", 4, 4)
    with pytest.raises(DataError, match=r"_LR; all of these end in x2, and the scale is 4\."):
        pair_lr([tmp_path / "HR"], [tmp_path / "LR"], 4, "data.train")
    for others in (["ax4.png"], ["a.png"], ["ax2.png", "a.png"], []):
        assert of_other_scale(others, 4) == ""
    assert of_other_scale(["a_X3.PNG", "bx3d.jpg"], 4) == "; all of these end in x3, and the scale is 4"


def test_sizes_must_agree(tmp_path):
    save(tmp_path / "HR" / "a.png", width=11, height=8)  # 3 columns more than 4 * 2: dropped later
    save(tmp_path / "LR" / "a.png", width=2, height=2)
    folders = [tmp_path / "HR"], [tmp_path / "LR"]
    assert len(pair_lr(*folders, 4, "data.train")) == 1
    with pytest.raises(DataError, match=r"a.png is 2x2 and .*a.png is 11x8 .* Expected an LR of 5x4 at x2"):
        pair_lr(*folders, 2, "data.train")


@pytest.mark.parametrize("side", ["hr", "lr"])
def test_floating_point_is_found_at_once(tmp_path, side):
    for name in ("hr", "lr"):
        (tmp_path / name).mkdir()
        save(tmp_path / name / "a.png")
        Image.fromarray(np.zeros((8, 8), np.float32 if name == side else np.uint8)).save(tmp_path / name / "b.tif")
    with pytest.raises(DataError, match=rf"^data.train.{side}: 1 of 2 images have floating-point pixels: .*b.tif"):
        pair_lr([tmp_path / "hr"], [tmp_path / "lr"], 1, "data.train")


def test_as_many_folders(tmp_path):
    with pytest.raises(DataError, match=r"data.train.lr has 1 folders and data.train.hr has 2"):
        pair_lr([tmp_path, tmp_path], [tmp_path], 4, "data.train")


def test_small_images_are_named(tmp_path):
    files = [save(tmp_path / f"{side}.png", width=side, height=30) for side in (32, 31, 20, 24, 25)]
    check_sizes(files, 20, "data.train.hr")
    with pytest.raises(DataError) as caught:
        check_sizes(files, 26, "data.train.hr")
    message = str(caught.value)
    assert message.startswith("data.train.hr: 3 of 5 images are smaller than the crop of 26x26 pixels")
    assert f"{os.sep}20.png (20x30)" in message and "Set crop to 20 or less" in message
