"""Files: what can be said of each before and while it is decoded."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from gansr.data.check.files.decoding import decode
from gansr.data.check.files.names import odd_names, other_files
from gansr.data.check.files.opening import header
from gansr.data.check.files.tears import TORN, torn
from gansr.data.check.findings import KINDS, SEVERITIES, Finding, ordered
from gansr.data.check.look import look_at
from gansr.data.check.pixels.quality import FINE_QUALITY
from gansr.data.files.images import EXTENSIONS

Save = Callable[..., Path]


def found_in(file: Path) -> list[Finding]:
    about, findings = header(file)
    return findings + (decode(file, about)[1] if about else [])


def kinds(file: Path) -> list[str]:
    return [one.kind for one in found_in(file)]


def spoilt(file: Path, at: float, count: int = 64) -> Path:
    coded = bytearray(file.read_bytes())
    start = int(len(coded) * at)
    coded[start : start + count] = np.random.default_rng(0).integers(0, 256, count, dtype=np.uint8).tobytes()
    file.write_bytes(coded)
    return file


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp", "a.tif", "a.gif", "a.ppm"])
def test_nothing_is_said_of_good_files(photo: np.ndarray, saved: Save, name: str) -> None:
    expected = ["palette"] if name == "a.gif" else []
    assert kinds(saved(name, photo)) == expected


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.bmp", "a.webp", "a.tif"])
@pytest.mark.parametrize("left", [0.3, 0.9])
def test_truncated(photo: np.ndarray, saved: Save, name: str, left: float) -> None:
    file = saved(name, photo)
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * left)])
    (found,) = found_in(file)
    assert found.severity == "error" and found.kind in ("truncated", "corrupt", "not_image")
    assert found.files == (file,)


@pytest.mark.parametrize("name", ["a.png", "a.gif"])
def test_wrong_bytes_in_the_middle(photo: np.ndarray, saved: Save, name: str) -> None:
    *_, found = found_in(spoilt(saved(name, photo), 0.5))
    assert (found.kind, found.severity) == ("corrupt", "error")


def test_a_png_with_a_wrong_checksum(photo: np.ndarray, saved: Save) -> None:
    """The pixels decode, and are not those that were written, or are: nobody can tell."""
    file = saved("a.png", photo)
    coded = bytearray(file.read_bytes())
    place = coded.rindex(b"IEND") - 6  # within the checksum of the last chunk of pixels
    coded[place] ^= 0xFF
    file.write_bytes(coded)
    assert kinds(file) == ["corrupt"]


def test_wrong_bytes_in_a_jpeg_are_seen(photo: np.ndarray, saved: Save) -> None:
    """Decoders say nothing: in eight places of nine the image is torn enough to be told, or data run out."""
    told = [kinds(spoilt(saved(f"{place}.jpg", photo, quality=90), place / 10)) for place in range(1, 10)]
    assert sum("corrupt" in one for one in told) >= 8
    assert not any(set(one) - {"corrupt"} for one in told)


def test_a_photo_is_not_torn(photo: np.ndarray, another: np.ndarray) -> None:
    for image in (photo, another):
        assert torn(image)[0] < TORN / 2
    torn_one = photo.copy()
    torn_one[96:] = np.clip(torn_one[96:].astype(int) + 60, 0, 255)
    share, row = torn(torn_one)
    assert share > TORN and abs(row - 96) <= 16


def test_the_edge_of_a_black_frame_is_no_tear(photo: np.ndarray) -> None:
    framed = photo.copy()
    framed[:16] = 0
    assert torn(framed)[0] < TORN / 2


def test_data_that_end_early_leave_grey(photo: np.ndarray, saved: Save) -> None:
    file = saved("a.jpg", photo, quality=90)
    coded = file.read_bytes()
    start = coded.index(b"\xff\xda") + 1500
    file.write_bytes(coded[:start] + b"\xff\xd9")
    assert kinds(file) in (["corrupt"], ["truncated"])


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    assert kinds(tmp_path / "a.png") == ["empty"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html>not found</html>", "web page"),
        (b"PK\x03\x04" + b"\0" * 99, "zip"),
        (b"hello", "of no kind"),
        (b"\x89PNG\r\n\x1a\n", "begins as PNG"),
    ],
)
def test_no_image(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(content)
    (found,) = found_in(file)
    assert found.kind in ("not_image", "truncated", "corrupt") and found.severity == "error"
    if found.kind == "not_image":
        assert said in found.said


def test_links_that_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
    (found,) = found_in(tmp_path / "a.png")
    assert found.kind == "broken_link" and "gone.png" in found.said


def test_without_the_right_to_read(photo: np.ndarray, saved: Save) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    file = saved("a.png", photo)
    file.chmod(0)
    assert kinds(file) == ["no_permission"]


def test_errors_of_reading_have_kinds(tmp_path: Path) -> None:
    from gansr.data.check.files.opening import unreadable

    errors = {
        PermissionError(13, "Permission denied"): "no_permission",
        FileNotFoundError(2, "No such file"): "broken_link",
        OSError("image file is truncated (3 bytes not processed)"): "truncated",
        OSError("broken data stream when reading image file"): "corrupt",
    }
    assert [unreadable(tmp_path / "a.png", error).kind for error in errors] == list(errors.values())


def test_an_ending_that_lies(photo: np.ndarray, saved: Save) -> None:
    file = saved("a.png", photo)
    lying = file.rename(file.with_suffix(".jpg"))
    (found,) = found_in(lying)
    assert (found.kind, found.said, found.severity) == ("wrong_extension", "it is PNG", "note")


def test_large_and_too_large(photo: np.ndarray, saved: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved("a.png", photo)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", photo.shape[0] * photo.shape[1] - 1)
    with pytest.warns(Image.DecompressionBombWarning):
        (found,) = header(file)[1]
    assert (found.kind, found.severity) == ("huge", "warning")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", photo.shape[0] * photo.shape[1] // 2 - 1)
    assert kinds(file) == ["bomb"]


def test_animations(photo: np.ndarray, another: np.ndarray, tmp_path: Path) -> None:
    file = tmp_path / "a.gif"
    Image.fromarray(photo).save(file, save_all=True, append_images=[Image.fromarray(another)])
    assert "animation" in kinds(file)


def test_exif_orientation(photo: np.ndarray, saved: Save) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    upright = Image.Exif()
    upright[0x0112] = 1
    assert kinds(saved("a.jpg", photo, exif=turned.tobytes())) == ["orientation"]
    assert kinds(saved("b.jpg", photo, exif=upright.tobytes())) == []


def test_profiles(photo: np.ndarray, saved: Save) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert kinds(saved("a.png", photo, icc_profile=srgb)) == []
    assert kinds(saved("b.png", photo, icc_profile=lab)) == ["profile"]
    assert kinds(saved("c.png", photo, icc_profile=b"nonsense")) == ["profile"]


def test_sixteen_bits(photo: np.ndarray, saved: Save) -> None:
    (found,) = found_in(saved("a.png", photo[..., 0].astype(np.uint16) * 257))
    assert (found.kind, found.severity) == ("sixteen_bits", "note") and "grey" in found.said
    (found,) = found_in(saved("a.tif", photo[..., 0].astype(np.uint16) * 257))
    assert found.kind == "sixteen_bits"


def test_palettes_print_and_transparency(photo: np.ndarray, tmp_path: Path) -> None:
    picture = Image.fromarray(photo)
    picture.quantize(64).save(tmp_path / "p.png")
    picture.convert("CMYK").save(tmp_path / "c.jpg")
    opaque, half = picture.convert("RGBA"), picture.convert("RGBA")
    opaque.save(tmp_path / "o.png")
    half.putalpha(Image.fromarray((np.arange(192 * 224).reshape(192, 224) % 2 * 255).astype(np.uint8)))
    half.save(tmp_path / "a.png")
    assert kinds(tmp_path / "p.png") == ["palette"] and kinds(tmp_path / "c.jpg") == ["cmyk"]
    assert kinds(tmp_path / "o.png") == []
    (found,) = found_in(tmp_path / "a.png")
    assert (found.kind, found.said) == ("transparent", "50.0% of the pixels")


def test_floating_point_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.tif"
    Image.fromarray(np.zeros((20, 20), np.float32)).save(file)
    assert kinds(file) == ["unsupported"]


def test_names(tmp_path: Path) -> None:
    names = ["a.png", "A.png", "b.png", "b.jpg", "c .png", "d:e.png", "f\n.png", "in/b.png", "fine.png"]
    found = odd_names(tmp_path, [tmp_path / name for name in names])
    said = [(one.kind, [file.name for file in one.files]) for one in found]
    assert said == [
        ("odd_name", ["c .png"]),
        ("odd_name", ["d:e.png"]),
        ("odd_name", ["f\n.png"]),
        ("case", ["a.png", "A.png"]),
        ("same_stem", ["b.png", "b.jpg"]),
    ]


def test_other_files(tmp_path: Path) -> None:
    for name in ("a.png", "b.txt", "c.TXT", "README", ".hidden.txt"):
        (tmp_path / name).touch()
    (found,) = other_files(tmp_path)
    assert (found.kind, found.said, found.value) == ("other_files", "2 with .txt, 1 with no ending", 3.0)
    (tmp_path / "only").mkdir()
    assert other_files(tmp_path / "only") == []


def test_small_images(photo: np.ndarray, saved: Save) -> None:
    file = saved("a.png", photo)
    assert [one.kind for one in look_at(file, "hr", 193)[0].findings] == ["too_small"]
    assert look_at(file, "hr", 192)[0].findings == () == look_at(file, "test", 1)[0].findings


def test_facts(photo: np.ndarray, saved: Save) -> None:
    look, image = look_at(saved("a.png", photo), "hr", 64)
    assert look.facts is not None and image is not None and (image == photo).all()
    assert (look.facts.size, look.facts.channels, look.facts.grey) == ((192, 224), 3, False)
    assert look.facts.means == pytest.approx(photo[::2, ::2].mean((0, 1)))
    assert look.facts.header.bytes == look.file.stat().st_size


def test_a_jpeg_file_that_is_hr(photo: np.ndarray, saved: Save) -> None:
    found = look_at(saved("a.jpg", photo, quality=70), "hr", 64)[0].findings
    assert [(one.kind, one.value) for one in found] == [("compressed", 70.0)] and FINE_QUALITY > 70
    assert look_at(saved("b.jpg", photo, quality=70), "lr", 16)[0].findings == ()


def test_the_table_of_kinds() -> None:
    assert all(kind.advice.endswith(".") and not kind.title.endswith(".") for kind in KINDS.values())
    assert {kind.severity for kind in KINDS.values()} == set(SEVERITIES)
    found = [Finding("grey", (Path("b"),)), Finding("compressed", (), graver="note"), Finding("blank", (Path("a"),))]
    assert [one.kind for one in ordered([*found, Finding("empty", ())])] == ["empty", "blank", "grey", "compressed"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_guide_tells_of_every_kind(root: Path, kind: str) -> None:
    assert f"`{kind}`" in (root / "docs" / "data-check.md").read_text("utf-8")


def test_every_ending_that_is_read_is_known() -> None:
    from gansr.data.check.files.opening import FORMATS

    assert set(FORMATS) >= set(EXTENSIONS)
