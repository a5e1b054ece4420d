"""What a run says of its images."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gansr.data.files.roots import Root, find_roots
from gansr.data.files.said import refuse_unreadable, said_of_files, said_of_pairs, say_images
from gansr.errors import DataError

WHERE = "data.train.hr"


def save(file: Path, mode: str = "RGB", size: tuple[int, int] = (100, 100), **settings) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size).save(file, **settings)
    return file


def test_one_folder(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / f"{number}.png")
    assert say_images(find_roots([Root(tmp_path)], WHERE), WHERE) == ["data.train.hr: 3 images, 0.03 million pixels"]
    exif = Image.Exif()
    exif[0x0112] = 6
    save(tmp_path / "turned.jpg", exif=exif)
    for number in range(2):
        save(tmp_path / f"alpha{number}.png", "RGBA")
    assert say_images(find_roots([Root(tmp_path)], WHERE), WHERE) == [
        "data.train.hr: 6 images, 0.06 million pixels; 2 with transparency (dropped), 1 turned by EXIF (turned upright)"
    ]


def test_many_pixels(tmp_path: Path) -> None:
    file = save(tmp_path / "a.png", "1", (2000, 1000))
    assert said_of_files([file] * 54, "x").startswith("x: 54 images, 108 million pixels; 54 grey (repeated")


def test_several_roots(tmp_path: Path) -> None:
    for name in ("one/a.png", "one/b.png", "two/a.png", "two/b.png", "two/x.png", "two/y.png"):
        save(tmp_path / name)
    roots = [Root(tmp_path / "one", weight=3), Root(tmp_path / "two", exclude=("x*", "tmp/**")), Root(tmp_path / "one")]
    assert say_images(find_roots(roots, WHERE), WHERE) == [
        "data.train.hr: 7 images, 0.07 million pixels",
        f"  {tmp_path / 'one'}: 2 images, weight 3, 54.5% of samples",
        f"  {tmp_path / 'two'}: 3 images, without 1 that patterns leave out, 27.3% of samples",
        f"  {tmp_path / 'one'}: 2 images, 18.2% of samples",
        f"  watch out: no image of {tmp_path / 'two'} fits the pattern 'tmp/**'",
        f"  watch out: 2 images are found twice, and come twice as often: {tmp_path / 'one/a.png'}, ...",
    ]


def test_profiles_of_pairs(tmp_path: Path, profiles: dict[str, bytes]) -> None:
    wide = {"icc_profile": profiles["wide"]}
    hr, lr = save(tmp_path / "hr.png", **wide), save(tmp_path / "lr.png")
    same = (save(tmp_path / "lr2.png", **wide), hr)
    assert said_of_pairs([same, (lr, lr)], "data.train.lr") == []
    (line,) = said_of_pairs([same, (lr, hr)], "data.train.lr")
    assert line.startswith(f"data.train.lr: watch out: 1 pairs have different colour profiles, such as {hr} and {lr}.")


def test_floating_point_is_refused_at_once(tmp_path: Path) -> None:
    fine = save(tmp_path / "a.png")
    Image.fromarray(np.zeros((3, 3), np.float32)).save(tmp_path / "b.tif")
    refuse_unreadable([fine], WHERE)
    with pytest.raises(DataError, match=r"^data.train.hr: 1 of 2 images have floating-point pixels: .*b.tif. Expected"):
        refuse_unreadable([fine, tmp_path / "b.tif"], WHERE)
