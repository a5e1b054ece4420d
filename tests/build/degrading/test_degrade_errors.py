"""`gansr degrade` spoils nobody's photos, and says what it will not do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gansr.build.degrading.degrade import Request, run
from gansr.data.degradations.looks.sharpen import unsharp_mask
from gansr.data.files.images import read_image, write_image
from gansr.errors import DataError, OptionsError, StorageError, UserError
from gansr.imaging.resize import reduce

Make = Callable[..., Any]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, size in enumerate([(24, 20), (32, 28)]):
        image = np.random.default_rng(number).integers(0, 256, (*size, 3), np.uint8)
        write_image(folder / f"{number}.png", image)
    return folder


def request(source: Path, output: Path, preset: str = "bicubic", grid: str | None = None, **more: Any) -> Request:
    return Request(source, output, preset, more.get("scale", 2), grid, seed=0)


def test_photos_are_never_overwritten(photos: Path) -> None:
    before = {file: file.read_bytes() for file in photos.iterdir()}
    with pytest.raises(UserError, match=r"0\.png is an input and would be overwritten"):
        run(request(photos, photos))
    with pytest.raises(OptionsError, match=r"0\.png is the photo itself"):
        run(request(photos / "0.png", photos / "0.png", grid="2x2"))
    assert {file: file.read_bytes() for file in photos.iterdir()} == before


def test_a_set_inside_of_its_photos_is_not_degraded_again(photos: Path) -> None:
    for _ in range(2):
        written = run(request(photos, photos / "LR"))
        assert [file.relative_to(photos).as_posix() for file in written] == ["LR/0.png", "LR/1.png", "LR/manifest.json"]


def test_two_photos_of_one_name(photos: Path, tmp_path: Path) -> None:
    write_image(photos / "0.jpg", read_image(photos / "0.png"))
    with pytest.raises(UserError, match=r"0\.jpg and .*0\.png would both be written to .*0\.png"):
        run(request(photos, tmp_path / "LR"))
    assert not (tmp_path / "LR").exists()


def test_one_photo_under_a_name(photos: Path, tmp_path: Path) -> None:
    assert run(request(photos / "0.png", tmp_path / "small.png")) == [tmp_path / "small.png", tmp_path / "small.json"]
    assert list(json.loads((tmp_path / "small.json").read_text())["images"]) == ["small.png"]


def test_sharpened_as_in_training(photos: Path, tmp_path: Path, tree: Make) -> None:
    options = tree(scale=2, data__train__degradation="bicubic", data__train__margin=8, data__train__sharpen=True)
    (tmp_path / "run.yml").write_text(json.dumps(options))
    run(request(photos, tmp_path / "LR", str(tmp_path / "run.yml"), scale=None))
    photo = torch.tensor(read_image(photos / "1.png")).permute(2, 0, 1)[None].float() / 255
    expected = reduce(unsharp_mask(photo), 2).clamp(0, 1) * 255
    found = torch.tensor(read_image(tmp_path / "LR" / "1.png")).permute(2, 0, 1)[None].float()
    assert (found - expected).abs().max() < 0.51
    assert json.loads((tmp_path / "LR" / "manifest.json").read_text())["sharpen"] is True


def test_what_cannot_be(photos: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "tiny.png", np.zeros((3, 9, 3), np.uint8))
    for grid in (None, "1x1"):
        with pytest.raises(DataError, match=r"tiny\.png: 9x3 pixels are too few for scale 4"):
            run(request(tmp_path / "tiny.png", tmp_path / "out.png", grid=grid, scale=4))
    with pytest.raises(OptionsError, match=r"--scale 5: expected 1, 2, 3, 4, 8\."):
        run(request(photos, tmp_path / "LR", scale=5))
    with pytest.raises(OptionsError, match=r"--preset: there is no preset 'bsrgn'\. Did you mean 'bsrgan'"):
        run(request(photos, tmp_path / "LR", "bsrgn"))
    with pytest.raises(UserError, match=r"cannot write '\.xyz' images"):
        run(request(photos / "0.png", tmp_path / "sheet.xyz", grid="1x1"))
    assert not (tmp_path / "sheet.json").exists()
    with pytest.raises(StorageError):
        run(request(photos / "0.png", Path("/proc/sheet.png"), grid="1x1"))
