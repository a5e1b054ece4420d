"""Images are found wherever archives of a set have them, and what is missing is said."""

from pathlib import Path, PurePosixPath

import pytest
from PIL import Image

from gansr.data.catalogue import CATALOGUE
from gansr.data.catalogue.layout import Found, check_sides, find, images_below, is_image
from gansr.data.catalogue.record import DataSet, Part, numbers
from gansr.errors import DataError


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def found_in(folder: Path, name: str, *parts: str) -> Found:
    return find(CATALOGUE[name], images_below([folder]), parts)


def names(found: Found, part: str, folder: str = "HR") -> list[str]:
    return sorted(map(str, found.parts[part][folder]))


BABIES = ("baby", "bird", "butterfly", "head", "woman")


@pytest.mark.parametrize(
    "layout",
    [
        "{}.png",
        "Set5/{}.bmp",
        "Set5_HR/{}.png",
        "benchmark/Set5/HR/{}.png",
        "Set5/GTmod12/{}.png",
        "deep/within/Set5/original/HR/{}.PNG",
    ],
)
def test_set5_however_it_is_packed(tmp_path, layout):
    fill(tmp_path, *(layout.format(name) for name in BABIES), "__MACOSX/._baby.png", ".hidden/x.png", "read.txt")
    found = found_in(tmp_path, "set5")
    assert found.faults == () and [PurePosixPath(name).stem for name in names(found, "test")] == list(BABIES)


def test_lr_and_other_sets_beside_it_are_left_out(tmp_path):
    fill(tmp_path, *(f"benchmark/Set5/HR/{name}.png" for name in BABIES))
    fill(tmp_path, *(f"benchmark/Set5/LR_bicubic/X2/{name}x2.png" for name in BABIES))
    fill(tmp_path, *(f"benchmark/B100/HR/{number}.png" for number in range(100)))
    assert names(found_in(tmp_path, "set5"), "test") == [f"{name}.png" for name in BABIES]
    assert len(names(found_in(tmp_path, "bsd100"), "test")) == 100


def test_a_folder_with_other_numbers_is_passed_over(tmp_path):
    fill(tmp_path, *(f"Set5/HR/{name}.png" for name in BABIES[:3]), *(f"Set5/GTmod12/{name}.bmp" for name in BABIES))
    assert names(found_in(tmp_path, "set5"), "test") == [f"{name}.bmp" for name in BABIES]


def test_bsd100_is_val_of_bsds500_and_test_of_bsds300(tmp_path):
    for part, count in (("train", 200), ("val", 100), ("test", 200)):
        fill(tmp_path / "500", *(f"BSDS500-master/BSDS500/data/images/{part}/{part}{n}.jpg" for n in range(count)))
    for part, count in (("train", 200), ("test", 100)):
        fill(tmp_path / "300", *(f"BSDS300/images/{part}/{part}{n}.jpg" for n in range(count)))
    assert "val0.jpg" in names(found_in(tmp_path / "500", "bsd100"), "test")
    assert "test0.jpg" in names(found_in(tmp_path / "300", "bsd100"), "test")
    for folder, name, parts in ((tmp_path / "500", "bsds500", 3), (tmp_path / "300", "bsds300", 2)):
        found = found_in(folder, name)
        assert found.faults == () and len(found.parts) == parts


def test_what_is_missing_is_named(tmp_path):
    fill(tmp_path, *(f"DIV2K_valid_HR/{name}.png" for name in numbers(801, 900, 4) if name not in ("0803", "0900")))
    found = found_in(tmp_path, "div2k", "valid")
    assert found.faults == ("valid: 98 images of 100; missing are 0803, 0900",)
    (both, one) = found_in(tmp_path, "div2k").faults
    assert both == "train: 0 images of 800; of the 98 images there, none lies where those of DIV2K do" and one
    fill(tmp_path, "DIV2K_valid_HR/0803.png", "DIV2K_valid_HR/0900.png", "DIV2K_valid_HR/extra.png")
    assert found_in(tmp_path, "div2k", "valid").faults == ("valid: 101 images of 100",)


def test_names_of_many_that_are_missing_are_few(tmp_path):
    fill(tmp_path, "DIV2K_valid_HR/0850.png")
    assert found_in(tmp_path, "div2k", "valid").faults == (
        "valid: 1 images of 100; missing are 0801, 0802, 0803 and 96 more",
    )


def test_pictures_that_are_not_of_the_set_are_left_out(tmp_path):
    fill(tmp_path, *(f"RealSRSet+5images/{stem}.png" for stem in (*CATALOGUE["realsrset"].parts[0].stems, "extra")))
    found = found_in(tmp_path, "realsrset")
    assert found.faults == () and "extra.png" not in names(found, "test", "LR") and "HR" not in found.parts["test"]


def test_pairs_that_were_photographed(tmp_path):
    for camera in ("Canon", "Nikon"):
        for part in ("Train", "Test"):
            for scale in (2, 3, 4):
                place = f"RealSR(V3)/{camera}/{part}/{scale}/{camera}_001"
                fill(tmp_path, f"{place}_HR.png", f"{place}_LR{scale}.png")
    found = found_in(tmp_path, "realsr")
    assert found.faults == () and len(found.parts) == 6
    assert names(found, "train_x4") == ["Canon_001_HR.png", "Nikon_001_HR.png"]
    assert names(found, "train_x4", "LRx4") == ["Canon_001_LR4.png", "Nikon_001_LR4.png"]
    (tmp_path / "RealSR(V3)/Nikon/Test/3/Nikon_001_LR3.png").unlink()
    assert found_in(tmp_path, "realsr").faults == ("test_x3: 1 LR for 2 HR",)


def test_names_that_are_alike_keep_their_folders(tmp_path):
    record = DataSet("x", "X", (Part("train", 3),), *("?",) * 6)
    fill(tmp_path, "top/sky/1.png", "top/water/1.png", "top/water/2.png")
    found = find(record, images_below([tmp_path]))
    assert names(found, "train") == ["sky/1.png", "water/1.png", "water/2.png"]
    assert names(find(record, images_below([tmp_path / "top/sky", tmp_path / "top/water"])), "train") == [
        "sky/1.png",
        "water/1.png",
        "water/2.png",
    ]


def test_folders_of_one_name_hide_no_files(tmp_path):
    fill(tmp_path / "one/HR", "1.png")
    fill(tmp_path / "two/HR", "1.png")
    assert len(images_below([tmp_path / "one/HR", tmp_path / "two/HR"])) == 2


def test_sizes_are_looked_at(tmp_path):
    record = DataSet("x", "X", (Part("test", 2, sides=(40, 60)),), *("?",) * 6)
    for name, size in (("a", (48, 40)), ("b", (60, 29))):  # cut to a multiple of 12, it may be a little smaller
        Image.new("RGB", size).save(tmp_path / f"{name}.png")
    found = find(record, images_below([tmp_path]))
    check_sides(record, found)
    Image.new("RGB", (60, 27)).save(tmp_path / "b.png")
    with pytest.raises(DataError, match=r"X, test: b.png is 60x27 .* sides of 40 to 60 pixels"):
        check_sides(record, found)
    Image.new("RGB", (61, 50)).save(tmp_path / "b.png")
    with pytest.raises(DataError, match=r"b.png is 61x50"):
        check_sides(record, found)


@pytest.mark.parametrize(
    ("name", "yes"),
    [("a/b.PNG", True), ("b.jpeg", True), ("b.txt", False), ("__MACOSX/b.png", False), ("a/._b.png", False)],
)
def test_what_is_an_image(name, yes):
    assert is_image(name) == yes
