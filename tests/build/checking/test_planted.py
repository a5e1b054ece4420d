"""Every kind of fault, planted in one folder each of HR, LR and test images: `gansr data check` finds them all."""

import importlib.util
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms, ImageFilter
from rich.console import Console

from gansr.build.checking.outcome import Outcome
from gansr.build.checking.run import Request, check, tell
from gansr.data.check.findings import KINDS
from gansr.imaging.resize import reduce_uint8

FAKES = Path(__file__).parents[2] / "data" / "check" / "conftest.py"
SCALE = 2
Gansr = Callable[..., Any]


def _leaves() -> Callable[..., np.ndarray]:
    spec = importlib.util.spec_from_file_location("leaves", FAKES)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.leaves


leaves = _leaves()
SEEDS: Iterator[int] = iter(range(100, 1000))


def fresh(height: int = 128, width: int = 144) -> np.ndarray:
    return leaves(next(SEEDS), height, width, 250)


def reduced(image: np.ndarray) -> np.ndarray:
    return reduce_uint8(torch.from_numpy(image.copy()).permute(2, 0, 1)[None], SCALE)[0].permute(1, 2, 0).numpy()


def picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image.squeeze())


class Planter:
    """Writes HR and LR; whatever is asked for otherwise is the fault."""

    def __init__(self, root: Path):
        self.root = root
        for name in ("hr", "lr", "test"):
            (root / name).mkdir()

    def pair(self, name: str, hr: np.ndarray, lr: np.ndarray | None = None) -> None:
        picture(hr).save(self.root / "hr" / name)
        picture(reduced(hr) if lr is None else np.ascontiguousarray(lr)).save(self.root / "lr" / name)

    def hr(self, name: str) -> Path:
        """A good pair, whose HR is written anew by the caller."""
        path = self.root / "hr" / name
        image = fresh()
        picture(image).save(path)
        picture(reduced(image)).save((self.root / "lr" / name).with_suffix(".png"))
        return path


def plant(root: Path) -> None:
    here = Planter(root)
    _plant_files(here)
    _plant_pixels(here)
    _plant_pairs(here)
    _plant_copies(here)
    for number in range(8):  # the others are good, and most
        here.pair(f"good{number}.png", fresh())


def _plant_files(here: Planter) -> None:
    here.hr("empty.png").write_bytes(b"")
    for name, change in {
        "truncated.png": lambda coded: coded[: len(coded) // 2],
        "corrupt.png": lambda coded: coded[: len(coded) // 2] + b"nonsense" * 8 + coded[len(coded) // 2 + 64 :],
        "not_image.png": lambda coded: b"<html>404</html>",
    }.items():
        file = here.hr(name)
        file.write_bytes(change(file.read_bytes()))
    file = here.hr("broken_link.png")
    file.unlink()
    file.symlink_to("nowhere.png")
    here.hr("wrong_extension.png").rename(here.root / "hr" / "wrong_extension.jpg")
    file = here.hr("same_stem.png")
    Image.open(file).save(file.with_suffix(".bmp"))
    for name in ("case.png", "CASE.png"):
        here.hr(name)
    here.hr("odd_name?.png")
    (here.root / "hr" / "other_files.npy").write_bytes(b"\x93NUMPY")
    image = Image.open(here.hr("animation.gif")).convert("RGB")
    image.save(here.root / "hr" / "animation.gif", save_all=True, append_images=[image.rotate(90)])
    turned = Image.Exif()
    turned[0x0112] = 3
    file = here.hr("orientation.png")
    Image.open(file).rotate(180).save(file, exif=turned)
    file = here.hr("profile.png")
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    Image.open(file).save(file, icc_profile=lab)


def _plant_pixels(here: Planter) -> None:
    image = fresh()[..., :1]
    Image.fromarray(image[..., 0].astype(np.uint16) * 257).save(here.root / "hr" / "sixteen_bits.png")
    picture(reduced(image)).save(here.root / "lr" / "sixteen_bits.png")
    here.pair("grey.png", np.repeat(fresh()[..., :1], 3, 2))
    file = here.hr("palette.png")
    Image.open(file).quantize(128).save(file)
    file = here.hr("cmyk.tif")
    Image.open(file).convert("CMYK").save(file)
    file = here.hr("transparent.png")
    whole = Image.open(file).convert("RGBA")
    whole.putalpha(99)
    whole.save(file)
    Image.fromarray(np.zeros((128, 144), np.float32)).save(here.root / "hr" / "unsupported.tif")
    here.pair("unsupported.png", fresh())
    (here.root / "hr" / "unsupported.png").unlink()
    here.pair("too_small.png", fresh(64, 64))
    here.pair("blank.png", np.full((128, 144, 3), 201, np.uint8))
    here.pair("low_detail.png", np.asarray(picture(fresh()).filter(ImageFilter.GaussianBlur(2))))
    here.pair("enlarged.png", np.asarray(picture(fresh()).resize((288, 256), Image.Resampling.LANCZOS)))
    stream = io.BytesIO()
    picture(fresh()).save(stream, "JPEG", quality=50)
    here.pair("compressed.png", np.asarray(Image.open(stream)))
    framed = fresh()
    framed[:10] = 0
    here.pair("frame.png", framed)
    here.pair("clipped.png", (fresh().astype(int) * 2 + 60).clip(0, 255).astype(np.uint8))
    here.pair("narrow.png", (fresh() // 8 + 90).astype(np.uint8))
    noise = np.random.default_rng(0).normal(0, 22, (128, 144, 3))
    here.pair("noisy.png", (fresh() + noise).clip(0, 255).astype(np.uint8))


def _plant_pairs(here: Planter) -> None:
    picture(fresh()).save(here.root / "hr" / "hr_alone.png")
    picture(fresh()).save(here.root / "lr" / "lr_alone.png")
    here.hr("ambiguous.png")
    (here.root / "lr" / "ambiguous.png").rename(here.root / "lr" / "ambiguousx2.png")
    picture(fresh()).save(here.root / "lr" / "ambiguous_x2.png")
    image = fresh()
    here.pair("pair_size.png", image, reduced(image)[:-1])
    here.pair("mismatch.png", image := fresh(), reduced(fresh()))
    here.pair("turned.png", image := fresh(), reduced(image)[:, ::-1])
    here.pair("channels.png", image := fresh(), reduced(image)[..., ::-1])
    here.pair("shift.png", image := fresh(), reduced(np.roll(image, 1, 0)))
    here.pair("colour.png", image := fresh(), (reduced(image) * 0.85).astype(np.uint8))
    here.pair("kernel.png", image := fresh(), image[::2, ::2])
    stream = io.BytesIO()
    picture(reduced(image := fresh())).save(stream, "JPEG", quality=50)
    here.pair("real_pair.png", image, np.asarray(Image.open(stream)))


def _plant_copies(here: Planter) -> None:
    here.pair("duplicate.png", image := fresh())
    here.pair("duplicate2.png", image)
    here.pair("near_duplicate.png", image := fresh())
    here.pair("near_duplicate2.png", image[4:-2, 2:-4])
    here.pair("leak.png", image := fresh())
    picture(image).resize((72, 64)).save(here.root / "test" / "known.png")
    picture(fresh()).save(here.root / "test" / "unknown.png")


LARGE = {"bomb", "huge", "no_permission", "swapped"}  # need large files, another user, or everything exchanged


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("planted")
    plant(root)
    return root


@pytest.fixture(scope="module")
def outcome(planted: Path) -> Outcome:
    return check(asked(planted), Console(file=io.StringIO()))


def asked(planted: Path, html: Path | None = None, json: Path | None = None) -> Request:
    return Request([planted / "hr"], [planted / "lr"], SCALE, [planted / "test"], 96, html, json)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in LARGE])
def test_the_fault_is_found_where_it_is(outcome: Outcome, kind: str) -> None:
    found = [one for one in outcome.findings if one.kind == kind and one.severity == KINDS[kind].severity]
    assert any(file.name.lower().startswith(kind) for one in found for file in one.files)


def test_nothing_is_said_of_the_others(outcome: Outcome) -> None:
    said = [one for one in outcome.findings if any(file.name.startswith("good") for file in one.files)]
    assert said == []


def test_kinds_that_no_other_fault_brings_along(outcome: Outcome) -> None:
    """A check that cried at everything would pass the test above; these cry once."""
    of_hr = [one for one in outcome.findings if any(file.parent.name == "hr" for file in one.files)]
    lonely = ["blank", "enlarged", "low_detail", "frame", "turned", "channels", "mismatch", "shift", "colour", "leak"]
    for kind in lonely:
        files = [[file.name for file in one.files] for one in of_hr if one.kind == kind]
        assert [names[0] for names in files] == [f"{kind}.png"]


def test_a_leak_names_both(outcome: Outcome) -> None:
    (found,) = [one for one in outcome.findings if one.kind == "leak"]
    assert [file.name for file in found.files] == ["leak.png", "known.png"]
    assert found.severity == "error"


def test_statistics(outcome: Outcome, planted: Path) -> None:
    hr = outcome.statistics["hr"]
    assert outcome.files["hr"] == len([file for file in (planted / "hr").iterdir() if file.suffix != ".npy"])
    assert hr.images == outcome.files["hr"] - 6  # empty, truncated, corrupt, not_image, broken_link, unsupported
    assert hr.formats["GIF"] == 1 and hr.sides[0] == (64, 64) and hr.sides[2] == (256, 288)
    assert sum(hr.channels.values()) == hr.images and hr.channels[1] == 1


def test_what_is_printed_and_written(planted: Path, outcome: Outcome, tmp_path: Path) -> None:
    html, file, out = tmp_path / "page.html", tmp_path / "found.json", io.StringIO()
    tell(outcome, asked(planted, html, file), Console(file=out, width=200))
    said = " ".join(out.getvalue().split())
    assert "Training may not start" in said and "test images in the training set" in said
    tree = json.loads(file.read_text())
    assert tree["may_start"] is False and tree["statistics"]["hr"]["images"] > 20
    assert {one["kind"] for one in tree["findings"]} == set(KINDS) - LARGE
    text = html.read_text()
    assert text.count("data:image/jpeg;base64,") > 50 and "LR shifted against HR" in text
    assert 'src="http' not in text and "odd_name?.png" in text and "<script>alert" not in text


def test_one_error_ends_with_1(gansr: Gansr, tmp_path: Path) -> None:
    (tmp_path / "hr").mkdir()
    picture(fresh()).save(tmp_path / "hr" / "fine.png")
    (tmp_path / "hr" / "none.png").touch()
    said = gansr("data", "check", tmp_path / "hr")
    assert said.code == 1 and "files of 0 bytes" in said.out and "Training may not start" in said.out


def test_names_that_are_no_utf8(gansr: Gansr, tmp_path: Path) -> None:
    (tmp_path / "hr").mkdir()
    try:
        picture(fresh()).save(tmp_path / "hr" / os.fsdecode(b"odd\xff.png"))
    except OSError:
        pytest.skip("this file system takes no such names")
    said = gansr("data", "check", tmp_path / "hr", "--html", tmp_path / "a.html", "--json", tmp_path / "a.json")
    assert said.code == 0 and "not in UTF-8" in said.out
    assert "hr/odd?.png" in (tmp_path / "a.html").read_text() and "odd" in (tmp_path / "a.json").read_text()


def test_good_folders_end_with_0(gansr: Gansr, tmp_path: Path) -> None:
    for number in range(3):
        image = fresh()
        for folder, pixels in (("hr", image), ("lr", reduced(image))):
            (tmp_path / folder).mkdir(exist_ok=True)
            picture(pixels).save(tmp_path / folder / f"{number}.png")
    said = gansr("data", "check", tmp_path / "hr", "--lr", tmp_path / "lr", "--scale", 2)
    assert (
        said.code == 0 and "Training may start: 0 kinds of errors, 0 kinds of warnings, 0 kinds of notes." in said.out
    )
    exchanged = gansr("data", "check", tmp_path / "lr", "--lr", tmp_path / "hr", "--scale", 2, "--crop", 64)
    assert exchanged.code == 1 and "in each other's place" in " ".join(exchanged.out.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{missing}"], "there is no folder"),
        (["{hr}", "--lr", "{missing}"], "there is no folder"),
        (["{hr}", "{hr}", "--lr", "{hr}"], "one --lr for each"),
        (["{hr}", "--html", "page.txt"], "expected a file that ends in .html"),
        (["{hr}", "--json", "page.html"], "expected a file that ends in .json"),
    ],
)
def test_mistakes_end_with_2(planted: Path, gansr: Gansr, tmp_path: Path, arguments: list[str], said: str) -> None:
    places = {"missing": tmp_path / "missing", "hr": planted / "hr"}
    result = gansr("data", "check", *(one.format(**places) for one in arguments))
    assert result.code == 2 and said in " ".join(result.err.split())
